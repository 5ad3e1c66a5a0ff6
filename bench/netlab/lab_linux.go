package netlab

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Lab is one test's networks.
type Lab struct {
	mu     sync.Mutex // guards what follows
	spaces []*space
	links  int
}

// New returns a lab without anything in it.
func New() *Lab { return &Lab{} }

// Close lets go of all namespaces. The kernel removes one, with its links, once no socket and no process is left in it.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, s := range l.spaces {
		errs = append(errs, s.file.Close())
	}
	l.spaces = nil
	return errors.Join(errs...)
}

// Switch joins what is plugged into it to one segment.
type Switch struct{ *space }

// Switch adds a switch.
func (l *Lab) Switch(name string) (*Switch, error) {
	s, err := l.space(name)
	if err != nil {
		return nil, err
	}
	if err := s.ip("link add br0 type bridge", "link set br0 up"); err != nil {
		return nil, err
	}
	// Bridged frames are nobody's to filter; older kernels have no such switch in a namespace.
	_ = s.set("net/bridge/bridge-nf-call-iptables", "0")
	return &Switch{s}, nil
}

// Host adds a host on a switch. Its packets carry the first address unless a socket is bound to another.
func (l *Lab) Host(name string, on *Switch, addresses ...netip.Prefix) (*Host, error) {
	s, err := l.space(name)
	if err != nil {
		return nil, err
	}
	if err := l.plug(s, "eth0", on, addresses...); err != nil {
		return nil, err
	}
	return &Host{s}, nil
}

// plug gives a namespace an interface whose cable ends at a switch.
func (l *Lab) plug(s *space, name string, on *Switch, addresses ...netip.Prefix) error {
	l.mu.Lock()
	l.links++
	port := fmt.Sprintf("port%d", l.links)
	l.mu.Unlock()
	err := s.ip(fmt.Sprintf("link add %s type veth peer name %s netns %s", name, port, on.path()))
	if err != nil {
		return err
	}
	if err := on.ip("link set "+port+" master br0", "link set "+port+" up"); err != nil {
		return err
	}
	var lines []string
	for _, a := range addresses {
		lines = append(lines, fmt.Sprintf("addr add %s dev %s", a, name))
	}
	return s.ip(append(lines, "link set "+name+" up")...)
}

// space is a network namespace.
type space struct {
	name string
	file *os.File
}

// space makes a namespace with nothing but a loopback that is up.
func (l *Lab) space(name string) (*space, error) {
	made := make(chan error, 1)
	s := &space{name: name}
	go func() { // ends at once, and its thread with it; space waits for it
		made <- func() (err error) {
			runtime.LockOSThread()
			if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
				s.file, err = os.Open("/proc/thread-self/ns/net")
			}
			return err
		}()
	}()
	if err := <-made; err != nil {
		return nil, fmt.Errorf("network namespace %s: %w", name, err)
	}
	l.mu.Lock()
	l.spaces = append(l.spaces, s)
	l.mu.Unlock()
	return s, s.ip("link set lo up")
}

// Name returns what the namespace was called when it was made.
func (s *space) Name() string { return s.name }

// path names the namespace for other programs while the lab is open.
func (s *space) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }

// Enter locks the calling goroutine to its thread and takes it into the namespace for the rest of its life. The
// goroutines that it starts are outside again.
func (s *space) Enter() error {
	runtime.LockOSThread()
	if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter %s: %w", s.name, err)
	}
	return nil
}

// Do runs fn inside the namespace and waits for it. Sockets that fn opens belong there for good.
func (s *space) Do(fn func() error) error {
	result := make(chan error, 1)
	go func() { // ends with fn, and its thread with it; Do waits for it
		defer close(result)
		if err := s.Enter(); err != nil {
			result <- err
			return
		}
		result <- fn()
	}()
	err, ended := <-result
	if !ended {
		return fmt.Errorf("%s: the function did not return", s.name)
	}
	return err
}

// ip runs commands of ip(8), one a line.
func (s *space) ip(lines ...string) error {
	return s.run(strings.Join(lines, "\n")+"\n", "ip", "-4", "-batch", "-")
}

// run runs a program inside to its end.
func (s *space) run(input, program string, args ...string) error {
	path, err := find(program)
	if err != nil {
		return err
	}
	return s.Do(func() error {
		cmd := exec.Command(path, args...)
		cmd.Stdin = strings.NewReader(input)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %s %s: %w: %s%s", s.name, program, strings.Join(args, " "), err, out.String(), input)
		}
		return nil
	})
}

// set writes a variable of sysctl(8), which is the namespace's own.
func (s *space) set(variable, value string) error {
	return s.Do(func() error { return os.WriteFile("/proc/sys/"+variable, []byte(value), 0o644) })
}

// find looks for a program in PATH and where Debian puts what only root needs.
func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		return path, nil
	}
	if p, e := exec.LookPath("/usr/sbin/" + program); e == nil {
		return p, nil
	}
	return "", err
}
