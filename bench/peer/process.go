package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// lifetime is the most a peer program may live, also when the test dies without stopping it.
const lifetime = 5 * time.Minute

// process is a program in a process group of its own, with its output in a file.
type process struct {
	command *exec.Cmd
	log     string
	done    chan struct{} // closed when it has ended
	err     error         // how, once done is closed
	stop    sync.Once
}

// run starts a program in dir. stop, or the end of its lifetime, ends it.
func run(dir, program string, args ...string) (*process, error) {
	return runTyped(dir, nil, nil, program, args...)
}

// runTyped is run of a program that reads commands, with more in its environment; typed may be nil.
func runTyped(dir string, typed *os.File, environment []string, program string, args ...string) (*process, error) {
	p := &process{log: filepath.Join(dir, program+".log"), done: make(chan struct{})}
	path, err := find(program)
	if err != nil {
		return nil, err
	}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	if limiter, err := exec.LookPath("timeout"); err == nil {
		args = append([]string{"-s", "KILL", fmt.Sprint(int(lifetime.Seconds())), path}, args...)
		path = limiter
	}
	p.command = exec.Command(path, args...)
	p.command.Dir, p.command.Stdout, p.command.Stderr = dir, out, out
	p.command.Env = append(append(os.Environ(), "TZ=UTC"), environment...)
	if typed != nil {
		p.command.Stdin = typed
	}
	ownGroup(p.command)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the process, which kill ends; kill waits for it
		p.err = p.command.Wait()
		close(p.done)
	}()
	return p, nil
}

// wait returns when the program has ended by itself; the end of ctx kills it.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.kill()
		return ctx.Err()
	}
}

// kill ends the whole group and waits for it. It may be called more than once.
func (p *process) kill() {
	p.stop.Do(func() { killGroup(p.command) })
	<-p.done
}

// chatter is what a program repeats on its terminal: baresip's status line, colours.
var chatter = regexp.MustCompile(`\[\d+:\d\d:\d\d\] audio=\S+ \(bit/s\)|\x1b\[[0-9;]*m|\r`)

// output returns the end of what the program said.
func (p *process) output() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	b = regexp.MustCompile(`(?m)^\s*$\n?|^\s*stream: audio: dropping.*$\n?`).ReplaceAll(chatter.ReplaceAll(b, nil), nil)
	const most = 6000
	if len(b) > most {
		b = b[len(b)-most:]
	}
	return string(b)
}

// Ports are looked for below those that the system hands out by itself and those of media, so that nobody takes one
// between our look and the program's.
const firstPort, lastPort = 10000, 19999

// mediaPorts is where a phone looks for ports by itself: among those of the system, which gives nobody one that is taken.
const mediaPorts = "33000-60999"

// handedOut counts the ports given, from a random start. Ports go round: one whose program has ended, and which its
// successor is to have (a phone that registers and then answers), is not given to somebody else in between.
var handedOut = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(rand.Int64N(lastPort - firstPort))
	return &n
}()

// FreePorts returns the first of n ports in a row that are free on 127.0.0.1 in UDP and TCP, and that nobody else of this process
// or of the system is given: for whoever must know a port before it is taken.
func FreePorts(n int) (int, error) {
	for range 100 {
		first := firstPort + (int(handedOut.Add(int64(n)))-n)%(lastPort-firstPort-n)
		if err := tryPorts(first, n); err == nil {
			return first, nil
		}
	}
	return 0, errors.New("no free ports on 127.0.0.1")
}

func tryPorts(first, n int) error {
	var open []interface{ Close() error }
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for port := first; port < first+n; port++ {
		u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			return err
		}
		open = append(open, u)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err
		}
		open = append(open, l)
	}
	return nil
}

// bound says whether a program has a UDP port of the loopback, by the kernel's list: trying to take it would take it from the
// program at the moment that it wants it. The list is that of the calling thread's network; /proc/net is that of the main
// thread's, which a test may have left elsewhere.
func bound(port int) (bool, error) {
	list, err := os.ReadFile("/proc/thread-self/net/udp")
	if err != nil {
		return false, err
	}
	// "  sl  local_address rem_address ...", then " 3140: 0100007F:13C4 00000000:0000 07 ...", in hexadecimal
	return bytes.Contains(list, fmt.Appendf(nil, ": 0100007F:%04X ", port)), nil
}
