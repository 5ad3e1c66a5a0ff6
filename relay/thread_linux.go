package relay

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadSlice is how long the kernel lets a shard's thread run before others of its core have their turn. The least there is: a thread
// with a shorter slice than the one that is running gets the core when it wakes up (EEVDF, Linux 6.12), and not at that one's end, a
// timer tick of up to 4 ms later. Its share of the core stays what it was.
const threadSlice = 100 * time.Microsecond

// prompt asks the kernel to wake the calling thread promptly. It needs no privilege; where the kernel does not know how, nothing changes.
func prompt() {
	a, err := unix.SchedGetAttr(0, 0)
	if err != nil || a.Policy != unix.SCHED_NORMAL {
		return // somebody has given it another class: it is prompter already
	}
	a.Runtime = uint64(threadSlice)
	_ = unix.SchedSetAttr(0, a, 0)
}
