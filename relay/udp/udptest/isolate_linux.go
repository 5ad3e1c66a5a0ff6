package udptest

import (
	"errors"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// isolated tells the test binary that it runs in a network namespace of its own.
const isolated = "SIDETONE_TEST_NETNS"

// Isolate is for the start of TestMain: it runs the test binary again in a network namespace that has loopback alone, and
// exits with its result. There no other program is given a port that a test has steered to itself, and a test may change the
// network. Without the privilege to make a namespace it does nothing.
func Isolate() {
	if Isolated() {
		if err := loopbackUp(); err != nil {
			panic("udptest: set up loopback: " + err.Error())
		}
		return
	}
	// The child is to die with this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		os.Exit(0)
	case errors.As(err, &exit):
		os.Exit(max(exit.ExitCode(), 1))
	}
	// It could not be started: the tests run where they are.
}

// Isolated reports whether the test binary has a network namespace of its own.
func Isolated() bool { return os.Getenv(isolated) != "" }

// loopbackUp brings the namespace's loopback up, which gives it 127.0.0.1 and ::1.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
