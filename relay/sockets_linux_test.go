package relay_test

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sidetone/relay"
	"sidetone/relay/port"
	"sidetone/relay/rtp"
	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// overSockets runs a test over steered sockets and over a socket for each port.
func overSockets(t *testing.T, test func(t *testing.T, sockets string)) {
	for _, sockets := range []string{"ports", "steered"} {
		t.Run(sockets, func(t *testing.T) { test(t, sockets) })
	}
}

// onLoopback runs a relay on real sockets; the ports are below those that phones' sockets are given.
func onLoopback(t testing.TB, c relay.Config) *relay.Relay {
	t.Helper()
	udptest.NeedSteered(t, c.Sockets)
	c.Logger = slog.New(slog.DiscardHandler)
	if c.Interfaces == nil {
		c.Interfaces = []relay.Interface{{Name: "lo", Address: loopback, FirstPort: 20000, LastPort: 29999}}
		if p, err := net.ListenPacket("udp6", "[::1]:0"); err == nil {
			p.Close()
			c.Interfaces = append(c.Interfaces, relay.Interface{Name: "lo", Address: netip.IPv6Loopback(), FirstPort: 20000, LastPort: 29999})
		}
	}
	return run(t, c)
}

// socketPhone is a phone on a real socket.
type socketPhone struct {
	*net.UDPConn
	ssrc uint32
	seq  uint16
}

func newSocketPhone(t testing.TB, a netip.Addr, ssrc uint32) *socketPhone {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &socketPhone{UDPConn: c, ssrc: ssrc}
}

func (p *socketPhone) addr() netip.AddrPort { return p.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *socketPhone) send(t testing.TB, to netip.AddrPort) {
	t.Helper()
	b := make([]byte, 172)
	rtp.Header{SSRC: p.ssrc, SequenceNumber: p.seq}.Put(b)
	p.seq++
	if _, err := p.WriteToUDPAddrPort(b, to); err != nil {
		t.Fatal(err)
	}
}

// expect reads the next packet and checks whose it is.
func (p *socketPhone) expect(t testing.TB, ssrc uint32, seq uint16, from netip.AddrPort) {
	t.Helper()
	p.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 2048)
	n, src, err := p.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatalf("waiting for packet %d of %x: %v", seq, ssrc, err)
	}
	if b = b[:n]; n != 172 || rtp.SSRC(b) != ssrc || rtp.SequenceNumber(b) != seq || src != from {
		t.Fatalf("got %d bytes of %x/%d from %v, want %x/%d from %v", n, rtp.SSRC(b), rtp.SequenceNumber(b), src, ssrc, seq, from)
	}
}

func TestCallOverLoopback(t *testing.T) { overSockets(t, callOverLoopback) }

func callOverLoopback(t *testing.T, sockets string) {
	r := onLoopback(t, relay.Config{Shards: 2, Sockets: sockets, BatchWindow: time.Millisecond, DSCP: 46})
	addrs := []netip.Addr{loopback}
	if len(r.Interfaces()) > 1 {
		addrs = append(addrs, netip.IPv6Loopback())
	}
	for _, a := range addrs {
		for _, b := range addrs {
			legA, err := r.OpenLeg(relay.LegConfig{ID: "A", IPv6: a.Is6()})
			if err != nil {
				t.Fatal(err)
			}
			legB, err := r.OpenLeg(relay.LegConfig{ID: "B", IPv6: b.Is6()})
			if err != nil {
				t.Fatal(err)
			}
			pa, pb := newSocketPhone(t, a, 0xa), newSocketPhone(t, b, 0xb)
			legA.SetRemote(relay.Remote{RTP: pa.addr(), SIPSource: a})
			legB.SetRemote(relay.Remote{RTP: pb.addr(), SIPSource: b})
			join(t, legA, legB)
			for i := range uint16(100) {
				pa.send(t, legA.LocalRTP())
				pb.expect(t, 0xa, i, legB.LocalRTP())
				pb.send(t, legB.LocalRTP())
				pa.expect(t, 0xb, i, legA.LocalRTP())
				if i%10 == 9 { // to and fro between the shards, in mid-call
					if err := legA.Move(int(i/10) % 2); err != nil {
						t.Fatal(err)
					}
				}
			}
			if s := legA.Stats(); s.Received.Packets != 100 || s.Sent.Packets != 100 || s.Dropped.Total() != 0 || s.SendFailed != 0 {
				t.Errorf("%v to %v: stats %+v", a, b, s)
			}
			legA.Close()
			legB.Close()
		}
	}
}

func TestMoveOverLoopbackLosesNothing(t *testing.T) { overSockets(t, moveOverLoopbackLosesNothing) }

func moveOverLoopbackLosesNothing(t *testing.T, sockets string) {
	r := onLoopback(t, relay.Config{Shards: 2, Sockets: sockets})
	legA, err := r.OpenLeg(relay.LegConfig{ID: "A"})
	if err != nil {
		t.Fatal(err)
	}
	legB, err := r.OpenLeg(relay.LegConfig{ID: "B"})
	if err != nil {
		t.Fatal(err)
	}
	pa, pb := newSocketPhone(t, loopback, 0xa), newSocketPhone(t, loopback, 0xb)
	legA.SetRemote(relay.Remote{RTP: pa.addr()})
	legB.SetRemote(relay.Remote{RTP: pb.addr()})
	join(t, legA, legB)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // moves the call to and fro; ends with stop; waited for below
		defer close(stopped)
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := legA.Move(n % 2); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for i := range uint16(300) {
		for range 8 { // a burst, so that packets wait in the socket while the call moves
			pa.send(t, legA.LocalRTP())
		}
		for k := range uint16(8) {
			pb.expect(t, 0xa, i*8+k, legB.LocalRTP())
		}
	}
	close(stop)
	<-stopped
}

func files(t testing.TB) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

func TestAThousandLegsLeaveNoFilesOpen(t *testing.T) {
	r := onLoopback(t, relay.Config{Shards: 2, Sockets: "ports", Quarantine: -1})
	before := files(t)
	for range 20 {
		var legs []*relay.Leg
		for range 50 {
			l, err := r.OpenLeg(relay.LegConfig{Shard: -1})
			if err != nil {
				t.Fatal(err)
			}
			legs = append(legs, l)
		}
		if n := files(t); n < before+100 {
			t.Fatalf("%d files open with 50 legs, %d without", n, before)
		}
		for _, l := range legs {
			l.Close()
		}
	}
	if n := files(t); n > before {
		t.Errorf("%d files open, %d before", n, before)
	}
	r.Close()
	if n := files(t); n > before-4 { // two shards: an epoll and an eventfd each
		t.Errorf("%d files open after Close, %d while it ran", n, before)
	}
}

// TestOutOfFilesIsReportedAndSurvived lowers the limit of a process of its own: the test binary, run again.
func TestOutOfFilesIsReportedAndSurvived(t *testing.T) {
	const child = "SIDETONE_RELAY_FEW_FILES"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestOutOfFilesIsReportedAndSurvived$")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	r := onLoopback(t, relay.Config{Shards: 1, Sockets: "ports"})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	var legs []*relay.Leg
	var err error
	for range 64 {
		var l *relay.Leg
		if l, err = r.OpenLeg(relay.LegConfig{}); err != nil {
			break
		}
		legs = append(legs, l)
	}
	if !errors.Is(err, udp.ErrFileDescriptors) || errors.Is(err, port.ErrRangeFull) {
		t.Fatalf("after %d legs: %v", len(legs), err)
	}
	legs[0].Close()
	if _, err := r.OpenLeg(relay.LegConfig{}); err != nil {
		t.Errorf("with files free again: %v", err)
	}
}
