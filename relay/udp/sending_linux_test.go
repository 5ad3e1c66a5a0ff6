package udp_test

import (
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sidetone/relay/udp"
)

// swallow makes a network device that drops what is sent to it, a tunnel whose end nobody reads, and returns its addresses,
// IPv4 and IPv6.
func swallow(t testing.TB) []netip.Addr {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no tunnels here: %v", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	device, err := unix.NewIfreq("swallow")
	if err != nil {
		t.Fatal(err)
	}
	device.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, device); err != nil {
		t.Skipf("no tunnels here: %v", err)
	}
	for _, args := range []string{"link set swallow up txqueuelen 2", "addr add 10.99.0.1/24 dev swallow", "addr add fd99::1/64 dev swallow nodad"} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v %s", args, err, out)
		}
	}
	return []netip.Addr{netip.MustParseAddr("10.99.0.1"), netip.MustParseAddr("fd99::1")}
}

// BenchmarkSendFromManyPorts sends batches in which each packet leaves by another port, to a device that swallows them: what
// decides between a raw socket for all ports (steered) and a bound socket for each (ports). cpu-ns/packet is the sending
// thread's alone.
func BenchmarkSendFromManyPorts(b *testing.B) {
	for _, addr := range swallow(b) {
		family := map[bool]string{false: "IPv4", true: "IPv6"}[addr.Is6()]
		b.Run("ports/"+family, func(b *testing.B) { sendFromManyPorts(b, addr, ports(b, udp.PortsConfig{})) })
		b.Run("steered/"+family, func(b *testing.B) {
			sendFromManyPorts(b, addr, steered(b, udp.SteeredConfig{Addresses: []netip.Addr{addr}}))
		})
	}
}

func sendFromManyPorts(b *testing.B, addr netip.Addr, n udp.Network) {
	const batch = 128
	conn, err := n.Conn(batch)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	out := make([]udp.Packet, batch)
	for i := range out {
		p, err := n.Open(netip.AddrPortFrom(addr, 0))
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		if err := conn.Attach(uint32(i), p); err != nil {
			b.Fatal(err)
		}
		out[i] = udp.Packet{Slot: uint32(i), Addr: netip.AddrPortFrom(addr.Next(), 5000), Data: make([]byte, 172)}
	}
	conn.Send(out) // the first of them fill the tunnel
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadCPU(b)
	b.ReportAllocs()
	for b.Loop() {
		conn.Send(out)
	}
	b.ReportMetric(float64((threadCPU(b)-before).Nanoseconds())/float64(b.N*batch), "cpu-ns/packet")
}

func threadCPU(t testing.TB) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkOpen is the life of a port without a packet: what a call costs in sockets.
func BenchmarkOpen(b *testing.B) {
	for _, c := range []struct {
		name    string
		network func() udp.Network
	}{
		{"ports", func() udp.Network { return ports(b, udp.PortsConfig{}) }},
		{"steered", func() udp.Network { return steered(b, udp.SteeredConfig{}) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := c.network()
			conn := newConn(b, n)
			port := uint16(0)
			for b.Loop() {
				port = port%10_000 + 1
				p, err := n.Open(netip.AddrPortFrom(loopback, 20000+port))
				if err != nil {
					b.Fatal(err)
				}
				if err := conn.Attach(0, p); err != nil {
					b.Fatal(err)
				}
				conn.Detach(0)
				p.Close()
			}
		})
	}
}
