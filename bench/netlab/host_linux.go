package netlab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"syscall"
	"time"
)

// Host is a machine on a switch.
type Host struct{ *space }

// Gateway sends what is for other networks to a router.
func (h *Host) Gateway(router netip.Addr) error {
	return h.ip(fmt.Sprintf("route add default via %s", router))
}

// DialContext connects from the host. The address is numeric.
func (h *Host) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = h.Do(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// ListenUDP opens a socket on a free port of the host.
func (h *Host) ListenUDP(address netip.Addr) (conn *net.UDPConn, err error) {
	err = h.Do(func() (err error) {
		conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
		return err
	})
	return conn, err
}

// Process is a program that runs on a host.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how, once done is closed
}

// grace is how long a process has to end by itself.
const grace = 10 * time.Second

// Start runs a program on the host. It dies with this process, however that dies.
func (h *Host) Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	// Ends with the program, which Stop ends and waits for. The kernel kills the program when the thread that started
	// it ends, so this one stays.
	go func() {
		defer close(p.done)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
		err := h.Enter()
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s: start %s: %w", h.name, cmd.Path, err)
	}
	return p, nil
}

// Ended is closed when the program has ended, whoever ended it.
func (p *Process) Ended() <-chan struct{} { return p.done }

// Stop asks the program to end, kills it when it does not, and says how it ended. It may be called more than once.
func (p *Process) Stop() error {
	// An error is a process that has ended, which is as good.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return p.err
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end within %v", p.cmd.Path, grace)
	}
}
