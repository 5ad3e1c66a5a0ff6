package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// slice is for how long a thread of ours runs before another that is ready may have its turn: the shortest that the kernel grants.
const slice = 100_000 // ns

// shortSlices asks the kernel to let the process's threads run often and not for long (sched_setattr(2); Linux 6.12, before it nothing
// changes). A thread that a packet wakes then takes the core from a program with longer ones at once; otherwise it waits until that
// program's has ended, and the kernel looks only every 4 ms where its tick is that long. Threads that are started later inherit it.
func shortSlices() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		attr, err := unix.SchedGetAttr(tid, 0)
		if err != nil || attr.Policy != unix.SCHED_NORMAL { // it has ended, or somebody has chosen for us
			continue
		}
		attr.Runtime = slice
		_ = unix.SchedSetAttr(tid, attr, 0) // what is refused stays as it was
	}
}
