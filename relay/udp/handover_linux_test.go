package udp

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// harness is a Steered with two Conns on 127.0.0.1. The package's inside is needed to put packets where they come only when
// the kernel is about to deliver them while a port moves.
func harness(t *testing.T) (*Steered, [2]*steeredConn) {
	t.Helper()
	n, err := NewSteered(SteeredConfig{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Shards: 2})
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err) // TestSteeredContract fails where it must not be
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	var conns [2]*steeredConn
	for i := range conns {
		c, err := n.Conn(8)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		conns[i] = c.(*steeredConn)
	}
	return n, conns
}

func claimed(t *testing.T, n *Steered) *steeredPort {
	t.Helper()
	p, err := n.Open(netip.AddrPortFrom(n.addrs[0], 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p.(*steeredPort)
}

// sendTo sends from a socket of its own.
func sendTo(t *testing.T, to netip.AddrPort, data ...string) {
	t.Helper()
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, d := range data {
		if _, err := c.Write([]byte(d)); err != nil {
			t.Fatal(err)
		}
	}
}

// next receives one packet, "" when none comes.
func next(t *testing.T, c *steeredConn, timeout time.Duration) (uint32, string) {
	t.Helper()
	ps := make([]Packet, 1)
	for range 3 { // a wake may come first
		n, err := c.Receive(ps, timeout)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return ps[0].Slot, string(ps[0].Data)
		}
	}
	return 0, ""
}

func TestStragglersFollowTheirPort(t *testing.T) {
	n, c := harness(t)
	p := claimed(t, n)
	if err := c[1].Attach(3, p); err != nil {
		t.Fatal(err)
	}
	turn := func(entry uint8) { n.steering.set(p.address, p.local.Port(), entry) }

	// Into the socket of the shard that the port was on before.
	turn(c[0].entry)
	sendTo(t, p.local, "one", "two")
	if _, data := next(t, c[0], 0); data != "" {
		t.Errorf("the old shard received %q", data)
	}
	for _, want := range []string{"one", "two"} {
		if slot, data := next(t, c[1], time.Second); slot != 3 || data != want {
			t.Errorf("slot %d received %q, want %q", slot, data, want)
		}
	}
	if got := c[0].Stats(); got.HandedOver != 2 {
		t.Errorf("%+v", got)
	}

	// Into the lobby: any Conn may be the one that looks.
	turn(lobbyEntry)
	sendTo(t, p.local, "three")
	next(t, c[0], 0)
	if slot, data := next(t, c[1], time.Second); slot != 3 || data != "three" {
		t.Errorf("slot %d received %q", slot, data)
	}

	// Into the old socket while the port is on no shard, and again once it is on none for good.
	c[1].Detach(3)
	turn(c[0].entry)
	sendTo(t, p.local, "four")
	if _, data := next(t, c[0], 0); data != "" {
		t.Errorf("the old shard received %q", data)
	}
	if err := c[1].Attach(5, p); err != nil {
		t.Fatal(err)
	}
	if slot, data := next(t, c[1], time.Second); slot != 5 || data != "four" {
		t.Errorf("slot %d received %q", slot, data)
	}
	c[1].Detach(5)
	p.Close()
	turn(c[0].entry)
	sendTo(t, p.local, "five")
	if _, data := next(t, c[0], 0); data != "" {
		t.Errorf("received %q for a closed port", data)
	}
	turn(0)
	if got := c[0].Stats(); got.HandedOver != 2 || got.Closed != 1 {
		t.Errorf("%+v", got)
	}
}

// TestPostedPacketsLeaveWithTheirPort detaches a port before its Conn has looked into its inbox.
func TestPostedPacketsLeaveWithTheirPort(t *testing.T) {
	n, c := harness(t)
	p := claimed(t, n)
	if err := c[1].Attach(0, p); err != nil {
		t.Fatal(err)
	}
	n.steering.set(p.address, p.local.Port(), c[0].entry)
	sendTo(t, p.local, "posted")
	next(t, c[0], 0)
	c[1].Detach(0)
	if _, data := next(t, c[1], 0); data != "" {
		t.Errorf("a detached port received %q", data)
	}
	if err := c[0].Attach(1, p); err != nil {
		t.Fatal(err)
	}
	if slot, data := next(t, c[0], 0); slot != 1 || data != "posted" {
		t.Errorf("slot %d received %q", slot, data)
	}
}

// TestWithoutSockDiag finds taken ports by binding.
func TestWithoutSockDiag(t *testing.T) {
	n, c := harness(t)
	n.diag = nil
	taken, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := n.Open(taken.LocalAddr().(*net.UDPAddr).AddrPort()); !errors.Is(err, ErrPortInUse) {
		t.Errorf("got %v", err)
	}
	p := claimed(t, n)
	if err := c[0].Attach(0, p); err != nil {
		t.Fatal(err)
	}
	sendTo(t, p.local, "x")
	if _, data := next(t, c[0], time.Second); data != "x" {
		t.Errorf("received %q", data)
	}
}

func TestEphemeralPorts(t *testing.T) {
	given := parseRanges("32768\t60999\n")
	for _, c := range []struct {
		first, last uint16
		reserved    string
		want        bool
	}{
		{20000, 29999, "", false},
		{20000, 32768, "", true},
		{60999, 65535, "", true},
		{61000, 65535, "", false},
		{30000, 39999, "30000-39999", false},
		{30000, 39999, "8080,32768-35000,35001-39999,5", false},
		{30000, 39999, "32768-35000,35002-39999", true},
		{1, 65535, "nonsense,-,1-", true},
		{32768, 32768, "32768", false},
		{65535, 65535, "", false},
	} {
		if got := ephemeral(c.first, c.last, given, parseRanges(c.reserved+"\n")); got != c.want {
			t.Errorf("%d-%d with %q reserved: %v", c.first, c.last, c.reserved, got)
		}
	}
	if !Ephemeral(1, 65535) {
		t.Error("the kernel gives no port at all")
	}
}
