package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidetone/relay/quality"
	"sidetone/relay/udp"
)

// The errors that a caller of a leg may branch on, besides those of packages port and udp.
var (
	ErrClosed     = errors.New("closed")
	ErrOtherShard = errors.New("on another shard")
	ErrHasSink    = errors.New("routed to a sink, which cannot move")
)

// LegConfig says what leg is wanted.
type LegConfig struct {
	ID        string
	Interface string // name; "" = the first one of the config
	IPv6      bool   // which address of the interface
	Shard     int    // -1 = the one with the fewest legs
	Latching  Mode
	NoRebind  bool // after the lock never follow a NAT that rebinds its port

	NoMedia time.Duration // report TimedOut after so much silence from both sides; 0 = never
	OneWay  time.Duration // ... from this side while the other is heard; 0 = never
}

// Remote is what signalling says about the peer.
type Remote struct {
	RTP          netip.AddrPort // invalid, unspecified or port 0: nothing is sent (on hold, or refused)
	RTCP         netip.AddrPort // invalid = the port above RTP's
	Mux          bool           // the peer takes RTCP on its RTP port (rtcp-mux agreed)
	SIPSource    netip.Addr     // where its SIP came from
	BehindNAT    bool           // marked so by the operator: media may come from any address. Not for a guess from a private address in the SDP, which is handled without it
	PayloadTypes [2]uint64      // the payload types it may send: bit pt%64 of element pt/64; all zero = any
	Clocks       Clocks         // of what it sends, for jitter
	Keys         *Keys          // SRTP; nil = plain RTP. The same Keys again change nothing, other ones re-key
	RoundTrips   bool           // it takes extended reports for round trips (a=rtcp-xr:rcvr-rtt, RFC 3611): our own have them
	Metrics      bool           // it takes VoIP metrics (a=rtcp-xr:voip-metrics): our own have them, for a codec of this Impairment, without which there are no Quality.Samples
	Impairment   quality.Impairment
	Raw          bool // it sends neither RTP nor RTCP, but UDPTL or the like on the RTP port: see raw.go
}

// Leg is one media endpoint: a local port pair and a peer. Its methods are safe from any goroutine but the shards' own, where they
// would wait for themselves; WriteRTP is the other way round.
//
// Ten thousand legs are more than the processor's cache holds, and a packet pays for each line of it that it finds missing. So what
// every packet touches comes first, four lines of 64 bytes (TestLegFillsItsCacheLines): a packet to be sent needs the first, one that
// arrives mostly the next three; what is looked at once a second is behind, and the rest elsewhere.
type Leg struct {
	// Owned by the thread of the shard that the leg is on.
	slots       [2]uint32 // RTP, RTCP
	sent        Count     // RTP
	secure      *secure   // nil = plain RTP
	latch       Latch
	stream      quality.Receiver
	received    Count // RTP
	direct      *Leg  // route.To when the route is nothing else
	active      int64 // when the last packet was accepted
	raw         bool  // remote.Raw
	payloadType uint8 // of the last RTP packet accepted
	kHz         uint8 // its clock; 0 = to be looked up

	fetcher   Fetcher // route.Sink, where it is one
	on        *Shard  // nil = on none: being moved, or closed
	*legState         // immutable
	index     int     // in on.legs
	from      []*Leg  // the legs routed to this one
	timeouts  timeouts
	reportAt  int64 // when the next report of ours is due, 0 = the peer gets none

	// Immutable.
	relay *Relay
	id    string
	iface *localInterface

	shard int // guarded by relay.topology
}

// legState is what of a Leg most packets do not touch. Those to and from a room do: one that is sent needs a line for reports.own, one that
// arrives a line for the route and one for losses (TestLegFillsItsCacheLines).
type legState struct {
	ports [2]udp.Port // immutable: RTP, RTCP

	// Owned by the thread of the shard that the leg is on.
	riders    []Ticker
	reports   reports
	route     Route
	losses    losses
	numbers   *numbers // of what is routed here; nil: as it comes
	silence   *silence // of the peer, where the route fills it; nil: it does not
	remote    Remote
	rtcpLatch rtcpLatch
	keyed     *secure // the last keys and their contexts, also of a leg that is plain now; nil before the first
	stats     counters
	samples   quality.Samples

	ending atomic.Bool    // somebody closes it
	ended  sync.WaitGroup // done when it is closed
	final  *LegStats      // set before ended is done
}

// OpenLeg opens a port pair and puts a leg with it on a shard, as OpenLegs does.
func (r *Relay) OpenLeg(c LegConfig) (*Leg, error) {
	legs, err := r.OpenLegs([]LegConfig{c})
	if err != nil {
		return nil, err
	}
	return legs[0], nil
}

// OpenLegs opens a port pair for each config and puts the legs on a shard, that of the first config for all; all or none. It
// does not wait for the shard, whatever is asked of the legs does: should the shard not take one, which only a system at
// its limit brings about, Config.Events hears that it Failed. The error wraps port.ErrRangeFull,
// udp.ErrAddressNotAvailable, udp.ErrFileDescriptors or udp.ErrPortInUse where one of them is the reason.
func (r *Relay) OpenLegs(configs []LegConfig) ([]*Leg, error) {
	legs := make([]*Leg, 0, len(configs))
	for _, c := range configs {
		l, err := r.newLeg(c)
		if err != nil {
			for _, l := range legs {
				l.give()
			}
			return nil, fmt.Errorf("leg %s: %w", c.ID, err)
		}
		legs = append(legs, l)
	}
	if err := r.place(legs, configs[0].Shard); err != nil {
		return nil, err
	}
	return legs, nil
}

// newLeg opens the ports of a leg that is on no shard yet.
func (r *Relay) newLeg(c LegConfig) (*Leg, error) {
	if r.isClosed() {
		return nil, ErrClosed
	}
	i, err := r.lookup(c.Interface, c.IPv6)
	if err != nil {
		return nil, err
	}
	if c.Shard < -1 || c.Shard >= len(r.shards) {
		return nil, fmt.Errorf("shard %d of %d", c.Shard, len(r.shards))
	}
	rtp, rtcp, err := i.openPair(r.network, r.clock())
	if err != nil {
		return nil, err
	}
	l := &Leg{relay: r, id: c.ID, iface: i, latch: NewLatch(c.Latching, c.NoRebind)}
	l.legState = &legState{ports: [2]udp.Port{rtp, rtcp}, reports: newReports()}
	l.timeouts = timeouts{noMedia: int64(c.NoMedia), oneWay: int64(c.OneWay)}
	l.ended.Add(1)
	return l, nil
}

// place sends legs to their shard, and closes them when the relay is closed.
func (r *Relay) place(legs []*Leg, shard int) error {
	r.topology.RLock()
	if shard < 0 {
		shard = r.leastLoaded()
	}
	for _, l := range legs {
		l.shard = shard
	}
	s := r.shards[shard]
	s.load.Add(int32(len(legs)))
	placed := r.keep(legs) && s.mailbox.post(func(s *Shard) { s.attachAll(legs) }, s.conn.Wake)
	r.topology.RUnlock()
	if placed {
		return nil
	}
	for _, l := range legs {
		l.Close()
	}
	return fmt.Errorf("leg %s: %w", legs[0].id, ErrClosed)
}

// attachAll takes legs in. One that cannot be taken is reported, and closed by whoever has it.
func (s *Shard) attachAll(legs []*Leg) {
	for _, l := range legs {
		l.timeouts.since = s.now
		if err := s.attach(l); err != nil {
			s.log.Error("leg not attached", "leg", l.id, "err", err)
			s.report(Event{Leg: l, Kind: Failed, Reason: err.Error()})
		}
	}
}

// ID returns the name the leg was opened with.
func (l *Leg) ID() string { return l.id }

// Shard returns the number of the shard that the leg is on.
func (l *Leg) Shard() int {
	l.relay.topology.RLock()
	defer l.relay.topology.RUnlock()
	return l.shard
}

// LocalRTP returns the local address and port of RTP.
func (l *Leg) LocalRTP() netip.AddrPort { return l.ports[0].Local() }

// LocalRTCP returns the local address and port of RTCP.
func (l *Leg) LocalRTCP() netip.AddrPort { return l.ports[1].Local() }

// Advertised returns the address that peers are to be told, with the ports of LocalRTP and LocalRTCP.
func (l *Leg) Advertised() netip.Addr { return l.iface.Advertise }

// SetRemote is Apply of one Remote.
func (l *Leg) SetRemote(r Remote) { _ = l.relay.Apply([]Change{{Leg: l, Remote: &r}}) }

// SetRoute is Apply of one Route.
func (l *Leg) SetRoute(r Route) error { return l.relay.Apply([]Change{{Leg: l, Route: &r}}) }

// SetTimeouts is Apply of Timeouts.
func (l *Leg) SetTimeouts(noMedia, oneWay time.Duration) {
	_ = l.relay.Apply([]Change{{Leg: l, Timeouts: &Timeouts{noMedia, oneWay}}})
}

// Stats returns what the leg has seen up to now, or up to its end.
func (l *Leg) Stats() LegStats { return l.relay.LegStats([]*Leg{l})[0] }

// Close ends the leg. Closing twice is harmless.
func (l *Leg) Close() { _ = l.relay.Apply([]Change{{Leg: l, Close: true}}) }

// setRemote takes what signalling says. On the shard's thread.
func (l *Leg) setRemote(s *Shard, r *Remote) {
	if err := l.setKeys(r.Keys); err != nil { // NewKeys lets no such key through
		s.panicked("set remote", err, "leg", l.id)
		return
	}
	l.remote, l.raw, l.kHz = *r, r.Raw, 0
	l.latch.Signal(Signal{Addr: r.RTP, Source: r.SIPSource, BehindNAT: r.BehindNAT}, s.now)
	rtcp := r.RTCP
	if !reachable(rtcp) && r.RTP.IsValid() && r.RTP.Port() < 65535 {
		rtcp = netip.AddrPortFrom(r.RTP.Addr(), r.RTP.Port()+1)
	}
	l.rtcpLatch.signal(rtcp)
}

// setRoute changes the route and tells the legs at its ends. On the shard's thread.
func (l *Leg) setRoute(r Route) {
	if old := l.route.To; old != nil {
		for i, f := range old.from {
			if f == l {
				old.from = append(old.from[:i], old.from[i+1:]...)
				break
			}
		}
	}
	if r.To != nil {
		r.To.from = append(r.To.from, l)
		if r.To.numbers == nil && (r.Edit != nil || r.Map.transforms()) {
			r.To.numbers = new(numbers)
		}
	}
	l.setSilence(&r)
	l.route, l.direct = r, nil
	l.fetcher, _ = r.Sink.(Fetcher)
	l.losses.follow(r.Sink)
	if r.Map == nil && r.Edit == nil && r.Sink == nil && r.Tap.Sink == nil && (r.To == nil || r.To.numbers == nil) {
		l.direct = r.To
	}
}

// Run runs fn on the leg's shard, between packets, and waits; false when the leg is closed.
func (l *Leg) Run(fn func()) bool {
	l.relay.topology.RLock()
	defer l.relay.topology.RUnlock()
	return l.doLocked(func(*Shard) { fn() })
}

// Interrupt tells that the peer sends elsewhere, or comes back from there: what was missing meanwhile is not counted as lost.
func (l *Leg) Interrupt() { l.Run(func() { l.stream.Interrupt() }) }

// AddTicker lets t run every 20 ms on the shard that the leg is on, also when the leg moves, until RemoveTicker or Close.
// On the shard's thread only, as in Run; adding it again changes nothing.
func (l *Leg) AddTicker(t Ticker) {
	if l.on == nil || slices.Contains(l.riders, t) {
		return
	}
	l.riders = append(l.riders, t)
	l.on.AddTicker(t)
}

// RemoveTicker ends that; t may be the one that is running. On the shard's thread only.
func (l *Leg) RemoveTicker(t Ticker) {
	if i := slices.Index(l.riders, t); i >= 0 && l.on != nil {
		l.riders = slices.Delete(l.riders, i, i+1)
		l.on.RemoveTicker(t)
	}
}

// snapshot is for the shard's thread.
func (l *Leg) snapshot() LegStats {
	stats := l.counted()
	stats.Quality = l.quality()
	stats.State, stats.Remote, stats.RemoteRTCP, stats.LastActivity = l.latch.State(), l.latch.To(), l.rtcpTo(), l.active
	return stats
}

// end takes the leg out of the data plane. On the shard's thread.
func (l *Leg) end(s *Shard) {
	if l.on == s {
		s.settle(l)
	}
	final := l.snapshot()
	l.final = &final
	if l.on == s {
		l.farewell(s)
	}
	l.setRoute(Route{})
	for len(l.from) > 0 {
		l.from[0].setRoute(Route{Sink: l.from[0].route.Sink, Tap: l.from[0].route.Tap})
	}
	if l.on == s {
		s.detach(l)
	}
}

// leave gives back what the leg holds besides its place on the shard. topology is locked.
func (l *Leg) leave() {
	l.relay.forget(l)
	l.relay.shards[l.shard].load.Add(-1)
	l.give()
	l.ended.Done()
}

// give gives back the ports.
func (l *Leg) give() {
	number := l.ports[0].Local().Port()
	for _, p := range l.ports {
		p.Close()
	}
	l.iface.ports.Release(number, l.relay.clock())
}
