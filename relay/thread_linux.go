package relay

import "golang.org/x/sys/unix"

// precedence is by how much a shard's nice value is less than that of the other threads.
const precedence = 10

// prefer gives the calling thread precedence over others, where the process may (CAP_SYS_NICE or RLIMIT_NICE), and
// returns what takes it back. Without it garbage collection and signalling, which may have much to do at a time, share the core with a
// shard by halves, and hold its packets up for as long as the kernel's clock ticks, 4 ms with most.
func prefer() (restore func()) {
	tid := unix.Gettid()
	kernel, err := unix.Getpriority(unix.PRIO_PROCESS, tid)
	if err != nil {
		return func() {}
	}
	nice := 20 - kernel // getpriority(2): the system call returns 1 to 40 for 19 to -20
	if unix.Setpriority(unix.PRIO_PROCESS, tid, nice-precedence) != nil {
		return func() {}
	}
	return func() { _ = unix.Setpriority(unix.PRIO_PROCESS, tid, nice) } // to have less is always allowed
}
