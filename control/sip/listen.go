package sip

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

const (
	readRetry   = 20 * time.Millisecond // after a failed read
	acceptRetry = 100 * time.Millisecond
)

// ParseListen checks a listen string `transport:address:port`, as in `udp:0.0.0.0:5060` or `tcp:[::]:5060`.
// The address must be literal; port 0 lets the system choose.
func ParseListen(s string) (transport string, addr netip.AddrPort, err error) {
	transport, rest, ok := strings.Cut(s, ":")
	if !ok {
		return "", netip.AddrPort{}, fmt.Errorf("listen %q: want transport:address:port", s)
	}
	switch transport = strings.ToLower(transport); transport {
	case UDP, TCP, TLS:
	default:
		return "", netip.AddrPort{}, fmt.Errorf("listen %q: transport %q is not udp, tcp or tls", s, transport)
	}
	if addr, err = netip.ParseAddrPort(rest); err != nil {
		return "", netip.AddrPort{}, fmt.Errorf("listen %q: %w", s, err)
	}
	return transport, netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), nil
}

// network names Go's network so that an IPv6 wildcard leaves IPv4 to its own listener.
func network(transport string, a netip.Addr) string {
	n := "tcp"
	if transport == UDP {
		n = "udp"
	}
	if a.Is4() {
		return n + "4"
	}
	return n + "6"
}

// listener accepts TCP or TLS connections; one goroutine runs accept.
type listener struct {
	s         *Stack
	transport string
	addr      netip.AddrPort
	l         net.Listener
	tls       *tls.Config
}

// accept serves until the listener is closed; running out of descriptors is waited out.
func (l *listener) accept() {
	for {
		conn, err := l.l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			l.s.count.acceptFailed.Add(1)
			l.s.limit.warn("accept failed", "local", l.addr, "err", err)
			if !l.s.pause(acceptRetry) {
				return
			}
			continue
		}
		remote := addrPort(conn.RemoteAddr())
		if !l.s.admit(remote.Addr()) {
			_ = conn.Close()
			continue
		}
		if l.tls != nil {
			conn = tls.Server(conn, l.tls) // the handshake happens under the first read's deadline
		}
		c := newStream(l.s, l.transport, remote, l.addr)
		c.conn = conn
		if !l.s.adopt(c) {
			l.s.count.connectionsRefused.Add(1)
			l.s.limit.warn("too many connections", "peer", remote)
			_ = conn.Close()
			continue
		}
		l.s.run(c.serve)
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	case *net.UDPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}
