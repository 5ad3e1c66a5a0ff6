package udp_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

var loopback = netip.MustParseAddr("127.0.0.1")

func ports(t testing.TB, c udp.PortsConfig) *udp.Ports {
	t.Helper()
	n, err := udp.NewPorts(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// loopback6 returns ::1 where the machine has it.
func loopback6(t testing.TB) netip.Addr {
	t.Helper()
	a := netip.IPv6Loopback()
	p, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		t.Logf("no IPv6 here: %v", err)
		return netip.Addr{}
	}
	p.Close()
	return a
}

// overNetworks runs a test over both ways to the network.
func overNetworks(t *testing.T, dscp int, test func(t *testing.T, n udp.Network)) {
	t.Run("ports", func(t *testing.T) { test(t, ports(t, udp.PortsConfig{DSCP: dscp})) })
	t.Run("steered", func(t *testing.T) { test(t, steered(t, udp.SteeredConfig{DSCP: dscp})) })
}

func TestPortsContract(t *testing.T) {
	v6 := loopback6(t)
	udptest.TestNetwork(t, func(t *testing.T) udptest.Subject {
		return udptest.Subject{Network: ports(t, udp.PortsConfig{}), IPv4: loopback, IPv6: v6, Foreign: netip.MustParseAddr("192.0.2.1")}
	})
}

func TestDSCPIsRefusedOutsideItsRange(t *testing.T) {
	for _, dscp := range []int{-1, 64} {
		if _, err := udp.NewPorts(udp.PortsConfig{DSCP: dscp}); err == nil {
			t.Errorf("dscp %d was accepted", dscp)
		}
	}
}

// TestDSCPMarksWhatIsSent reads the mark from the received packet's own header.
func TestDSCPMarksWhatIsSent(t *testing.T) {
	overNetworks(t, 46, dscpMarksWhatIsSent)
}

func dscpMarksWhatIsSent(t *testing.T, n udp.Network) {
	for _, addr := range []netip.Addr{loopback, loopback6(t)} {
		if !addr.IsValid() {
			continue
		}
		family, level, receive := unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVTOS
		var bind unix.Sockaddr = &unix.SockaddrInet4{Addr: loopback.As4()}
		if addr.Is6() {
			family, level, receive = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS
			bind = &unix.SockaddrInet6{Addr: addr.As16()}
		}
		fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := errors.Join(unix.SetsockoptInt(fd, level, receive, 1), unix.Bind(fd, bind)); err != nil {
			t.Fatal(err)
		}
		name, _ := unix.Getsockname(fd)
		var to netip.AddrPort
		switch name := name.(type) {
		case *unix.SockaddrInet4:
			to = netip.AddrPortFrom(addr, uint16(name.Port))
		case *unix.SockaddrInet6:
			to = netip.AddrPortFrom(addr, uint16(name.Port))
		}
		p, err := n.Open(netip.AddrPortFrom(addr, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		c, err := n.Conn(4)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Attach(0, p); err != nil {
			t.Fatal(err)
		}
		if failed := c.Send([]udp.Packet{{Slot: 0, Addr: to, Data: []byte("x")}}); failed != 0 {
			t.Fatal("not sent")
		}
		oob := make([]byte, 64)
		_, oobn, _, _, err := unix.Recvmsg(fd, make([]byte, 16), oob, 0)
		if err != nil {
			t.Fatal(err)
		}
		ms, err := unix.ParseSocketControlMessage(oob[:oobn])
		if err != nil || len(ms) != 1 {
			t.Fatalf("%d control messages, %v", len(ms), err)
		}
		if got := ms[0].Data[0] >> 2; got != 46 {
			t.Errorf("%s: DSCP %d, want 46", addr, got)
		}
	}
}

// TestOutOfFileDescriptors lowers the limit of a process of its own: the test binary, run again.
func TestOutOfFileDescriptors(t *testing.T) {
	const child = "SIDETONE_UDP_FEW_FILES"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestOutOfFileDescriptors$")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	n := ports(t, udp.PortsConfig{})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 32, Max: 32}); err != nil {
		t.Fatal(err)
	}
	var open []udp.Port
	defer func() {
		for _, p := range open {
			p.Close()
		}
	}()
	for range 64 {
		p, err := n.Open(netip.AddrPortFrom(loopback, 0))
		if err == nil {
			open = append(open, p)
			continue
		}
		if !errors.Is(err, udp.ErrFileDescriptors) || errors.Is(err, udp.ErrPortInUse) {
			t.Errorf("got %v", err)
		}
		if _, err := n.Conn(4); !errors.Is(err, udp.ErrFileDescriptors) {
			t.Errorf("Conn: got %v", err)
		}
		return
	}
	t.Error("64 ports were opened with 32 files")
}

// pair is two ports on one Conn, and what the benchmarks send over them.
func pair(t testing.TB, n udp.Network, addr netip.Addr, batch int) (udp.Conn, []udp.Packet, []udp.Packet) {
	c, err := n.Conn(batch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var local [2]netip.AddrPort
	for slot := range local {
		p, err := n.Open(netip.AddrPortFrom(addr, 0))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		if err := c.Attach(uint32(slot), p); err != nil {
			t.Fatal(err)
		}
		local[slot] = p.Local()
	}
	out := make([]udp.Packet, batch)
	for i := range out {
		out[i] = udp.Packet{Slot: 0, Addr: local[1], Data: make([]byte, 172)}
	}
	return c, out, make([]udp.Packet, batch)
}

func roundTrip(t testing.TB, c udp.Conn, out, in []udp.Packet) {
	if failed := c.Send(out); failed != 0 {
		t.Fatalf("%d failed", failed)
	}
	for got, empty := 0, 0; got < len(out); {
		n, err := c.Receive(in, time.Second)
		if n == 0 {
			empty++ // a signal may have interrupted it
		}
		if err != nil || empty > 100 {
			t.Fatalf("%d received, then %v", got, err)
		}
		got += n
	}
}

func TestSendReceiveNoAllocs(t *testing.T) {
	overNetworks(t, 0, func(t *testing.T, n udp.Network) {
		for _, addr := range []netip.Addr{loopback, loopback6(t)} {
			for _, batch := range []int{1, 16} {
				if addr.IsValid() {
					sendReceiveNoAllocs(t, n, addr, batch)
				}
			}
		}
	})
}

func sendReceiveNoAllocs(t *testing.T, n udp.Network, addr netip.Addr, batch int) {
	c, out, in := pair(t, n, addr, batch)
	if n := testing.AllocsPerRun(200, func() { roundTrip(t, c, out, in) }); n != 0 {
		t.Errorf("%s, batch %d: %v allocations", addr, batch, n)
	}
	if n := testing.AllocsPerRun(20, func() {
		c.Receive(in, time.Microsecond)
		c.Pause(time.Microsecond)
	}); n != 0 {
		t.Errorf("waiting: %v allocations", n)
	}
}

func BenchmarkSendReceive(b *testing.B) {
	for _, batch := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("ports/%d", batch), func(b *testing.B) { sendReceive(b, ports(b, udp.PortsConfig{}), batch) })
		b.Run(fmt.Sprintf("steered/%d", batch), func(b *testing.B) { sendReceive(b, steered(b, udp.SteeredConfig{}), batch) })
	}
}

func sendReceive(b *testing.B, n udp.Network, batch int) {
	conn, out, in := pair(b, n, loopback, batch)
	b.ReportAllocs()
	for b.Loop() {
		roundTrip(b, conn, out, in)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/packet")
}
