package udp_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// steered returns a Steered on the loopback addresses.
func steered(t testing.TB, c udp.SteeredConfig) *udp.Steered {
	t.Helper()
	udptest.NeedSteered(t, "steered")
	if c.Addresses == nil {
		c.Addresses = []netip.Addr{loopback}
		if v6 := loopback6(t); v6.IsValid() {
			c.Addresses = append(c.Addresses, v6)
		}
	}
	if c.Shards == 0 {
		c.Shards = 4
	}
	n, err := udp.NewSteered(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func TestSteeredContract(t *testing.T) {
	v6 := loopback6(t)
	udptest.TestNetwork(t, func(t *testing.T) udptest.Subject {
		return udptest.Subject{Network: steered(t, udp.SteeredConfig{}), IPv4: loopback, IPv6: v6, Foreign: netip.MustParseAddr("192.0.2.1")}
	})
}

func openPort(t testing.TB, n udp.Network, local netip.AddrPort) udp.Port {
	t.Helper()
	p, err := n.Open(local)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func newConn(t testing.TB, n udp.Network) udp.Conn {
	t.Helper()
	c, err := n.Conn(64)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func attach(t testing.TB, c udp.Conn, slot uint32, p udp.Port) {
	t.Helper()
	if err := c.Attach(slot, p); err != nil {
		t.Fatal(err)
	}
}

// receive returns copies of the next n packets, in the order they came.
func receive(t testing.TB, c udp.Conn, n int) (got []udp.Packet) {
	t.Helper()
	ps := make([]udp.Packet, 64)
	for start := time.Now(); len(got) < n; {
		k, err := c.Receive(ps, time.Second)
		if err != nil || time.Since(start) > 5*time.Second {
			t.Fatalf("%d of %d packets came, %v", len(got), n, err)
		}
		for _, p := range ps[:k] {
			p.Data = append([]byte(nil), p.Data...)
			got = append(got, p)
		}
	}
	return got
}

func silent(t testing.TB, c udp.Conn) {
	t.Helper()
	if n, err := c.Receive(make([]udp.Packet, 4), 0); n != 0 || err != nil {
		t.Fatalf("%d packets, %v", n, err)
	}
}

// stranger is another program's socket.
func stranger(t testing.TB, local netip.AddrPort) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestPacketsComeToTheShardOfTheirPort sends to ports of both families on several shards: none may come in at another.
func TestPacketsComeToTheShardOfTheirPort(t *testing.T) {
	const shards, each = 4, 50
	n := steered(t, udp.SteeredConfig{Shards: shards})
	var conns [shards]udp.Conn
	for i := range conns {
		conns[i] = newConn(t, n)
	}
	addrs := []netip.Addr{loopback}
	if v6 := loopback6(t); v6.IsValid() {
		addrs = append(addrs, v6)
	}
	for f, addr := range addrs {
		from := stranger(t, netip.AddrPortFrom(addr, 0))
		for i := range each * shards {
			// Neighbouring ports are on different shards, and the same number is on another shard in the other family.
			p := openPort(t, n, netip.AddrPortFrom(addr, uint16(20000+i)))
			attach(t, conns[(i+f)%shards], uint32(f*1000+i), p)
		}
		for i := range each * shards {
			if _, err := from.WriteToUDPAddrPort(fmt.Append(nil, i), netip.AddrPortFrom(addr, uint16(20000+i))); err != nil {
				t.Fatal(err)
			}
		}
		for s, c := range conns {
			for _, p := range receive(t, c, each) {
				i := int(p.Slot) - f*1000
				if string(p.Data) != fmt.Sprint(i) || (i+f)%shards != s || p.Addr != from.LocalAddr().(*net.UDPAddr).AddrPort() {
					t.Errorf("shard %d: slot %d got %q from %s", s, p.Slot, p.Data, p.Addr)
				}
			}
		}
	}
	for i, c := range conns {
		silent(t, c)
		if got := c.Stats(); got != (udp.Stats{}) {
			t.Errorf("shard %d: %+v", i, got)
		}
	}
}

// TestSamePortOnSeveralAddresses keeps them apart, and leaves the address that is not ours alone.
func TestSamePortOnSeveralAddresses(t *testing.T) {
	second, third := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")
	n := steered(t, udp.SteeredConfig{Addresses: []netip.Addr{loopback, second}})
	c := newConn(t, n)
	for i, a := range []netip.Addr{loopback, second} {
		attach(t, c, uint32(i), openPort(t, n, netip.AddrPortFrom(a, 20000)))
	}
	other := stranger(t, netip.AddrPortFrom(third, 20000))
	for slot, a := range []netip.Addr{loopback, second} {
		if _, err := other.WriteToUDPAddrPort([]byte(a.String()), netip.AddrPortFrom(a, 20000)); err != nil {
			t.Fatal(err)
		}
		if p := receive(t, c, 1)[0]; p.Slot != uint32(slot) || string(p.Data) != a.String() {
			t.Errorf("%s: slot %d got %q", a, p.Slot, p.Data)
		}
	}
	if failed := c.Send([]udp.Packet{{Slot: 1, Addr: netip.AddrPortFrom(third, 20000), Data: []byte("x")}}); failed != 0 {
		t.Fatal("not sent")
	}
	b := make([]byte, 16)
	other.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, from, err := other.ReadFromUDPAddrPort(b); err != nil || from != netip.AddrPortFrom(second, 20000) {
		t.Errorf("from %s, %v", from, err)
	}
}

// refused reports whether packets to a port are answered with "port unreachable". The answer is on its way before Write returns,
// so expecting none costs little; expecting one, patience.
func refused(t *testing.T, to netip.AddrPort, expected bool) bool {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	limit := 10 * time.Millisecond
	if expected {
		limit = 5 * time.Second
	}
	c.SetReadDeadline(time.Now().Add(limit))
	_, err = c.Read(make([]byte, 1))
	return errors.Is(err, unix.ECONNREFUSED)
}

func TestPortsThatAreNotOpenAreTheKernels(t *testing.T) {
	n := steered(t, udp.SteeredConfig{})
	c := newConn(t, n)
	for _, addr := range []netip.Addr{loopback, loopback6(t)} {
		if !addr.IsValid() {
			continue
		}
		open := netip.AddrPortFrom(addr, 20010)
		p := openPort(t, n, open)
		attach(t, c, 0, p)
		if refused(t, open, false) || !refused(t, netip.AddrPortFrom(addr, 20011), true) {
			t.Errorf("%s: an open port refuses or a closed one does not", addr)
		}
		receive(t, c, 1)
		c.Detach(0)
		if refused(t, open, false) {
			t.Errorf("%s: a detached port refuses", addr)
		}
		p.Close()
		if !refused(t, open, true) {
			t.Errorf("%s: a port does not refuse once it is closed", addr)
		}
		other := stranger(t, open)
		if refused(t, open, false) {
			t.Errorf("%s: the port of another program refuses", addr)
		}
		b := make([]byte, 1)
		if n, _, err := other.ReadFromUDPAddrPort(b); n != 1 || err != nil {
			t.Errorf("%s: another program's port: %v", addr, err)
		}
		if _, err := n.Open(open); !errors.Is(err, udp.ErrPortInUse) {
			t.Errorf("%s: another program has it: %v", addr, err)
		}
	}
	silent(t, c)
}

// TestTwoNetworksDoNotTakeEachOthersPorts has two that steer, of which the one that was attached first comes first in
// the kernel, and one that does not: it could bind a port that is steered and would be deaf.
func TestTwoNetworksDoNotTakeEachOthersPorts(t *testing.T) {
	first, second := steered(t, udp.SteeredConfig{}), steered(t, udp.SteeredConfig{})
	plain := ports(t, udp.PortsConfig{})
	for i, c := range []struct{ has, wants udp.Network }{{first, second}, {second, first}, {first, plain}, {plain, first}, {plain, second}} {
		local := netip.AddrPortFrom(loopback, uint16(20020+i))
		p := openPort(t, c.has, local)
		conn := newConn(t, c.has)
		attach(t, conn, 0, p)
		if _, err := c.wants.Open(local); !errors.Is(err, udp.ErrPortInUse) {
			t.Errorf("%d: got %v", i, err)
		}
		if refused(t, local, false) {
			t.Errorf("%d: the port is lost", i)
		}
		receive(t, conn, 1)
		p.Close()
		openPort(t, c.wants, local)
	}
}

// TestNothingStaysInTheKernel ends a process that steers with a signal that it cannot see.
func TestNothingStaysInTheKernel(t *testing.T) {
	const child = "SIDETONE_UDP_STEER_AND_WAIT"
	local := netip.AddrPortFrom(loopback, 20030)
	if os.Getenv(child) != "" {
		n := steered(t, udp.SteeredConfig{})
		openPort(t, n, local)
		fmt.Println("steers")
		select {}
	}
	udptest.NeedSteered(t, "steered")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestNothingStaysInTheKernel$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 6)
	if _, err := out.Read(line); err != nil || string(line) != "steers" {
		t.Errorf("the child says %q, %v", line, err)
	}
	if refused(t, local, false) {
		t.Error("the child does not steer")
	}
	cmd.Process.Kill()
	cmd.Wait()
	// The kernel may put the last of it away a little later.
	for try := 0; !refused(t, local, false); try++ {
		if try == 500 {
			t.Fatal("the port is still steered")
		}
	}
	n := steered(t, udp.SteeredConfig{})
	p := openPort(t, n, local)
	if refused(t, local, false) {
		t.Error("it cannot be steered again")
	}
	p.Close()
	n.Close()
	if !refused(t, local, true) {
		t.Error("a closed network still steers")
	}
}

func TestNetworkGivesBackItsFiles(t *testing.T) {
	before := files(t)
	n := steered(t, udp.SteeredConfig{Shards: 2})
	idle := files(t)
	var conns []udp.Conn
	for range 2 {
		conns = append(conns, newConn(t, n))
	}
	if _, err := n.Conn(4); err == nil || !strings.Contains(err.Error(), "more than 2 shards") {
		t.Errorf("a third of two shards: %v", err)
	}
	running := files(t)
	for i := range 200 {
		attach(t, conns[i%2], uint32(i), openPort(t, n, netip.AddrPortFrom(loopback, 0)))
	}
	if got := files(t); got != running {
		t.Errorf("%d files with 200 ports, %d with none", got, running)
	}
	for _, c := range conns {
		c.Close()
	}
	if got := files(t); got != idle {
		t.Errorf("%d files after Conn.Close, %d before", got, idle)
	}
	newConn(t, n).Close()
	n.Close()
	if got := files(t); got != before {
		t.Errorf("%d files after Close, %d before", got, before)
	}
	if _, err := n.Open(netip.AddrPortFrom(loopback, 0)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("open after Close: %v", err)
	}
	if _, err := n.Conn(4); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Conn after Close: %v", err)
	}
}

func files(t testing.TB) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

func TestWhatCannotBeSteeredIsNamed(t *testing.T) {
	many := make([]netip.Addr, udp.MaxSteeredAddresses+1)
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{127, 0, 1, byte(i)})
	}
	for _, c := range []struct {
		name   string
		config udp.SteeredConfig
		want   string
	}{
		{"no address", udp.SteeredConfig{Shards: 1}, "0 addresses"},
		{"too many addresses", udp.SteeredConfig{Addresses: many, Shards: 1}, "65 addresses"},
		{"every address", udp.SteeredConfig{Addresses: []netip.Addr{netip.IPv6Unspecified()}, Shards: 1}, "ports of ::"},
		{"a zone", udp.SteeredConfig{Addresses: []netip.Addr{netip.MustParseAddr("fe80::1%lo")}, Shards: 1}, "ports of fe80::1%lo"},
		{"a group", udp.SteeredConfig{Addresses: []netip.Addr{netip.MustParseAddr("224.0.0.1")}, Shards: 1}, "ports of 224.0.0.1"},
		{"no shard", udp.SteeredConfig{Addresses: []netip.Addr{loopback}}, "0 shards"},
		{"too many shards", udp.SteeredConfig{Addresses: []netip.Addr{loopback}, Shards: udp.MaxSteeredConns + 1}, "255 shards"},
	} {
		if _, err := udp.NewSteered(c.config); !errors.Is(err, udp.ErrUnsupported) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := udp.NewSteered(udp.SteeredConfig{Addresses: []netip.Addr{loopback}, Shards: 1, DSCP: 64}); err == nil || errors.Is(err, udp.ErrUnsupported) {
		t.Errorf("dscp 64: %v", err)
	}
}

// TestManyAddressesAndShards goes to the limits.
func TestManyAddressesAndShards(t *testing.T) {
	var addrs []netip.Addr
	for i := range udp.MaxSteeredAddresses {
		addrs = append(addrs, netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}))
	}
	n := steered(t, udp.SteeredConfig{Addresses: addrs, Shards: udp.MaxSteeredConns})
	c := newConn(t, n)
	from := stranger(t, netip.AddrPortFrom(loopback, 0))
	for i, a := range addrs {
		attach(t, c, uint32(i), openPort(t, n, netip.AddrPortFrom(a, 65535)))
		if _, err := from.WriteToUDPAddrPort([]byte{byte(i)}, netip.AddrPortFrom(a, 65535)); err != nil {
			t.Fatal(err)
		}
		if p := receive(t, c, 1)[0]; p.Slot != uint32(i) || p.Data[0] != byte(i) {
			t.Errorf("%s: %+v", a, p)
		}
	}
}
