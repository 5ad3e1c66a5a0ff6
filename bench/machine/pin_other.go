//go:build !linux

package machine

import "errors"

var errLinux = errors.New("measuring needs Linux")

// CPUs returns the cores this process may run on.
func CPUs() ([]int, error) { return nil, errLinux }

// PinProcess puts every thread of this process, and those they start, on some cores.
func PinProcess(...int) error { return errLinux }

// PinThread puts the calling thread, and the processes it starts, on some cores.
func PinThread(...int) error { return errLinux }

// Prefer gives the calling thread, and the processes it starts, precedence over others by its nice value (-20 to 19).
func Prefer(int) bool { return false }

// PreferSession does the same for the session of a process. It returns what was before.
func PreferSession(Process, int) int { return 0 }

// Yield leaves a process only the time on its core that nobody else wants.
func Yield(Process) error { return errLinux }

// OwnNetwork moves the calling thread, which must be locked, and what it starts into a network namespace that has
// nothing but a loopback, where sockets without a port are given one below LastEphemeral.
func OwnNetwork() bool { return false }

// AllowFiles raises the number of files that this process and those it starts may have open to n, or as near as the
// system lets it.
func AllowFiles(uint64) {}
