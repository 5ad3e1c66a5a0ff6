package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a running process by its number.
type Process int

// Account is what the kernel counted for all threads of a process.
type Account struct {
	OnCore  time.Duration // running, in user and kernel mode
	Waiting time.Duration // ready to run while something else had the core
}

// Sub returns what was counted since an earlier account.
func (a Account) Sub(earlier Account) Account {
	return Account{a.OnCore - earlier.OnCore, a.Waiting - earlier.Waiting}
}

// CPU adds up the schedstat files of the process's threads.
func (p Process) CPU() (Account, error) {
	var sum Account
	dir := fmt.Sprintf("/proc/%d/task", int(p))
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return sum, err
	}
	for _, t := range tasks {
		text, err := os.ReadFile(filepath.Join(dir, t.Name(), "schedstat"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it ended meanwhile
		}
		if err != nil {
			return sum, err
		}
		one, err := parseSchedstat(string(text))
		if err != nil {
			return sum, fmt.Errorf("%s/%s: %w", dir, t.Name(), err)
		}
		sum.OnCore += one.OnCore
		sum.Waiting += one.Waiting
	}
	return sum, nil
}

// parseSchedstat reads "time on a core, time waiting, slices", the times in ns.
func parseSchedstat(text string) (Account, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return Account{}, fmt.Errorf("schedstat %q", text)
	}
	on, err := strconv.ParseInt(fields[0], 10, 64)
	waiting, err2 := strconv.ParseInt(fields[1], 10, 64)
	return Account{time.Duration(on), time.Duration(waiting)}, errors.Join(err, err2)
}

// Memory returns how many bytes of the process are in memory (VmRSS). What the kernel holds for it, such as
// sockets, is not in it.
func (p Process) Memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", int(p)))
	if err != nil {
		return 0, err
	}
	return parseMemory(string(text))
}

func parseMemory(status string) (int64, error) {
	for line := range strings.Lines(status) {
		var kB int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kB); n == 1 {
			return kB << 10, nil
		}
	}
	return 0, errors.New("no VmRSS in status")
}

// Files returns how many files the process has open.
func (p Process) Files() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", int(p)))
	return len(entries), err
}
