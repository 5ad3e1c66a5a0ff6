package ng

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	receiveBuffer = 4 << 20         // bytes that the system keeps for us while we are busy
	farewell      = 2 * time.Second // how long the end waits for calls under way
	maxReadErrors = 100             // one after the other, before a socket is given up
)

// Server answers ng requests. Make it with New.
type Server struct {
	engine *engine
	conns  []*net.UDPConn

	mu     sync.Mutex // guards the following
	closed bool
}

// New takes the addresses of the config. Run serves them; Close gives them back.
func New(cfg Config) (*Server, error) {
	e, err := newEngine(cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{engine: e}
	for _, text := range cfg.Listen {
		conn, err := listen(text)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("ng: listen on %s: %w", text, err), s.Close())
		}
		s.conns = append(s.conns, conn)
	}
	return s, nil
}

// listen binds "udp:127.0.0.1:2223".
func listen(text string) (*net.UDPConn, error) {
	transport, address, _ := strings.Cut(text, ":")
	if transport != "udp" {
		return nil, fmt.Errorf("transport %q is not udp", transport)
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	network := "udp6"
	if a.Addr().Unmap().Is4() {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a.Addr().Unmap(), a.Port())))
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(receiveBuffer) // as much of it as the system allows
	return conn, nil
}

// Addresses are the listeners with their real ports.
func (s *Server) Addresses() []netip.AddrPort {
	var all []netip.AddrPort
	for _, c := range s.conns {
		all = append(all, c.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return all
}

// Drain refuses new calls from now on, as if the limit of sessions were reached, or takes them again.
func (s *Server) Drain(on bool) { s.engine.drain(on) }

// Run serves until ctx ends or Close is called, then ends every call. It returns the first error of a
// listener.
func (s *Server) Run(ctx context.Context) error {
	failures := make(chan error, len(s.conns))
	var readers sync.WaitGroup
	for _, conn := range s.conns {
		readers.Go(func() { // ends when its socket is closed; waited for below
			if err := s.read(conn); err != nil {
				failures <- err
			}
		})
	}
	var err error
	stopped := make(chan struct{})
	go func() { // ends with the readers
		readers.Wait()
		close(stopped)
	}()
	select {
	case <-ctx.Done():
	case <-stopped:
	case err = <-failures:
	}
	err = errors.Join(err, s.Close())
	<-stopped
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	s.engine.close(end)
	return err
}

// Close gives the addresses back. Again it does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, c := range s.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// read takes datagrams off one socket, in their order. What a datagram asks for is done elsewhere.
func (s *Server) read(conn *net.UDPConn) error {
	buf := make([]byte, MaxMessage)
	for failed := 0; ; {
		n, client, err := conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && failed == maxReadErrors:
			return fmt.Errorf("ng: %w", err)
		case err != nil: // of an earlier reply that nobody took, or of a moment's shortage
			failed++
			continue
		}
		failed = 0
		s.engine.receive(string(buf[:n]), client, datagramRoom, func(reply []byte) {
			if _, err := conn.WriteToUDPAddrPort(reply, client); err != nil && !errors.Is(err, net.ErrClosed) {
				s.engine.cfg.Logger.Debug("ng reply not sent", "peer", client.String(), "err", err)
			}
		})
	}
}
