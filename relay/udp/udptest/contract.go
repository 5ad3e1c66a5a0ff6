package udptest

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"sidetone/relay/udp"
)

// Subject is a udp.Network to be held to the contract.
type Subject struct {
	Network udp.Network
	IPv4    netip.Addr // a local address
	IPv6    netip.Addr // another; the zero value leaves IPv6 out
	Foreign netip.Addr // an address that is not local
}

// TestNetwork holds a Network to what udp promises of every one. make is called for each behaviour.
func TestNetwork(t *testing.T, make func(t *testing.T) Subject) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s Subject)
	}{
		{"carries datagrams both ways", bothWays},
		{"marks packets with their slot", slots},
		{"keeps the order of a slot", order},
		{"waits no longer than the timeout", timeout},
		{"wakes a waiting Receive", wake},
		{"remembers a wake for the next Receive", wakeBefore},
		{"detached ports are silent", detach},
		{"a moved port keeps what has arrived", move},
		{"marks what cannot be sent", failed},
		{"marks what does not fit", truncated},
		{"reads more than a batch in several", batches},
		{"refuses a taken port", taken},
		{"refuses a foreign address", foreign},
		{"refuses a slot in use", slotInUse},
		{"closing twice is harmless", closeTwice},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, make(t)) })
	}
}

const patience = 5 * time.Second

func open(t *testing.T, s Subject, a netip.Addr) udp.Port {
	t.Helper()
	p, err := s.Network.Open(netip.AddrPortFrom(a, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if p.Local().Addr() != a || p.Local().Port() == 0 {
		t.Fatalf("asked for a port of %s, got %s", a, p.Local())
	}
	return p
}

func newConn(t *testing.T, s Subject, batch int) udp.Conn {
	t.Helper()
	c, err := s.Network.Conn(batch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func attach(t *testing.T, c udp.Conn, slot uint32, p udp.Port) {
	t.Helper()
	if err := c.Attach(slot, p); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, c udp.Conn, slot uint32, to udp.Port, data ...string) {
	t.Helper()
	var ps []udp.Packet
	for _, d := range data {
		ps = append(ps, udp.Packet{Slot: slot, Addr: to.Local(), Data: []byte(d)})
	}
	if n := c.Send(ps); n != 0 {
		t.Fatalf("%d of %d packets failed", n, len(ps))
	}
}

// collect receives n packets and returns copies of them.
func collect(t *testing.T, c udp.Conn, n int) []udp.Packet {
	t.Helper()
	var got []udp.Packet
	ps := make([]udp.Packet, 64)
	for start := time.Now(); len(got) < n; {
		k, err := c.Receive(ps, patience)
		if err != nil {
			t.Fatal(err)
		}
		if k == 0 && time.Since(start) > patience {
			t.Fatalf("%d of %d packets came", len(got), n)
		}
		for _, p := range ps[:k] {
			p.Data = bytes.Clone(p.Data)
			got = append(got, p)
		}
	}
	return got
}

func silent(t *testing.T, c udp.Conn) {
	t.Helper()
	ps := make([]udp.Packet, 4)
	if n, err := c.Receive(ps, 0); n != 0 || err != nil {
		t.Fatalf("%d packets (%v) where none should be", n, err)
	}
}

func bothWays(t *testing.T, s Subject) {
	addrs := []netip.Addr{s.IPv4}
	if s.IPv6.IsValid() {
		addrs = append(addrs, s.IPv6)
	}
	for _, addr := range addrs {
		c, a, b := newConn(t, s, 8), open(t, s, addr), open(t, s, addr)
		attach(t, c, 0, a)
		attach(t, c, 1, b)
		send(t, c, 0, b, "there")
		if got := collect(t, c, 1)[0]; got.Slot != 1 || got.Addr != a.Local() || string(got.Data) != "there" {
			t.Errorf("got %+v", got)
		}
		send(t, c, 1, a, "back")
		if got := collect(t, c, 1)[0]; got.Slot != 0 || got.Addr != b.Local() || string(got.Data) != "back" {
			t.Errorf("got %+v", got)
		}
	}
}

func slots(t *testing.T, s Subject) {
	c := newConn(t, s, 8)
	from := open(t, s, s.IPv4)
	attach(t, c, 7, from)
	for _, slot := range []uint32{0, 3, 1000} {
		p := open(t, s, s.IPv4)
		attach(t, c, slot, p)
		send(t, c, 7, p, fmt.Sprint(slot))
	}
	seen := map[uint32]string{}
	for _, p := range collect(t, c, 3) {
		seen[p.Slot] = string(p.Data)
	}
	if seen[0] != "0" || seen[3] != "3" || seen[1000] != "1000" {
		t.Errorf("got %v", seen)
	}
}

func order(t *testing.T, s Subject) {
	c := newConn(t, s, 64)
	a, b, x, y := open(t, s, s.IPv4), open(t, s, s.IPv4), open(t, s, s.IPv4), open(t, s, s.IPv4)
	for slot, p := range []udp.Port{a, b, x, y} {
		attach(t, c, uint32(slot), p)
	}
	var ps []udp.Packet
	for i := range 40 {
		ps = append(ps, udp.Packet{Slot: uint32(i % 2), Addr: []udp.Port{x, y}[i%2].Local(), Data: []byte{byte(i)}})
	}
	if n := c.Send(ps); n != 0 {
		t.Fatalf("%d failed", n)
	}
	next := map[uint32]byte{2: 0, 3: 1}
	for _, p := range collect(t, c, 40) {
		if p.Data[0] != next[p.Slot] {
			t.Fatalf("slot %d: packet %d where %d belongs", p.Slot, p.Data[0], next[p.Slot])
		}
		next[p.Slot] += 2
	}
}

func timeout(t *testing.T, s Subject) {
	c := newConn(t, s, 4)
	done := make(chan struct{})
	go func() { // ends with the two waits; the test moves a clock that does not move by itself until then
		defer close(done)
		if n, err := c.Receive(make([]udp.Packet, 4), 3*time.Millisecond); n != 0 || err != nil {
			t.Errorf("%d packets, %v", n, err)
		}
		c.Pause(time.Millisecond)
	}()
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
			if m, ok := s.Network.(*Network); ok {
				m.Advance(time.Millisecond)
			}
		}
	}
}

func wake(t *testing.T, s Subject) {
	c := newConn(t, s, 4)
	done := make(chan error)
	go func() { // ends with Receive; the test waits for it below
		_, err := c.Receive(make([]udp.Packet, 4), -1)
		done <- err
	}()
	c.Wake()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Receive still waits")
	}
}

func wakeBefore(t *testing.T, s Subject) {
	c := newConn(t, s, 4)
	c.Wake()
	if n, err := c.Receive(make([]udp.Packet, 4), -1); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	c.Wake()
	c.Pause(time.Hour)
}

func detach(t *testing.T, s Subject) {
	c, a, b := newConn(t, s, 4), open(t, s, s.IPv4), open(t, s, s.IPv4)
	attach(t, c, 0, a)
	attach(t, c, 1, b)
	send(t, c, 0, b, "lost")
	c.Detach(1)
	c.Detach(1)
	c.Detach(99)
	silent(t, c)
	// The slot serves another port at once, and the old one's events do not disturb it.
	attach(t, c, 1, open(t, s, s.IPv4))
	silent(t, c)
}

func move(t *testing.T, s Subject) {
	one, two, a, b := newConn(t, s, 4), newConn(t, s, 4), open(t, s, s.IPv4), open(t, s, s.IPv4)
	attach(t, one, 0, a)
	attach(t, one, 1, b)
	send(t, one, 0, b, "before")
	one.Detach(1)
	send(t, one, 0, b, "between")
	attach(t, two, 5, b)
	send(t, one, 0, b, "after")
	for i, p := range collect(t, two, 3) {
		if want := []string{"before", "between", "after"}[i]; string(p.Data) != want || p.Slot != 5 {
			t.Errorf("packet %d: %q in slot %d, want %q", i, p.Data, p.Slot, want)
		}
	}
	silent(t, one)
}

func failed(t *testing.T, s Subject) {
	c, a, b := newConn(t, s, 8), open(t, s, s.IPv4), open(t, s, s.IPv4)
	attach(t, c, 0, a)
	attach(t, c, 1, b)
	to := b.Local()
	ps := []udp.Packet{
		{Slot: 0, Addr: to, Data: []byte("1")},
		{Slot: 9, Addr: to, Data: []byte("no such slot")},
		{Slot: 0, Data: []byte("to nobody")},
		{Slot: 0, Addr: to},
		{Slot: 0, Addr: netip.MustParseAddrPort("[2001:db8::1]:9"), Data: []byte("wrong family")},
		{Slot: 0, Addr: to, Data: []byte("2"), Failed: true},
	}
	if n := c.Send(ps); n != 4 {
		t.Errorf("%d failed, want 4", n)
	}
	for i, want := range []bool{false, true, true, true, true, false} {
		if ps[i].Failed != want {
			t.Errorf("packet %d: failed %v, want %v", i, ps[i].Failed, want)
		}
	}
	for i, p := range collect(t, c, 2) {
		if string(p.Data) != fmt.Sprint(i+1) {
			t.Errorf("packet %d: %q", i, p.Data)
		}
	}
}

func truncated(t *testing.T, s Subject) {
	c, a, b := newConn(t, s, 4), open(t, s, s.IPv4), open(t, s, s.IPv4)
	attach(t, c, 0, a)
	attach(t, c, 1, b)
	for _, size := range []int{udp.MaxDatagram, udp.MaxDatagram + 1} {
		send(t, c, 0, b, string(make([]byte, size)))
		p := collect(t, c, 1)[0]
		if len(p.Data) != udp.MaxDatagram || p.Truncated != (size > udp.MaxDatagram) {
			t.Errorf("%d bytes came as %d, truncated %v", size, len(p.Data), p.Truncated)
		}
	}
}

func batches(t *testing.T, s Subject) {
	c, a, b := newConn(t, s, 4), open(t, s, s.IPv4), open(t, s, s.IPv4)
	attach(t, c, 0, a)
	attach(t, c, 1, b)
	for i := range 50 {
		send(t, c, 0, b, string([]byte{byte(i)}))
	}
	ps := make([]udp.Packet, 64)
	n, err := c.Receive(ps, 0)
	if n < 1 || n > 4 || err != nil {
		t.Errorf("first batch of %d, %v", n, err)
	}
	for i, p := range collect(t, c, 50-n) {
		if int(p.Data[0]) != i+n {
			t.Fatalf("packet %d is %d", i+n, p.Data[0])
		}
	}
	silent(t, c)
}

func taken(t *testing.T, s Subject) {
	p := open(t, s, s.IPv4)
	if _, err := s.Network.Open(p.Local()); !errors.Is(err, udp.ErrPortInUse) {
		t.Errorf("got %v", err)
	}
	p.Close()
	again, err := s.Network.Open(p.Local())
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	again.Close()
}

func foreign(t *testing.T, s Subject) {
	for _, a := range []netip.AddrPort{netip.AddrPortFrom(s.Foreign, 0), {}} {
		if _, err := s.Network.Open(a); !errors.Is(err, udp.ErrAddressNotAvailable) {
			t.Errorf("%s: got %v", a, err)
		}
	}
}

func slotInUse(t *testing.T, s Subject) {
	c := newConn(t, s, 4)
	attach(t, c, 0, open(t, s, s.IPv4))
	if err := c.Attach(0, open(t, s, s.IPv4)); err == nil {
		t.Error("a second port was attached to slot 0")
	}
}

func closeTwice(t *testing.T, s Subject) {
	c, p := newConn(t, s, 4), open(t, s, s.IPv4)
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	c.Wake()
}
