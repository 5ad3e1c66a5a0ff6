package sip

import (
	"net"
	"syscall"
	"testing"
)

// TestOnePortToSeveralOfOurs: connections from one port of a peer to our TCP and our TLS port are two: both are counted, each
// leads to where it came from, and the end of one leaves the other.
func TestOnePortToSeveralOfOurs(t *testing.T) {
	a := newAuthority(t, "ca")
	certs, err := LoadTLS(a.issue("server"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Accounts: stations{}, TLS: certs.Server(), Listen: []string{"tcp:127.0.0.1:0", "tls:127.0.0.1:0"}})
	count := func() (streams, ways int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.streams), len(s.ways)
	}
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) }); e != nil {
			return e
		}
		return err
	}}
	d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	first, err := d.Dial("tcp", s.addr(t, TCP).String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	d.LocalAddr = first.LocalAddr()
	second, err := d.Dial("tcp", s.addr(t, TLS).String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	eventually(t, "both are there", func() bool { streams, ways := count(); return streams == 2 && ways == 2 })
	second.Close()
	eventually(t, "one is left", func() bool { streams, ways := count(); return streams == 1 && ways == 1 })
	f, err := s.flowToAddr(TCP, addrPort(first.LocalAddr()), "")
	if err != nil {
		t.Fatal(err)
	}
	if streams, _ := count(); streams != 1 || f.Remote != addrPort(first.LocalAddr()) {
		t.Errorf("%d connections, a flow to %s", streams, f.Remote)
	}
	first.Close()
	eventually(t, "none is left", func() bool { streams, ways := count(); return streams == 0 && ways == 0 })
}
