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

// CPU returns how long all threads of the process were on a core, in user and kernel mode: the sum of their schedstat
// files.
func (p Process) CPU() (time.Duration, error) {
	var sum time.Duration
	err := p.threads(func(t schedstat) { sum += t.on })
	return sum, err
}

// Waited returns how long the busiest thread of the process was ready while its core was another's: a program's, or a thread's of the
// process itself. That of all threads would say nothing: those of one process wait for each other.
func (p Process) Waited() (time.Duration, error) {
	var busiest schedstat
	err := p.threads(func(t schedstat) {
		if t.on > busiest.on {
			busiest = t
		}
	})
	return busiest.waited, err
}

// threads shows the accounts of all threads.
func (p Process) threads(show func(schedstat)) error {
	dir := fmt.Sprintf("/proc/%d/task", int(p))
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		text, err := os.ReadFile(filepath.Join(dir, t.Name(), "schedstat"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it ended meanwhile
		}
		if err != nil {
			return err
		}
		one, err := parseSchedstat(string(text))
		if err != nil {
			return fmt.Errorf("%s/%s: %w", dir, t.Name(), err)
		}
		show(one)
	}
	return nil
}

// schedstat is the account of one thread since it was started.
type schedstat struct{ on, waited time.Duration }

// parseSchedstat reads "time on a core, time waiting for one, slices", the times in ns.
func parseSchedstat(text string) (s schedstat, err error) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return s, fmt.Errorf("schedstat %q", text)
	}
	on, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return s, err
	}
	waited, err := strconv.ParseInt(fields[1], 10, 64)
	return schedstat{time.Duration(on), time.Duration(waited)}, err
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

// Sockets returns how many sockets the process has open.
func (p Process) Sockets() (n int, err error) {
	dir := fmt.Sprintf("/proc/%d/fd", int(p))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		switch to, err := os.Readlink(filepath.Join(dir, e.Name())); {
		case errors.Is(err, fs.ErrNotExist): // closed meanwhile
		case err != nil:
			return 0, err
		case strings.HasPrefix(to, "socket:"):
			n++
		}
	}
	return n, nil
}

// Files returns how many files the process has open.
func (p Process) Files() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", int(p)))
	return len(entries), err
}
