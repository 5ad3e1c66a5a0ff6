package ng

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidetone/relay"
)

// OverRelay opens legs on a relay. Its Event must be given what the relay's Config.Events hears.
type OverRelay struct {
	relay *relay.Relay

	mu    sync.Mutex // guards the following; held for a moment only, since shards take it
	legs  map[*relay.Leg]func(reason string)
	loads []int // legs on each shard
}

// NewOverRelay makes one for the relay.
func NewOverRelay(r *relay.Relay) *OverRelay {
	return &OverRelay{relay: r, legs: make(map[*relay.Leg]func(string)), loads: make([]int, r.Shards())}
}

// Open is for Relay.
func (r *OverRelay) Open(configs []LegConfig) ([]Leg, error) {
	shard := configs[0].Shard
	if shard < 0 {
		shard = r.leastLoaded()
	}
	legs := make([]Leg, len(configs))
	err := together(len(configs), func(i int) error {
		leg, err := r.open(configs[i], shard)
		if err == nil {
			legs[i] = leg
		}
		return err
	})
	if err == nil {
		return legs, nil
	}
	for _, leg := range legs {
		if leg != nil {
			leg.(*relayLeg).close()
		}
	}
	return nil, err
}

func (r *OverRelay) open(c LegConfig, shard int) (*relayLeg, error) {
	leg, err := r.relay.OpenLeg(relay.LegConfig{
		ID: c.ID, Interface: c.Interface, IPv6: c.IPv6, Shard: shard, Latching: c.Latching, NoRebind: c.NoRebind, NoMedia: c.NoMedia,
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.legs[leg] = c.TimedOut
	r.loads[shard]++
	return &relayLeg{leg: leg, owner: r, shard: shard}, nil
}

// leastLoaded is the shard with the fewest legs of ours.
func (r *OverRelay) leastLoaded() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Index(r.loads, slices.Min(r.loads))
}

// Apply is for Relay.
func (r *OverRelay) Apply(changes []Change) error {
	steps := make([]func() error, 0, 2*len(changes))
	for i := range changes {
		steps = changes[i].Leg.(*relayLeg).steps(steps, &changes[i])
	}
	return together(len(steps), func(i int) error { return steps[i]() })
}

// Stats is for Relay.
func (r *OverRelay) Stats(legs []Leg) []LegStats {
	all := make([]LegStats, len(legs))
	_ = together(len(legs), func(i int) error {
		all[i] = legs[i].(*relayLeg).stats()
		return nil
	})
	return all
}

// together runs fn for all of 0 to n-1, a few at a time: each waits for the shard, which then does
// what it finds in one go. It returns the first error that there is.
func together(n int, fn func(i int) error) error {
	const most = 8
	errs := make([]error, n)
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			errs[i] = fn(i)
		}
	}
	var others sync.WaitGroup
	for range min(n, most) - 1 {
		others.Go(work) // ends when all is done; waited for below
	}
	work()
	others.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Event passes on that media of one of our legs has stopped. It may be called from a shard's thread.
func (r *OverRelay) Event(ev relay.Event) {
	if ev.Kind != relay.TimedOut {
		return
	}
	r.mu.Lock()
	timedOut := r.legs[ev.Leg]
	r.mu.Unlock()
	if timedOut != nil {
		timedOut(ev.Reason)
	}
}

// relayLeg is a leg of relay.Relay.
type relayLeg struct {
	leg   *relay.Leg
	owner *OverRelay
	shard int // where it was opened; the relay may have moved it
	once  sync.Once
}

func (l *relayLeg) Shard() int                { return l.leg.Shard() }
func (l *relayLeg) Local() netip.AddrPort     { return l.leg.LocalRTP() }
func (l *relayLeg) LocalRTCP() netip.AddrPort { return l.leg.LocalRTCP() }
func (l *relayLeg) Advertised() netip.Addr    { return l.leg.Advertised() }

// steps are what a change takes, to be done in any order.
func (l *relayLeg) steps(steps []func() error, c *Change) []func() error {
	if c.Close {
		return append(steps, func() error { l.close(); return nil })
	}
	if c.Remote != nil {
		steps = append(steps, func() error { l.leg.SetRemote(*c.Remote); return nil })
	}
	if c.Route != nil {
		route := relay.Route{To: c.Route.To.(*relayLeg).leg, Map: c.Route.Map}
		steps = append(steps, func() error { return l.leg.SetRoute(route) })
	}
	if c.NoMedia != nil {
		steps = append(steps, func() error { l.leg.SetTimeouts(*c.NoMedia, 0); return nil })
	}
	return steps
}

func (l *relayLeg) stats() LegStats {
	s := l.leg.Stats()
	stats := LegStats{
		Received: s.Received, Sent: s.Sent, RTCPReceived: s.RTCPReceived, RTCPSent: s.RTCPSent, Errors: s.Dropped.Total(),
		Remote: s.Remote, RemoteRTCP: s.RemoteRTCP, SSRC: s.SSRC, Locked: s.State == relay.Locked,
	}
	if s.LastActivity != 0 {
		stats.LastPacket = time.Now().Add(-time.Duration(l.owner.relay.Now() - s.LastActivity))
	}
	return stats
}

func (l *relayLeg) close() {
	l.once.Do(func() {
		l.owner.mu.Lock()
		delete(l.owner.legs, l.leg)
		l.owner.loads[l.shard]--
		l.owner.mu.Unlock()
		l.leg.Close()
	})
}
