package machine

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// CPUs returns the cores this process may run on.
func CPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("cores: %w", err)
	}
	var cpus []int
	for i := 0; i < 8*len(set)*8 && len(cpus) < set.Count(); i++ {
		if set.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	return cpus, nil
}

// PinProcess puts every thread of this process, and those they start, on some cores.
func PinProcess(cpus ...int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return fmt.Errorf("pin to cores %v: %w", cpus, err)
		}
	}
	return nil
}

// PinThread puts the calling thread, and the processes it starts, on some cores.
func PinThread(cpus ...int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin to cores %v: %w", cpus, err)
	}
	return nil
}

// Prefer gives the calling thread, and the processes it starts, precedence over others by its nice value (-20 to 19).
// It needs a privilege; without it nothing changes and the answer is false.
func Prefer(nice int) bool { return unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice) == nil }

// lowest is the nice value of least precedence.
const lowest = 19

// PreferSession does the same for the session of a process, where the kernel shares a core out among sessions first
// (sched(7), autogroup): there a nice value counts within its session only. It returns what was before.
func PreferSession(p Process, nice int) (before int) {
	file := fmt.Sprintf("/proc/%d/autogroup", int(p))
	if text, err := os.ReadFile(file); err == nil {
		// "/autogroup-18 nice 0"; where it cannot be read nothing needs to be set either.
		_, _ = fmt.Sscanf(strings.TrimSpace(string(text)), "/autogroup-%d nice %d", new(int), &before)
		_ = os.WriteFile(file, strconv.AppendInt(nil, int64(nice), 10), 0)
	}
	return before
}

// Yield leaves a process only the time on its core that nobody else wants (SCHED_IDLE, sched(7)).
func Yield(p Process) error {
	PreferSession(p, lowest)
	if err := unix.SchedSetAttr(int(p), &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return fmt.Errorf("give process %d idle time only: %w", p, err)
	}
	return nil
}

// OwnNetwork moves the calling thread, which must be locked, and what it starts into a network namespace that has
// nothing but a loopback, where sockets without a port are given one below LastEphemeral. It needs a privilege;
// without it nothing changes and the answer is false.
func OwnNetwork() bool {
	if unix.Unshare(unix.CLONE_NEWNET) != nil {
		return false
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return false
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo) == nil &&
		os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", fmt.Appendf(nil, "1024 %d\n", LastEphemeral), 0) == nil
}

// AllowFiles raises the number of files that this process and those it starts may have open to n, or as near as the
// system lets it.
func AllowFiles(n uint64) {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return
	}
	if l.Max < n {
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}) == nil {
			return
		}
	}
	// A failure leaves the limit as it was, which shows as a server that runs out of files.
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: min(l.Max, max(n, l.Cur)), Max: l.Max})
}
