package udp_test

import (
	"bytes"
	"net/netip"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// mtu sets the MTU of loopback, which is the test's own (udptest.Isolate).
func mtu(t *testing.T, bytes uint32) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint32(bytes)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFMTU, lo); err != nil {
		t.Fatal(err)
	}
}

// TestPacketsOverTheMTU sends long packets among short ones: they arrive whole and in order, and their sender still
// receives by steering.
func TestPacketsOverTheMTU(t *testing.T) {
	if !udptest.Isolated() {
		t.Skip("no network namespace of the test's own to change the MTU in")
	}
	mtu(t, 1500)
	defer mtu(t, 65536)
	overNetworks(t, 46, func(t *testing.T, n udp.Network) {
		for _, addr := range []netip.Addr{loopback, loopback6(t)} {
			if addr.IsValid() {
				packetsOverTheMTU(t, n, addr)
			}
		}
	})
}

func packetsOverTheMTU(t *testing.T, n udp.Network, addr netip.Addr) {
	most := 1500 - 28
	if addr.Is6() {
		most = 1500 - 48
	}
	c := newConn(t, n)
	a, b := openPort(t, n, netip.AddrPortFrom(addr, 0)), openPort(t, n, netip.AddrPortFrom(addr, 0))
	attach(t, c, 0, a)
	attach(t, c, 1, b)
	before := files(t)
	for round := range 2 {
		var out []udp.Packet
		for i, size := range []int{100, most, most + 1, 101, udp.MaxDatagram, 102} {
			out = append(out, udp.Packet{Slot: 0, Addr: b.Local(), Data: bytes.Repeat([]byte{byte(i)}, size)})
		}
		if round == 0 {
			if failed := c.Send(out[:2]); failed > 0 {
				t.Fatalf("%s: %d not sent", addr, failed)
			}
			if got := files(t); got != before {
				t.Errorf("%s: %d files for packets that fit, %d before", addr, got, before)
			}
			receive(t, c, 2)
		}
		if failed := c.Send(out); failed > 0 {
			t.Fatalf("%s: %d not sent", addr, failed)
		}
		for i, p := range receive(t, c, len(out)) {
			if p.Slot != 1 || p.Addr != a.Local() || !bytes.Equal(p.Data, out[i].Data) {
				t.Errorf("%s: packet %d: %d bytes of %d from %s", addr, i, len(p.Data), p.Data[0], p.Addr)
			}
		}
		// Back to the port that has sent long packets.
		if failed := c.Send([]udp.Packet{{Slot: 1, Addr: a.Local(), Data: []byte("back")}}); failed > 0 {
			t.Fatalf("%s: answer not sent", addr)
		}
		if p := receive(t, c, 1)[0]; p.Slot != 0 || string(p.Data) != "back" {
			t.Errorf("%s: got %+v", addr, p)
		}
	}
	if _, ok := n.(*udp.Steered); ok {
		if got := files(t); got != before+1 {
			t.Errorf("%s: %d files with one port's long packets, %d before", addr, got, before)
		}
		c.Detach(0)
		a.Close()
		if got := files(t); got != before {
			t.Errorf("%s: %d files once it is closed, %d before", addr, got, before)
		}
	}
}

// TestPacketsOverTheMTUOfTheirRoute has a route that takes less than its device, as one that the network has told us of.
func TestPacketsOverTheMTUOfTheirRoute(t *testing.T) {
	if !udptest.Isolated() {
		t.Skip("no network namespace of the test's own to add a route in")
	}
	if out, err := exec.Command("ip", "route", "add", "local", "127.9.9.0/24", "dev", "lo", "table", "local", "mtu", "1000").CombinedOutput(); err != nil {
		t.Skipf("ip route: %v %s", err, out)
	}
	far := netip.MustParseAddr("127.9.9.9")
	n := steered(t, udp.SteeredConfig{Addresses: []netip.Addr{loopback, far}})
	c := newConn(t, n)
	a, b := openPort(t, n, netip.AddrPortFrom(loopback, 0)), openPort(t, n, netip.AddrPortFrom(far, 0))
	attach(t, c, 0, a)
	attach(t, c, 1, b)
	var out []udp.Packet
	for _, size := range []int{100, 1000 - 28, 1000 - 27, 101, udp.MaxDatagram} {
		out = append(out, udp.Packet{Slot: 0, Addr: b.Local(), Data: make([]byte, size)})
	}
	if failed := c.Send(out); failed > 0 {
		t.Fatalf("%d not sent", failed)
	}
	for i, p := range receive(t, c, len(out)) {
		if p.Slot != 1 || len(p.Data) != len(out[i].Data) {
			t.Errorf("packet %d: %d bytes, want %d", i, len(p.Data), len(out[i].Data))
		}
	}
}
