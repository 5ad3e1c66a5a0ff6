package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
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
	secured     bool      // secure has keys in use
	payloadType uint8     // of the last RTP packet accepted
	kHz         uint8     // its clock; 0 = to be looked up
	latch       Latch
	stream      quality.Receiver
	received    Count // RTP
	direct      *Leg  // route.To when the route is nothing else
	active      int64 // when the last packet was accepted

	on       *Shard // nil = on none: being moved, or closed
	index    int    // in on.legs
	from     []*Leg // the legs routed to this one
	timeouts timeouts
	reportAt int64 // when the next report of ours is due, 0 = the peer gets none

	// Immutable.
	relay *Relay
	id    string
	iface *localInterface

	shard int // guarded by relay.topology
	*legState
}

// legState is what of a Leg most packets do not touch.
type legState struct {
	ports [2]udp.Port // immutable: RTP, RTCP

	once  sync.Once
	final *LegStats // set within once

	// Owned by the thread of the shard that the leg is on.
	remote    Remote
	rtcpLatch rtcpLatch
	secure    secure
	reports   reports
	route     Route
	riders    []Ticker
	stats     counters
}

// OpenLeg opens a port pair and puts a leg with it on a shard. It waits for the shard. The error wraps port.ErrRangeFull,
// udp.ErrAddressNotAvailable, udp.ErrFileDescriptors or udp.ErrPortInUse where one of them is the reason.
func (r *Relay) OpenLeg(c LegConfig) (*Leg, error) {
	l, err := r.openLeg(c)
	if err != nil {
		return nil, fmt.Errorf("leg %s: %w", c.ID, err)
	}
	return l, nil
}

func (r *Relay) openLeg(c LegConfig) (*Leg, error) {
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

	r.topology.RLock()
	defer r.topology.RUnlock()
	if l.shard = c.Shard; l.shard < 0 {
		l.shard = r.leastLoaded()
	}
	r.shards[l.shard].load.Add(1)
	err = ErrClosed
	ran := r.do(l.shard, func(s *Shard) {
		l.timeouts.since = s.now
		err = s.attach(l)
	})
	if ran && err == nil && !r.keep(l) { // closed meanwhile: its threads are gone
		r.do(l.shard, func(s *Shard) { s.detach(l) })
		err = ErrClosed
	}
	if err != nil {
		l.give()
		return nil, err
	}
	return l, nil
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

// do runs fn on the leg's shard and waits; false when the leg is closed.
func (l *Leg) do(fn func(s *Shard)) bool {
	l.relay.topology.RLock()
	defer l.relay.topology.RUnlock()
	return l.doLocked(fn)
}

func (l *Leg) doLocked(fn func(s *Shard)) bool {
	open := false
	ran := l.relay.do(l.shard, func(s *Shard) {
		if open = l.on == s; open {
			fn(s)
		}
	})
	return ran && open
}

// SetRemote tells the leg what signalling says about the peer. Saying the same again keeps what the latch has learned.
func (l *Leg) SetRemote(r Remote) {
	l.do(func(s *Shard) {
		if err := l.setKeys(r.Keys); err != nil { // NewKeys lets no such key through
			s.panicked("set remote", err, "leg", l.id)
			return
		}
		l.remote, l.kHz = r, 0
		l.latch.Signal(Signal{Addr: r.RTP, Source: r.SIPSource, BehindNAT: r.BehindNAT}, s.now)
		rtcp := r.RTCP
		if !reachable(rtcp) && r.RTP.IsValid() && r.RTP.Port() < 65535 {
			rtcp = netip.AddrPortFrom(r.RTP.Addr(), r.RTP.Port()+1)
		}
		l.rtcpLatch.signal(rtcp)
	})
}

// SetRoute says what becomes of the packets that arrive. To must be on the same shard.
func (l *Leg) SetRoute(r Route) error {
	l.relay.topology.RLock()
	defer l.relay.topology.RUnlock()
	if r.To != nil && r.To.shard != l.shard {
		return fmt.Errorf("leg %s: route to leg %s: %w", l.id, r.To.id, ErrOtherShard)
	}
	var err error
	if !l.doLocked(func(s *Shard) {
		if r.To != nil && r.To.on != s {
			err = fmt.Errorf("leg %s: route to leg %s: %w", l.id, r.To.id, ErrClosed)
			return
		}
		l.timeouts.since, l.timeouts.reported = s.now, false
		l.setRoute(r)
	}) {
		return fmt.Errorf("leg %s: route: %w", l.id, ErrClosed)
	}
	return err
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
	}
	l.route, l.direct = r, nil
	if r.Map == nil && r.Edit == nil && r.Sink == nil && r.Tap == nil {
		l.direct = r.To
	}
}

// Run runs fn on the leg's shard, between packets, and waits; false when the leg is closed.
func (l *Leg) Run(fn func()) bool { return l.do(func(*Shard) { fn() }) }

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

// SetTimeouts changes how long silence may last, counted from now (SPEC R10: other times on hold); 0 = never.
func (l *Leg) SetTimeouts(noMedia, oneWay time.Duration) {
	l.do(func(s *Shard) {
		l.timeouts = timeouts{noMedia: int64(noMedia), oneWay: int64(oneWay), since: s.now}
	})
}

// Stats returns what the leg has seen up to now, or up to its end.
func (l *Leg) Stats() LegStats {
	var stats LegStats
	if l.do(func(*Shard) { stats = l.snapshot() }) {
		return stats
	}
	l.Close() // waits for a Close under way; does nothing more
	return *l.final
}

// snapshot is for the shard's thread.
func (l *Leg) snapshot() LegStats {
	stats := l.counted()
	stats.Quality = l.quality()
	stats.State, stats.Remote, stats.RemoteRTCP, stats.LastActivity = l.latch.State(), l.latch.To(), l.rtcpTo(), l.active
	return stats
}

// Close ends the leg: routes to it are cut, its ports go into quarantine. Closing twice is harmless.
func (l *Leg) Close() {
	l.once.Do(func() {
		l.relay.topology.RLock()
		defer l.relay.topology.RUnlock()
		end := func(s *Shard) {
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
		if !l.relay.do(l.shard, end) {
			l.relay.after(func() { end(l.relay.shards[l.shard]) })
		}
		l.relay.forget(l)
		l.give()
	})
}

// give gives back what the leg holds besides its place on the shard.
func (l *Leg) give() {
	l.relay.shards[l.shard].load.Add(-1)
	number := l.ports[0].Local().Port()
	for _, p := range l.ports {
		p.Close()
	}
	l.iface.ports.Release(number, l.relay.clock())
}
