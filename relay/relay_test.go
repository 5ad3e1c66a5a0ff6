package relay_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/udp/udptest"
)

const oneShard = 1

func TestRelaysRTPBothWaysUntouched(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{Shards: oneShard}).call()
	sent := c.a.packet()
	c.a.rtp.Send(c.legA.LocalRTP(), bytes.Clone(sent))
	c.net.Advance(0)
	got, from, ok := c.b.rtp.Receive()
	if !ok || !bytes.Equal(got, sent) {
		t.Fatalf("sent %x\ngot  %x", sent, got)
	}
	if from != c.legB.LocalRTP() {
		t.Errorf("came from %v, want the leg's own port %v", from, c.legB.LocalRTP())
	}
	c.talk(50)
	heard(t, c.a, 0xb, 50)
	heard(t, c.b, 0xa, 50)
	if got, want := c.events.take(), []string{"A latched", "B latched"}; !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	s := c.legA.Stats()
	if s.Received != (relay.Count{Packets: 51, Bytes: 51 * 172}) || s.Sent != (relay.Count{Packets: 50, Bytes: 50 * 172}) ||
		s.Dropped.Total() != 0 || s.State != relay.Locked || s.SSRC != 0xa || s.Remote != c.a.rtp.Addr() || s.LastActivity == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestAddsNoDelay(t *testing.T) {
	c := start(t, udptest.Config{Delay: 10 * time.Millisecond}, relay.Config{Shards: oneShard, BatchWindow: time.Millisecond}).call()
	for range 50 {
		c.a.send(c.legA.LocalRTP())
		c.net.Advance(20 * time.Millisecond) // there and on: two hops of 10 ms and nothing more
		heard(t, c.b, 0xa, 1)
	}
}

func TestPortsAreAnEvenOddPairOfTheInterface(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Interfaces: []relay.Interface{
		{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 20099},
		{Name: "wan", Address: netip.MustParseAddr("10.0.0.2"), Advertise: netip.MustParseAddr("203.0.113.9"), FirstPort: 30000, LastPort: 30099},
	}})
	for _, c := range []struct {
		iface, address, advertised string
		first                      uint16
	}{{"", "10.0.0.1", "10.0.0.1", 20000}, {"lan", "10.0.0.1", "10.0.0.1", 20000}, {"wan", "10.0.0.2", "203.0.113.9", 30000}} {
		l := b.leg(relay.LegConfig{Interface: c.iface})
		p := l.LocalRTP().Port()
		if p%2 != 0 || l.LocalRTCP().Port() != p+1 || p < c.first || p >= c.first+100 {
			t.Errorf("%q: ports %d and %d", c.iface, p, l.LocalRTCP().Port())
		}
		if l.LocalRTP().Addr().String() != c.address || l.Advertised().String() != c.advertised {
			t.Errorf("%q: local %v, advertised %v", c.iface, l.LocalRTP(), l.Advertised())
		}
	}
	if _, err := b.OpenLeg(relay.LegConfig{ID: "x", Interface: "dmz"}); err == nil || err.Error() != `leg x: no interface is named "dmz"` {
		t.Errorf("unknown interface: %v", err)
	}
	if _, err := b.OpenLeg(relay.LegConfig{ID: "x", Interface: "wan", IPv6: true}); err == nil || err.Error() != "leg x: interface wan has no IPv6 address" {
		t.Errorf("no IPv6: %v", err)
	}
	use := b.Interfaces()
	if len(use) != 2 || use[0].Pairs != 50 || use[0].InUse != 2 || use[1].InUse != 1 {
		t.Errorf("use %+v", use)
	}
}

func TestRelaysBetweenIPv4AndIPv6(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	four, six := b.phone("10.0.1.1:4000", 4), b.phone("[fd00::6]:6000", 6)
	leg4, leg6 := b.leg(relay.LegConfig{ID: "4"}), b.leg(relay.LegConfig{ID: "6", IPv6: true})
	if !leg6.LocalRTP().Addr().Is6() {
		t.Fatalf("local %v", leg6.LocalRTP())
	}
	leg4.SetRemote(four.remote())
	leg6.SetRemote(six.remote())
	join(t, leg4, leg6)
	for range 20 {
		four.send(leg4.LocalRTP())
		six.send(leg6.LocalRTP())
		b.net.Advance(20 * time.Millisecond)
	}
	heard(t, four, 6, 20)
	heard(t, six, 4, 20)
	// A peer of the wrong family is told apart from silence.
	leg4.SetRemote(six.remote())
	six.send(leg6.LocalRTP())
	b.net.Advance(20 * time.Millisecond)
	if s := leg4.Stats(); s.SendFailed != 1 {
		t.Errorf("%d sends failed, want 1", s.SendFailed)
	}
}

func TestRTCPMuxOnEitherSide(t *testing.T) {
	for _, c := range []struct{ muxA, muxB bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
		k := b.call()
		for _, side := range []struct {
			leg *relay.Leg
			p   *phone
			mux bool
		}{{k.legA, k.a, c.muxA}, {k.legB, k.b, c.muxB}} {
			r := side.p.remote()
			r.Mux = side.mux
			side.leg.SetRemote(r)
		}
		k.talk(3)
		k.a.received()
		k.b.received()
		report := func(p *phone, leg *relay.Leg, mux bool) {
			if mux {
				p.rtp.Send(leg.LocalRTP(), p.report())
			} else {
				p.rtcp.Send(leg.LocalRTCP(), p.report())
			}
		}
		got := func(p *phone, leg *relay.Leg, mux bool, want []byte) {
			t.Helper()
			e, from := p.rtcp, leg.LocalRTCP()
			if mux {
				e, from = p.rtp, leg.LocalRTP()
			}
			if b, src, ok := e.Receive(); !ok || !bytes.Equal(b, want) || src != from {
				t.Errorf("mux %v/%v: got %x from %v (%v), want %x from %v", c.muxA, c.muxB, b, src, ok, want, from)
			}
		}
		for range 3 {
			report(k.a, k.legA, c.muxA)
			report(k.b, k.legB, c.muxB)
			b.net.Advance(time.Second)
			got(k.a, k.legA, c.muxA, k.b.report())
			got(k.b, k.legB, c.muxB, k.a.report())
		}
		if s := k.legA.Stats(); s.RTCPReceived.Packets != 3 || s.RTCPSent.Packets != 3 || s.Dropped.Total() != 0 {
			t.Errorf("stats %+v", s)
		}
	}
}

func TestEarlyMediaGoesToAPeerThatHasNotSentYet(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	for range 10 {
		k.b.send(k.legB.LocalRTP())
		b.net.Advance(20 * time.Millisecond)
	}
	heard(t, k.a, 0xb, 10)
}

func TestPhoneBehindNATIsHeardAndReached(t *testing.T) {
	b := start(t, udptest.Config{Delay: 5 * time.Millisecond}, relay.Config{Shards: oneShard})
	nat := b.net.NAT(netip.MustParseAddr("203.0.113.1"))
	k := b.call()
	k.a = natPhone(nat, "192.168.1.5:4000", 0xa)
	k.legA.SetRemote(relay.Remote{RTP: k.a.rtp.Addr(), RTCP: k.a.rtcp.Addr(), SIPSource: netip.MustParseAddr("203.0.113.1")})
	k.talk(5)
	b.net.Advance(20 * time.Millisecond)
	k.a.received()
	k.b.received()
	if s := k.legA.Stats(); s.State != relay.Locked || s.Dropped[relay.DropLearning] != 3 {
		t.Fatalf("stats %+v", s)
	}
	k.talk(50)
	heard(t, k.a, 0xb, 50)
	heard(t, k.b, 0xa, 50)

	// The router restarts: the stream goes on from another port, and both ways.
	nat.Rebind()
	b.events.take()
	k.talk(50)
	got := k.a.received()[0xb]
	if len(got) < 49 {
		t.Errorf("the phone heard %d of 50 after the rebinding", len(got))
	}
	heard(t, k.b, 0xa, 50)
	if got := b.events.take(); !slices.Equal(got, []string{"A relatched"}) {
		t.Errorf("events %q", got)
	}

	// RTCP finds its way once the phone has sent some.
	k.b.rtcp.Send(k.legB.LocalRTCP(), k.b.report())
	b.net.Advance(time.Second)
	if _, _, ok := k.a.rtcp.Receive(); ok {
		t.Error("RTCP was sent on a guess")
	}
	k.a.rtcp.Send(k.legA.LocalRTCP(), k.a.report())
	b.net.Advance(time.Second)
	k.b.rtcp.Send(k.legB.LocalRTCP(), k.b.report())
	b.net.Advance(time.Second)
	if _, _, ok := k.a.rtcp.Receive(); !ok {
		t.Error("RTCP did not reach the phone")
	}
}

func TestBleedAndInjectionFindNothing(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	mallory := b.phone("192.0.2.66:4000", 0xbad)
	spray := func(n int) {
		for range n {
			for _, to := range []netip.AddrPort{k.legA.LocalRTP(), k.legB.LocalRTP(), k.legA.LocalRTCP()} {
				mallory.send(to)
				mallory.rtcp.Send(to, mallory.report())
			}
			b.net.Advance(5 * time.Millisecond)
		}
	}
	spray(50) // before anybody speaks
	k.talk(10)
	spray(50) // and while they do
	k.talk(10)
	heard(t, k.a, 0xb, 20)
	heard(t, k.b, 0xa, 20)
	if got := mallory.received(); len(got) != 0 {
		t.Errorf("the attacker heard %v", got)
	}
	if _, _, ok := mallory.rtcp.Receive(); ok {
		t.Error("the attacker got RTCP")
	}
	for _, e := range []*udptest.Endpoint{k.a.rtcp, k.b.rtcp} {
		if _, _, ok := e.Receive(); ok {
			t.Error("injected RTCP came through")
		}
	}
	s := k.legA.Stats()
	if n := s.Dropped[relay.DropSource]; n < 100 {
		t.Errorf("%d drops by source: %+v", n, s)
	}
}

func TestRubbishIsCountedAndDisturbsNothing(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	k.talk(5)
	whole := k.a.packet()
	k.a.seq--
	var rubbish [][]byte
	for n := 1; n < rtp.HeaderSize; n++ {
		rubbish = append(rubbish, whole[:n])
	}
	for _, first := range []byte{0x00, 0x40, 0xc0, 0xff, 0x9f, 0x8f} { // versions 0, 1, 3; extension and CSRCs that are not there
		rubbish = append(rubbish, append([]byte{first}, whole[1:14]...))
	}
	rubbish = append(rubbish, append([]byte{0xa0}, whole[1:]...))                                    // padding count 0
	rubbish = append(rubbish, []byte{0x80, rtp.SR, 0xff, 0xff, 0, 0, 0, 1})                          // RTCP longer than it is
	rubbish = append(rubbish, []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9}) // STUN
	rubbish = append(rubbish, make([]byte, 3000))
	rubbish = append(rubbish, append(bytes.Clone(whole), make([]byte, 3000)...)) // longer than a packet may be
	for _, r := range rubbish {
		k.a.rtp.Send(k.legA.LocalRTP(), r)
		k.a.rtcp.Send(k.legA.LocalRTCP(), r)
	}
	k.a.rtcp.Send(k.legA.LocalRTCP(), whole) // RTP on the RTCP port
	b.net.Advance(20 * time.Millisecond)
	k.talk(5)
	heard(t, k.b, 0xa, 10)
	if _, _, ok := k.b.rtcp.Receive(); ok {
		t.Error("rubbish came through as RTCP")
	}
	s := k.legA.Stats()
	if want := uint64(2*len(rubbish) + 1); s.Dropped[relay.DropMalformed] != want || s.Dropped.Total() != want {
		t.Errorf("%d drops, %d malformed, want %d", s.Dropped.Total(), s.Dropped[relay.DropMalformed], want)
	}
	if s.State != relay.Locked || b.Stats()[0].Panics != 0 {
		t.Errorf("%+v", s)
	}
}

func TestOnlyNegotiatedPayloadTypesPass(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	r := k.a.remote()
	r.PayloadTypes[0] = 1<<0 | 1<<8
	r.PayloadTypes[1] = 1 << (101 - 64)
	k.legA.SetRemote(r)
	for _, c := range []struct {
		pt   uint8
		pass int
	}{{0, 1}, {8, 1}, {101, 1}, {3, 0}, {96, 0}, {127, 0}, {37, 0}} {
		k.a.pt = c.pt
		k.a.send(k.legA.LocalRTP())
		b.net.Advance(20 * time.Millisecond)
		if got := k.b.received()[0xa]; len(got) != c.pass {
			t.Errorf("payload type %d: %d packets passed, want %d", c.pt, len(got), c.pass)
		}
	}
	if s := k.legA.Stats(); s.Dropped[relay.DropPayloadType] != 4 {
		t.Errorf("drops %v", s.Dropped)
	}
}

func TestWithoutRouteCountsAndDrops(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	if err := k.legA.SetRoute(relay.Route{}); err != nil {
		t.Fatal(err)
	}
	k.talk(5)
	heard(t, k.b, 0xa, 0)
	heard(t, k.a, 0xb, 5)
	if s := k.legA.Stats(); s.Dropped[relay.DropNoSession] != 5 || s.Received.Packets != 5 {
		t.Errorf("stats %+v", s)
	}
}

// invert is a Transform that can be told apart.
type invert struct{ grow int }

func (i invert) Transform(dst, payload []byte) int {
	for k, b := range payload {
		dst[k] = ^b
	}
	return len(payload) + i.grow
}

func TestPayloadMapRewritesAndTransforms(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	m := relay.NewPayloadMap()
	m[0] = relay.Action{PayloadType: 8, Transform: invert{}}
	m[101] = relay.Action{PayloadType: 96}
	m[13] = relay.Action{Drop: true}
	m[3] = relay.Action{PayloadType: 3, Transform: invert{grow: -160}} // makes nothing of it
	m[4] = relay.Action{PayloadType: 4, Transform: invert{grow: 99999}}
	if err := k.legA.SetRoute(relay.Route{To: k.legB, Map: m}); err != nil {
		t.Fatal(err)
	}
	plain := k.a.packet()
	withAll := append([]byte{0xb1, 0x80}, plain[2:12]...)               // marker, padding, extension, one CSRC
	withAll = append(withAll, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 5, 6, 7, 8) // CSRC, extension
	withAll = append(withAll, 10, 20, 30, 0, 2)                         // payload, padding
	transformed := append([]byte{0x91, 0x88}, withAll[2:24]...)         // marker kept, padding gone
	transformed = append(transformed, 10^0xff, 20^0xff, 30^0xff)        // payload
	event := append([]byte{0x80, 0x80 | 101}, withAll[2:20]...)         // a telephone event with the marker
	renamed := append([]byte{0x80, 0x80 | 96}, withAll[2:20]...)        // ... under the other side's payload type
	plain[1] = 0                                                        //
	inverted := append([]byte{0x80, 8}, plain[2:12]...)                 //
	for _, x := range plain[12:] {
		inverted = append(inverted, ^x)
	}
	for _, c := range []struct {
		name       string
		sent, want []byte
	}{
		{"transformed", plain, inverted},
		{"header kept", withAll, transformed},
		{"renamed", event, renamed},
		{"untouched", append([]byte{0x80, 9}, plain[2:]...), append([]byte{0x80, 9}, plain[2:]...)},
		{"dropped", append([]byte{0x80, 13}, plain[2:]...), nil},
		{"transformed to nothing", append([]byte{0x80, 3}, plain[2:]...), nil},
		{"transformed to too much", append([]byte{0x80, 4}, plain[2:]...), nil},
		{"nothing to transform", plain[:12], nil},
	} {
		k.a.rtp.Send(k.legA.LocalRTP(), c.sent)
		b.net.Advance(20 * time.Millisecond)
		got, _, ok := k.b.rtp.Receive()
		if ok != (c.want != nil) || !bytes.Equal(got, c.want) {
			t.Errorf("%s:\n got %x\nwant %x", c.name, got, c.want)
		}
	}
	if s := k.legA.Stats(); s.Dropped[relay.DropPayloadType] != 1 || s.Dropped[relay.DropMalformed] != 3 {
		t.Errorf("drops %v", s.Dropped)
	}
}

// pairs is a Framer that makes one packet of two.
type pairs struct{ first []byte }

func (p *pairs) Transform(dst, payload []byte) int {
	if p.first == nil {
		p.first = bytes.Clone(payload)
		return 0
	}
	n := copy(dst, p.first)
	p.first = nil
	return n + copy(dst[n:], payload)
}

func (p *pairs) Framing() (behind, kept uint32) {
	if p.first != nil {
		return 0, 80
	}
	return 80, 0
}

func TestPayloadOfTwoPacketsBeginsWithTheFirst(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	m := relay.NewPayloadMap()
	m[0] = relay.Action{PayloadType: 3, Transform: &pairs{}, Clock: sixfold{}}
	if err := k.legA.SetRoute(relay.Route{To: k.legB, Map: m}); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		p := k.a.packet()
		rtp.SetPayloadType(p, 0)
		rtp.SetTimestamp(p, uint32(1000+80*i))
		k.a.rtp.Send(k.legA.LocalRTP(), p)
		b.net.Advance(10 * time.Millisecond)
		got, _, ok := k.b.rtp.Receive()
		if ok != (i%2 == 1) || ok && (rtp.Timestamp(got) != uint32(6*(1000+80*(i-1))) || len(got) != 2*len(p)-12) {
			t.Errorf("packet %d: %x", i, got)
		}
	}
	if s := k.legA.Stats(); s.Dropped[relay.DropMalformed] != 0 {
		t.Errorf("drops %v", s.Dropped)
	}
}

// sixfold is a Clock.
type sixfold struct{}

func (sixfold) Scale(timestamp uint32) uint32 { return 6 * timestamp }

func TestPayloadMapScalesTimestamps(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	m := relay.NewPayloadMap()
	m[0] = relay.Action{PayloadType: 111, Transform: invert{}, Clock: sixfold{}}
	m[101] = relay.Action{PayloadType: 102, Clock: sixfold{}}
	if err := k.legA.SetRoute(relay.Route{To: k.legB, Map: m}); err != nil {
		t.Fatal(err)
	}
	for pt, want := range map[byte]byte{0: 111, 101: 102} {
		p := k.a.packet()
		p[1] = pt
		before := rtp.ReadHeader(p)
		k.a.rtp.Send(k.legA.LocalRTP(), p)
		b.net.Advance(20 * time.Millisecond)
		got, _, ok := k.b.rtp.Receive()
		if !ok {
			t.Fatalf("%d did not come through", pt)
		}
		if h := rtp.ReadHeader(got); h.Timestamp != 6*before.Timestamp || h.SequenceNumber != before.SequenceNumber || h.PayloadType != want {
			t.Errorf("%+v became %+v", before, h)
		}
	}
}

// sink keeps what it is given. Its fields belong to the shard's thread.
type sink struct {
	packets int
	last    []byte
	at      int64
	panics  bool
}

func (s *sink) ReceiveRTP(p []byte, now int64) {
	if s.panics {
		panic("sink")
	}
	s.packets++
	s.last, s.at = append(s.last[:0], p...), now
}

func TestSinkGetsRTPAndKeepsRTCP(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	s := &sink{}
	if err := k.legA.SetRoute(relay.Route{Sink: s}); err != nil {
		t.Fatal(err)
	}
	p := k.a.packet()
	k.a.rtp.Send(k.legA.LocalRTP(), p)
	k.a.rtcp.Send(k.legA.LocalRTCP(), k.a.report())
	b.net.Advance(20 * time.Millisecond)
	b.Do(0, func(*relay.Shard) {
		if s.packets != 1 || !bytes.Equal(s.last, p) || s.at != b.net.Now()-int64(20*time.Millisecond) {
			t.Errorf("%d packets, %x at %d", s.packets, s.last, s.at)
		}
	})
	if _, _, ok := k.b.rtcp.Receive(); ok {
		t.Error("RTCP was forwarded")
	}
	if st := k.legA.Stats(); st.RTCPReceived.Packets != 1 || st.Dropped.Total() != 0 {
		t.Errorf("stats %+v", st)
	}
	// Both: the sink listens in.
	if err := k.legA.SetRoute(relay.Route{Sink: s, To: k.legB}); err != nil {
		t.Fatal(err)
	}
	k.a.send(k.legA.LocalRTP())
	b.net.Advance(20 * time.Millisecond)
	heard(t, k.b, 0xa, 1)
	b.Do(0, func(*relay.Shard) {
		if s.packets != 2 {
			t.Errorf("%d packets", s.packets)
		}
	})
}

// fetching is a sink that is told of its packets before they come to it.
type fetching struct {
	sink
	fetched, unfetched int
	panics             bool
}

func (f *fetching) Fetch() uint64 {
	if f.panics {
		panic("fetch")
	}
	f.fetched++
	return 1
}

func (f *fetching) ReceiveRTP(p []byte, now int64) {
	if f.fetched <= f.packets {
		f.unfetched++
	}
	f.sink.ReceiveRTP(p, now)
}

func TestSinkIsFetchedBeforeItsPackets(t *testing.T) {
	for _, panics := range []bool{false, true} {
		b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
		k := b.call()
		f := &fetching{panics: panics}
		if err := k.legA.SetRoute(relay.Route{Sink: f}); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			k.a.send(k.legA.LocalRTP())
		}
		b.net.Advance(20 * time.Millisecond)
		k.a.send(k.legA.LocalRTP())
		b.net.Advance(20 * time.Millisecond)
		b.Do(0, func(*relay.Shard) {
			if want := map[bool]int{true: 101}[panics]; f.packets != 101 || f.unfetched != want {
				t.Errorf("panics %v: of %d packets %d not fetched", panics, f.packets, f.unfetched)
			}
		})
		if n := b.Stats()[0].Panics; panics != (n == 1) { // it is asked no more, and hears all the same
			t.Errorf("panics %v: %d counted", panics, n)
		}
	}
}

func TestPanicBehindARouteCutsItAlone(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	if err := k.legA.SetRoute(relay.Route{Sink: &sink{panics: true}}); err != nil {
		t.Fatal(err)
	}
	k.talk(10)
	heard(t, k.a, 0xb, 10)
	if got := b.events.take(); !slices.Equal(got, []string{"A latched", "A failed: internal error: sink", "B latched"}) {
		t.Errorf("events %q", got)
	}
	b.Do(0, func(*relay.Shard) { panic("command") })
	k.talk(10)
	heard(t, k.a, 0xb, 10)
	if n := b.Stats()[0].Panics; n != 2 {
		t.Errorf("%d panics counted", n)
	}
}

func TestWriteRTPCopiesAndFollowsTheLatch(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	b.Do(0, func(*relay.Shard) {
		p := k.b.packet()
		for i := range 300 { // more than a batch
			rtp.SetSequenceNumber(p, uint16(i))
			k.legA.WriteRTP(p)
		}
		k.legA.WriteRTP(make([]byte, 5000))
	})
	b.net.Advance(0)
	got := k.a.received()[0xb]
	if len(got) != 256 { // what the phone's port holds
		t.Fatalf("%d packets", len(got))
	}
	for i, seq := range got {
		if int(seq) != i {
			t.Fatalf("packet %d has sequence number %d", i, seq)
		}
	}
	k.legA.SetRemote(relay.Remote{})
	b.Do(0, func(*relay.Shard) { k.legA.WriteRTP(k.b.packet()) })
	if s := k.legA.Stats(); s.Unaddressed != 1 || s.Sent.Packets != 300 {
		t.Errorf("stats %+v", s)
	}
	k.legA.Close()
	b.Do(0, func(*relay.Shard) { k.legA.WriteRTP(k.b.packet()) })
}
