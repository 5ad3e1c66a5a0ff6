package relay

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPromptLeavesTheThreadItsClassAndShare: only the slice changes, and the kernel takes it.
func TestPromptLeavesTheThreadItsClassAndShare(t *testing.T) {
	done := make(chan struct{})
	go func() { // ends with its thread, so that no other test gets it; waited for
		defer close(done)
		runtime.LockOSThread()
		before, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Errorf("sched_getattr: %v", err)
			return
		}
		prompt()
		after, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Errorf("sched_getattr: %v", err)
			return
		}
		if after.Runtime != uint64(threadSlice) && after.Runtime != before.Runtime { // the second: a kernel before 6.12
			t.Errorf("the slice was %d ns and is %d", before.Runtime, after.Runtime)
		}
		after.Runtime = before.Runtime
		if *after != *before {
			t.Errorf("the thread's attributes were %+v and are %+v", *before, *after)
		}
	}()
	<-done
}
