package relay

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sidetone/relay/rtp"
	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// hot is a relay on real sockets whose one shard is driven by the test's own goroutine, pass by pass, so that every allocation
// is seen.
type hot struct {
	t    testing.TB
	r    *Relay
	s    *Shard
	a, b *wire
	legs [2]*Leg
}

// wire is a peer's socket, used by bare system calls: they do not allocate.
type wire struct {
	fd    int
	local netip.AddrPort
	buf   [2048]byte
}

func newWire(t testing.TB) *wire {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	tv := unix.NsecToTimeval(int64(5 * time.Second))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return &wire{fd: fd, local: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(name.(*unix.SockaddrInet4).Port))}
}

// connect makes Write go to one of the relay's ports.
func (w *wire) connect(t testing.TB, to netip.AddrPort) {
	t.Helper()
	if err := unix.Connect(w.fd, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}); err != nil {
		t.Fatal(err)
	}
}

func newHot(t testing.TB) *hot { return newHotOver(t, "ports") }

func newHotOver(t testing.TB, sockets string) *hot {
	t.Helper()
	udptest.NeedSteered(t, sockets)
	loopback := netip.MustParseAddr("127.0.0.1")
	r, err := New(Config{Shards: 1, Sockets: sockets, Logger: slog.New(slog.DiscardHandler), Events: func(Event) {},
		Interfaces: []Interface{{Name: "lo", Address: loopback, FirstPort: 20000, LastPort: 29999}}})
	if err != nil {
		t.Fatal(err)
	}
	h := &hot{t: t, r: r, s: r.shards[0], a: newWire(t), b: newWire(t)}
	t.Cleanup(func() { r.Close() })
	h.drive(func() {
		for i, w := range []*wire{h.a, h.b} {
			l, err := r.OpenLeg(LegConfig{})
			if err != nil {
				t.Error(err)
				return
			}
			l.SetRemote(Remote{RTP: w.local, RTCP: w.local})
			h.legs[i] = l
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	h.a.connect(t, h.legs[0].LocalRTP())
	h.route(Route{To: h.legs[1]})
	return h
}

// drive runs the shard while fn asks it for things.
func (h *hot) drive(fn func()) {
	done := false
	go func() { // ends with fn, which this loop serves
		fn()
		h.r.Post(0, func(*Shard) { done = true })
	}()
	for !done {
		if err := h.s.pass(); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *hot) route(r Route) {
	h.drive(func() {
		if err := h.legs[0].SetRoute(r); err != nil {
			h.t.Error(err)
		}
	})
}

// through sends a packet from A and lets the shard work; with answer it waits for what B gets and returns its length.
func (h *hot) through(p []byte, answer bool) int {
	if _, err := unix.Write(h.a.fd, p); err != nil {
		h.t.Fatal(err)
	}
	if err := h.s.pass(); err != nil {
		h.t.Fatal(err)
	}
	if !answer {
		return 0
	}
	n, err := unix.Read(h.b.fd, h.b.buf[:])
	if err != nil {
		h.t.Fatalf("nothing came through: %v", err)
	}
	return n
}

func hotPacket() []byte {
	p := make([]byte, 172)
	rtp.Header{SSRC: 1, SequenceNumber: 1}.Put(p)
	return p
}

type upper struct{}

type sixfold struct{}

func (sixfold) Scale(timestamp uint32) uint32 { return 6 * timestamp }

// halves makes one packet of two.
type halves struct{ kept uint32 }

func (h *halves) Transform(dst, payload []byte) int {
	if h.kept = 80 - h.kept; h.kept > 0 {
		return 0
	}
	return copy(dst, payload)
}

func (h *halves) Framing() (behind, kept uint32) { return 80 - h.kept, h.kept }

func (upper) Transform(dst, payload []byte) int { return copy(dst, payload) }

type null struct{ n int }

func (s *null) ReceiveRTP(p []byte, _ int64) { s.n += len(p) }

type speaker struct {
	l *Leg
	p []byte
}

func (s *speaker) Tick(int64) { s.l.WriteRTP(s.p) }

// overBoth runs a test with a socket for each port and with steered ones.
func overBoth(t *testing.T, test func(t *testing.T, h *hot)) {
	for _, sockets := range []string{"ports", "steered"} {
		t.Run(sockets, func(t *testing.T) { test(t, newHotOver(t, sockets)) })
	}
}

func TestPacketPathNoAllocs(t *testing.T) { overBoth(t, packetPathNoAllocs) }

func packetPathNoAllocs(t *testing.T, h *hot) {
	p := hotPacket()
	report := []byte{0x80, rtp.RR, 0, 1, 0, 0, 0, 1}
	transform := NewPayloadMap()
	transform[0] = Action{PayloadType: 8, Transform: upper{}}
	clocked := NewPayloadMap()
	clocked[0] = Action{PayloadType: 8, Transform: upper{}, Clock: sixfold{}}
	for _, c := range []struct {
		name   string
		route  Route
		packet []byte
		answer bool
	}{
		{"relayed", Route{To: h.legs[1]}, p, true},
		{"renamed", Route{To: h.legs[1], Map: NewPayloadMap()}, p, true},
		{"transformed", Route{To: h.legs[1], Map: transform}, p, true},
		{"transformed to another clock", Route{To: h.legs[1], Map: clocked}, p, true},
		{"sunk", Route{Sink: &null{}}, p, false},
		{"tapped", Route{To: h.legs[1], Tap: Tap{Sink: &null{}}}, p, true},
		{"not what the tap sees", Route{To: h.legs[1], Tap: Tap{Sink: &null{}, Types: [2]uint64{1: 1}}}, p, true},
		{"no route", Route{}, p, false},
		{"RTCP", Route{To: h.legs[1]}, report, true},
		{"malformed", Route{To: h.legs[1]}, p[:11], false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			h.route(c.route)
			if n := testing.AllocsPerRun(100, func() {
				if n := h.through(c.packet, c.answer); c.answer && n != len(c.packet) {
					t.Fatalf("%d bytes came through", n)
				}
			}); n != 0 {
				t.Errorf("%v allocations a packet", n)
			}
		})
	}
	t.Run("raw", func(t *testing.T) {
		h.t = t
		h.route(Route{To: h.legs[1]})
		h.legs[0].raw = true
		if n := testing.AllocsPerRun(100, func() {
			if n := h.through(p[:11], true); n != 11 {
				t.Fatalf("%d bytes came through", n)
			}
		}); n != 0 {
			t.Errorf("%v allocations a packet", n)
		}
		h.legs[0].raw = false
	})
	t.Run("two made into one", func(t *testing.T) {
		h.t = t
		halved := NewPayloadMap()
		halved[0] = Action{PayloadType: 3, Transform: &halves{}}
		h.route(Route{To: h.legs[1], Map: halved})
		h.through(p, false)
		if n := testing.AllocsPerRun(100, func() {
			h.through(p, true)
			h.through(p, false)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
		h.through(p, true)
	})
	s := h.legs[0].snapshot()
	if s.Received.Packets < 500 || s.RTCPReceived.Packets < 100 || s.Dropped[DropMalformed] < 100 || s.Dropped[DropNoSession] < 100 {
		t.Errorf("the packets took another way: %+v", s)
	}
}

func TestTickPathNoAllocs(t *testing.T) { overBoth(t, tickPathNoAllocs) }

func tickPathNoAllocs(t *testing.T, h *hot) {
	p := hotPacket()
	h.through(p, true) // B's leg sends to B without having heard it
	h.s.AddTicker(&speaker{h.legs[1], p})
	ticks := 0
	if n := testing.AllocsPerRun(10, func() {
		before := h.s.stats.Sent.Packets
		for h.s.stats.Sent.Packets == before { // wakes by itself, 20 ms later
			if err := h.s.pass(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := unix.Read(h.b.fd, h.b.buf[:]); err != nil {
			t.Fatal(err)
		}
		ticks++
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if n := testing.AllocsPerRun(10, func() { h.s.words = h.legs[1].Fetch() }); n != 0 {
		t.Errorf("%v allocations to prepare for one", n)
	}
	if ticks < 10 {
		t.Errorf("%d ticks", ticks)
	}
}

func TestLearningNoAllocs(t *testing.T) { overBoth(t, learningNoAllocs) }

func learningNoAllocs(t *testing.T, h *hot) {
	h.drive(func() {
		h.legs[0].SetRemote(Remote{RTP: netip.MustParseAddrPort("192.168.1.5:4000"), SIPSource: netip.MustParseAddr("203.0.113.1")})
	})
	p := hotPacket()
	if n := testing.AllocsPerRun(100, func() { h.through(p, false) }); n != 0 { // refused
		t.Errorf("%v allocations a refused packet", n)
	}
	h.drive(func() {
		h.legs[0].SetRemote(Remote{RTP: netip.MustParseAddrPort("192.168.1.5:4000"), SIPSource: netip.MustParseAddr("127.0.0.1")})
	})
	seq := uint16(0)
	if n := testing.AllocsPerRun(100, func() {
		seq += 2 // never in sequence
		rtp.SetSequenceNumber(p, seq)
		h.through(p, false)
	}); n != 0 {
		t.Errorf("%v allocations a packet to learn from", n)
	}
	if s := h.legs[0].snapshot(); s.Dropped[DropSource] < 100 || s.Dropped[DropLearning] < 100 {
		t.Errorf("the packets took another way: %+v", s)
	}
}

func TestScanNoAllocs(t *testing.T) { overBoth(t, scanNoAllocs) }

func scanNoAllocs(t *testing.T, h *hot) {
	now := h.s.now
	if n := testing.AllocsPerRun(100, func() {
		now += scanEvery
		h.s.scan(now)
	}); n != 0 {
		t.Errorf("%v allocations a scan", n)
	}
}

// BenchmarkAccept is the shard's own work for a relayed packet: no system call.
func BenchmarkAccept(b *testing.B) {
	h := newHot(b)
	h.through(hotPacket(), true)
	in := udp.Packet{Slot: h.legs[0].slots[0], Addr: h.a.local, Data: hotPacket()}
	b.ReportAllocs()
	for b.Loop() {
		h.s.accept(&in, 1)
		h.s.out.n = 0 // nothing is sent
	}
}
