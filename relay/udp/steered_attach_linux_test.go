package udp_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"sidetone/relay/udp"
)

// TestAPortOutlivesItsConn closes a Conn under a port: it waits in the lobby and can be attached to another.
func TestAPortOutlivesItsConn(t *testing.T) {
	n := steered(t, udp.SteeredConfig{})
	p := openPort(t, n, netip.AddrPortFrom(loopback, 0))
	one, two := newConn(t, n), newConn(t, n)
	attach(t, one, 0, p)
	if err := two.Attach(0, p); err == nil {
		t.Error("a port was attached twice")
	}
	from := stranger(t, netip.AddrPortFrom(loopback, 0))
	from.WriteToUDPAddrPort([]byte("before"), p.Local())
	one.Close()
	one.Detach(0)
	from.WriteToUDPAddrPort([]byte("after"), p.Local())
	attach(t, two, 7, p)
	for i, got := range receive(t, two, 2) {
		if want := []string{"before", "after"}[i]; string(got.Data) != want || got.Slot != 7 {
			t.Errorf("got %+v, want %q", got, want)
		}
	}
	if err := one.Attach(1, openPort(t, n, netip.AddrPortFrom(loopback, 0))); !errors.Is(err, net.ErrClosed) {
		t.Errorf("attach to a closed Conn: %v", err)
	}
	two.Detach(7)
	p.Close()
	if err := two.Attach(7, p); !errors.Is(err, net.ErrClosed) {
		t.Errorf("attach a closed port: %v", err)
	}
	if err := two.Attach(8, openPort(t, ports(t, udp.PortsConfig{}), netip.AddrPortFrom(loopback, 0))); err == nil {
		t.Error("a port of another network was attached")
	}
}

// TestDetachKeepsThePacketsOfOthers empties the receive socket in the midst of much traffic of other ports.
func TestDetachKeepsThePacketsOfOthers(t *testing.T) {
	n := steered(t, udp.SteeredConfig{})
	c, other := newConn(t, n), newConn(t, n)
	stays, leaves := openPort(t, n, netip.AddrPortFrom(loopback, 0)), openPort(t, n, netip.AddrPortFrom(loopback, 0))
	attach(t, c, 0, stays)
	attach(t, c, 1, leaves)
	from := stranger(t, netip.AddrPortFrom(loopback, 0))
	for i := range 200 {
		for _, p := range []udp.Port{stays, leaves} {
			if _, err := from.WriteToUDPAddrPort([]byte{byte(i)}, p.Local()); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.Detach(1)
	from.WriteToUDPAddrPort([]byte{200}, stays.Local())
	from.WriteToUDPAddrPort([]byte{200}, leaves.Local())
	attach(t, other, 5, leaves)
	for _, k := range []struct {
		conn udp.Conn
		slot uint32
	}{{c, 0}, {other, 5}} {
		for i, p := range receive(t, k.conn, 201) {
			if p.Slot != k.slot || int(p.Data[0]) != i {
				t.Fatalf("packet %d is %d in slot %d, want slot %d", i, p.Data[0], p.Slot, k.slot)
			}
		}
		silent(t, k.conn)
	}
	// What was carried for a port and not received goes with it again.
	from.WriteToUDPAddrPort([]byte{1}, leaves.Local())
	other.Detach(5)
	attach(t, other, 5, leaves)
	other.Detach(5)
	attach(t, c, 1, leaves)
	if p := receive(t, c, 1)[0]; p.Slot != 1 || p.Data[0] != 1 {
		t.Errorf("got %+v", p)
	}
}

func TestOverflowIsCounted(t *testing.T) {
	from := stranger(t, netip.AddrPortFrom(loopback, 0))
	flood := func(c udp.Conn, p udp.Port) {
		attach(t, c, 0, p)
		for range 200 {
			if _, err := from.WriteToUDPAddrPort(make([]byte, 1000), p.Local()); err != nil {
				t.Fatal(err)
			}
		}
	}
	counted := func(t *testing.T, c udp.Conn) {
		lost := int(c.Stats().Overflowed)
		if lost == 0 || lost >= 200 {
			t.Fatalf("%d of 200 packets lost", lost)
		}
	}
	t.Run("steered", func(t *testing.T) {
		n := steered(t, udp.SteeredConfig{ReceiveBuffer: 16 << 10})
		c := newConn(t, n)
		flood(c, openPort(t, n, netip.AddrPortFrom(loopback, 0)))
		counted(t, c)
		receive(t, c, 200-int(c.Stats().Overflowed))
		silent(t, c)
	})
	t.Run("ports", func(t *testing.T) {
		n := ports(t, udp.PortsConfig{ReceiveBuffer: 16 << 10})
		c := newConn(t, n)
		flood(c, openPort(t, n, netip.AddrPortFrom(loopback, 0)))
		c.Detach(0)
		counted(t, c)
	})
}

// TestUnattachedPortKeepsOnlySoMuch floods a port that waits in the lobby.
func TestUnattachedPortKeepsOnlySoMuch(t *testing.T) {
	n := steered(t, udp.SteeredConfig{})
	p := openPort(t, n, netip.AddrPortFrom(loopback, 0))
	from := stranger(t, netip.AddrPortFrom(loopback, 0))
	for i := range 300 {
		if _, err := from.WriteToUDPAddrPort([]byte{byte(i)}, p.Local()); err != nil {
			t.Fatal(err)
		}
	}
	c := newConn(t, n)
	attach(t, c, 0, p)
	for i, got := range receive(t, c, 256) {
		if got.Data[0] != byte(i) {
			t.Fatalf("packet %d is %d", i, got.Data[0])
		}
	}
	silent(t, c)
	if got := c.Stats().Overflowed; got != 44 {
		t.Errorf("%d counted as lost, want 44", got)
	}
}
