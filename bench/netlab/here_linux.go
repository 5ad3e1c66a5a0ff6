package netlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// TB is what Here wants of a testing.TB.
type TB interface {
	Helper()
	Name() string
	Log(args ...any)
	Skip(args ...any)
	Fatal(args ...any)
}

// inside is set in the environment of a test that Here runs again in a user namespace.
const inside = "SIDETONE_NETLAB_INSIDE"

// Here reports whether the calling top-level test may go on and make namespaces. For a user without the privilege it
// runs this one test again as the root of a user namespace, shows what it said, fails if it failed, and returns
// false: then the caller returns. Where no namespace can be made, or a program is missing, it fails the test with
// SIDETONE_PEERS=required or CI=true and skips it otherwise.
func Here(t TB) bool {
	t.Helper()
	err := missing()
	if err == nil && probe() == nil {
		return true
	}
	if err == nil && os.Getenv(inside) == "" {
		var ran bool
		if ran, err = again(t); ran {
			return false
		}
	}
	message := fmt.Sprintf("network namespaces cannot be made here: %v (be root, or allow users to make user namespaces)", err)
	if os.Getenv("SIDETONE_PEERS") == "required" || os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
	return false
}

// missing names what has to be installed.
func missing() error {
	var errs []error
	for _, p := range []struct{ program, debian string }{{"ip", "iproute2"}, {"iptables", "iptables"}} {
		if _, err := find(p.program); err != nil {
			errs = append(errs, fmt.Errorf("%s not found: apt-get install %s", p.program, p.debian))
		}
	}
	return errors.Join(errs...)
}

// probe makes a namespace.
func probe() error {
	l := New()
	_, err := l.space("probe")
	return errors.Join(err, l.Close())
}

// again runs the test in a user namespace. ran is false when that could not be made.
func again(t TB) (ran bool, err error) {
	t.Helper()
	if err := userNamespace("true").Run(); err != nil {
		return false, err
	}
	out, err := userNamespace("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1").CombinedOutput()
	t.Log("as the root of a user namespace:\n" + string(out))
	if err != nil {
		t.Fatal(err)
	}
	return true, nil
}

// userNamespace is a program as the root of a user namespace.
func userNamespace(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return cmd
}
