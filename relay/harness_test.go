package relay_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/udp/udptest"
)

func TestMain(m *testing.M) {
	udptest.Isolate()
	goleak.VerifyTestMain(m)
}

var (
	relayV4 = netip.MustParseAddr("10.0.0.1")
	relayV6 = netip.MustParseAddr("fd00::1")
)

// events collects what the shards report.
type events struct {
	mu   sync.Mutex
	list []relay.Event
}

func (e *events) add(ev relay.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, ev)
}

// take returns the events so far, "leg kind reason", and forgets them.
func (e *events) take() (out []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range e.list {
		s := ev.Leg.ID() + " " + ev.Kind.String()
		if ev.Reason != "" {
			s += ": " + ev.Reason
		}
		out = append(out, s)
	}
	e.list = nil
	return out
}

// bench is a running relay on a network in memory.
type bench struct {
	*relay.Relay
	t      testing.TB
	net    *udptest.Network
	events *events
}

// start runs a relay on a udptest network, until the test ends.
func start(t testing.TB, network udptest.Config, config relay.Config) *bench {
	t.Helper()
	b := &bench{t: t, net: udptest.New(network), events: &events{}}
	config.Network, config.Clock, config.Events = b.net, b.net.Now, b.events.add
	if config.Shards == 0 {
		config.Shards = 2
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Interfaces == nil {
		config.Interfaces = []relay.Interface{
			{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 29999},
			{Name: "lan", Address: relayV6, FirstPort: 20000, LastPort: 29999},
		}
	}
	b.Relay = run(t, config)
	return b
}

// run makes a relay and runs it until the test ends.
func run(t testing.TB, config relay.Config) *relay.Relay {
	t.Helper()
	r, err := relay.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }() // ends with ctx; the cleanup waits for it
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

func (b *bench) leg(c relay.LegConfig) *relay.Leg {
	b.t.Helper()
	l, err := b.OpenLeg(c)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

// phone is a peer: an RTP and an RTCP port and a stream to send.
type phone struct {
	rtp, rtcp *udptest.Endpoint
	ssrc      uint32
	seq       uint16
	pt        uint8
}

func (b *bench) phone(addr string, ssrc uint32) *phone {
	a := netip.MustParseAddrPort(addr)
	return &phone{rtp: b.net.Endpoint(a), rtcp: b.net.Endpoint(netip.AddrPortFrom(a.Addr(), a.Port()+1)), ssrc: ssrc, seq: 65500}
}

func natPhone(nat *udptest.NAT, addr string, ssrc uint32) *phone {
	a := netip.MustParseAddrPort(addr)
	return &phone{rtp: nat.Endpoint(a), rtcp: nat.Endpoint(netip.AddrPortFrom(a.Addr(), a.Port()+1)), ssrc: ssrc, seq: 65500}
}

// packet returns the phone's next RTP packet: 160 bytes of payload that start with its number.
func (p *phone) packet() []byte {
	b := make([]byte, rtp.HeaderSize+160)
	h := rtp.Header{PayloadType: p.pt, SequenceNumber: p.seq, Timestamp: uint32(p.seq) * 160, SSRC: p.ssrc}
	p.seq++
	copy(b[h.Put(b):], fmt.Sprintf("%d/%d", p.ssrc, h.SequenceNumber))
	return b
}

func (p *phone) send(to netip.AddrPort) { p.rtp.Send(to, p.packet()) }

// report returns a receiver report of the phone.
func (p *phone) report() []byte {
	return []byte{0x80, rtp.RR, 0, 1, byte(p.ssrc >> 24), byte(p.ssrc >> 16), byte(p.ssrc >> 8), byte(p.ssrc)}
}

// received empties the phone's RTP port and returns the sequence numbers per SSRC.
func (p *phone) received() map[uint32][]uint16 {
	got := map[uint32][]uint16{}
	for {
		b, _, ok := p.rtp.Receive()
		if !ok {
			return got
		}
		if rtp.Valid(b) && !rtp.IsRTCP(b) {
			got[rtp.SSRC(b)] = append(got[rtp.SSRC(b)], rtp.SequenceNumber(b))
		}
	}
}

// remote is what signalling says of a phone on the network itself.
func (p *phone) remote() relay.Remote {
	return relay.Remote{RTP: p.rtp.Addr(), RTCP: p.rtcp.Addr(), SIPSource: p.rtp.Addr().Addr()}
}

// join routes two legs to each other.
func join(t testing.TB, a, b *relay.Leg) {
	t.Helper()
	if err := a.SetRoute(relay.Route{To: b}); err != nil {
		t.Fatal(err)
	}
	if err := b.SetRoute(relay.Route{To: a}); err != nil {
		t.Fatal(err)
	}
}

// call is two phones and the legs between them.
type call struct {
	*bench
	a, b       *phone
	legA, legB *relay.Leg
}

// call sets up a call between two phones on the network, on shard 0.
func (b *bench) call() *call {
	c := &call{bench: b, a: b.phone("10.0.1.1:4000", 0xa), b: b.phone("10.0.1.2:4000", 0xb)}
	c.legA, c.legB = b.leg(relay.LegConfig{ID: "A"}), b.leg(relay.LegConfig{ID: "B"})
	c.legA.SetRemote(c.a.remote())
	c.legB.SetRemote(c.b.remote())
	join(b.t, c.legA, c.legB)
	return c
}

// talk lets both phones send n packets, 20 ms apart.
func (c *call) talk(n int) {
	for range n {
		c.a.send(c.legA.LocalRTP())
		c.b.send(c.legB.LocalRTP())
		c.net.Advance(20 * time.Millisecond)
	}
}

// heard checks that a phone got n packets of one SSRC in sequence and nothing else.
func heard(t testing.TB, p *phone, ssrc uint32, n int) {
	t.Helper()
	got := p.received()
	if len(got[ssrc]) != n || len(got) > 1 || len(got) == 1 && got[ssrc] == nil {
		t.Errorf("heard %d packets of %x and %d streams, want %d packets", len(got[ssrc]), ssrc, len(got), n)
		return
	}
	for i := 1; i < n; i++ {
		if got[ssrc][i] != got[ssrc][i-1]+1 {
			t.Errorf("packet %d after %d", got[ssrc][i], got[ssrc][i-1])
		}
	}
}
