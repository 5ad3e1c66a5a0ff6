package attack

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"sidetone/relay/rtp"
)

var localhost = netip.MustParseAddr("127.0.0.1")

// made lists what n calls of a strategy send, by port.
func made(s strategy, n int) (order []uint16, packets map[uint16][][]byte) {
	packets = map[uint16][][]byte{}
	b := make([]byte, 2048)
	for range n {
		port, size := s.next(b)
		order = append(order, port)
		packets[port] = append(packets[port], bytes.Clone(b[:size]))
	}
	return order, packets
}

// all returns the strategies of a spray of ten ports.
func all(t *testing.T) []strategy {
	t.Helper()
	s, err := New(Config{Sockets: []*net.UDPConn{nil}, Target: localhost, FirstPort: 4000, LastPort: 4009, Rate: 500})
	if err != nil {
		t.Fatal(err)
	}
	return s.strategies
}

func TestEveryStrategyCoversItsPortsAndIsMarked(t *testing.T) {
	for i, want := range []int{10, 5, 5, 10, 10} {
		_, packets := made(all(t)[i], 2000)
		if len(packets) != want {
			t.Errorf("%T: %d ports, want %d", all(t)[i], len(packets), want)
		}
		marked := 0
		for port, list := range packets {
			if port < 4000 || port > 4009 {
				t.Errorf("%T: port %d", all(t)[i], port)
			}
			for _, b := range list {
				if bytes.Contains(b, []byte(DefaultMark)) {
					marked++
				}
			}
		}
		if least := 2000; i != 3 && marked < least || i == 3 && marked < 1700 { // some of what is guessed is cut off
			t.Errorf("%T: %d of 2000 are marked", all(t)[i], marked)
		}
	}
}

func TestStreamsAreInSequenceUnderOneSSRC(t *testing.T) {
	for _, s := range all(t)[:3] {
		_, packets := made(s, 300)
		for port, list := range packets {
			if len(list) < inSequence {
				t.Errorf("%T: %d packets to %d", s, len(list), port)
			}
			for i, b := range list {
				if !rtp.Valid(b) || rtp.SSRC(b) != rtp.SSRC(list[0]) || rtp.SequenceNumber(b) != rtp.SequenceNumber(list[0])+uint16(i) {
					t.Fatalf("%T: packet %d to %d: %x", s, i, port, b[:12])
				}
			}
		}
	}
}

// inSequence is how many make a stream that could be believed.
const inSequence = 6

func TestOrder(t *testing.T) {
	s := all(t)
	order, _ := made(s[1], 2*inBurst)
	if order[0] != order[inBurst-1] || order[inBurst] == order[0] {
		t.Errorf("bursts go to %v", order)
	}
	order, _ = made(s[2], 3*2*rounds) // 100 packets/s: two ports at 50
	if order[0] == order[1] || order[0] != order[2] || order[0] == order[2*rounds] || order[2*rounds] != order[2*rounds+2] {
		t.Errorf("dwells at %v", order)
	}
}

func TestReportsAreRTCP(t *testing.T) {
	_, packets := made(all(t)[4], 400)
	for _, list := range packets {
		for _, b := range list {
			if !rtp.IsRTCP(b) || !rtp.ValidRTCP(b) {
				t.Fatalf("%x", b)
			}
		}
	}
	if n := len(reports(DefaultMark)); n != 4 {
		t.Errorf("%d kinds", n)
	}
}

func TestRunKeepsTheRate(t *testing.T) {
	port := sinks(t)
	c, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{Sockets: []*net.UDPConn{c}, Target: localhost, FirstPort: port, LastPort: port + 1, Rate: 2000})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := s.Sent(); n < 1990 || n > 2000 {
			t.Errorf("%d packets in a second", n)
		}
	})
	c.Close()
	s, err := New(Config{Sockets: []*net.UDPConn{c}, Target: localhost, FirstPort: port, LastPort: port + 1, Rate: 2000})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("without its socket: %v", err)
	}
}

// sinks opens an even port and the next, where packets may go.
func sinks(t *testing.T) uint16 {
	t.Helper()
	for range 100 {
		a, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(localhost, 0)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		port := a.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		if b, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(localhost, port+1))); port%2 == 0 && err == nil {
			t.Cleanup(func() { b.Close() })
			return port
		} else if err == nil {
			b.Close()
		}
	}
	t.Fatal("no free pair of ports")
	return 0
}

func TestBadConfigurations(t *testing.T) {
	one := []*net.UDPConn{nil}
	for _, c := range []Config{
		{},
		{Sockets: one, FirstPort: 4000, LastPort: 4001},
		{Sockets: one, FirstPort: 4001, LastPort: 4009, Rate: 1},
		{Sockets: one, FirstPort: 4000, LastPort: 4000, Rate: 1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
