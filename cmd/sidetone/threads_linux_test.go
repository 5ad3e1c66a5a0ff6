package main

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestShortSlicesAreInheritedAndKeepTheNiceValue asks in a process of its own, since threads are never given their long slices back.
func TestShortSlicesAreInheritedAndKeepTheNiceValue(t *testing.T) {
	const child = "SIDETONE_TEST_SLICES"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if before.Runtime == 0 || before.Policy != unix.SCHED_NORMAL {
		t.Skip("a kernel before 6.12, or a scheduler of other threads than normal ones: there are no slices to set")
	}
	shortSlices()
	later := make(chan *unix.SchedAttr)
	go func() { // ends when its slice is told
		attr, _ := unix.SchedGetAttr(0, 0)
		later <- attr
	}()
	if attr := <-later; attr == nil || attr.Runtime != slice || attr.Nice != before.Nice {
		t.Errorf("%+v, before %+v", attr, before)
	}
}
