package ng

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"sidetone/relay"
)

// OverRelay opens legs on a relay. Its Event must be given what the relay's Config.Events hears.
type OverRelay struct {
	relay *relay.Relay

	mu    sync.Mutex // guards the following; held for a moment only, since shards take it
	legs  map[*relay.Leg]func(failed bool, reason string)
	loads []int // legs on each shard
}

// NewOverRelay makes one for the relay.
func NewOverRelay(r *relay.Relay) *OverRelay {
	return &OverRelay{relay: r, legs: make(map[*relay.Leg]func(bool, string)), loads: make([]int, r.Shards())}
}

// Open is for Relay.
func (r *OverRelay) Open(configs []LegConfig) ([]Leg, error) {
	shard := configs[0].Shard
	if shard < 0 {
		shard = r.leastLoaded()
	}
	wanted := make([]relay.LegConfig, len(configs))
	for i, c := range configs {
		wanted[i] = relay.LegConfig{ID: c.ID, Interface: c.Interface, IPv6: c.IPv6, Shard: shard, Latching: c.Latching, NoRebind: c.NoRebind, NoMedia: c.NoMedia}
	}
	opened, err := r.relay.OpenLegs(wanted)
	if err != nil {
		return nil, err
	}
	legs := make([]Leg, len(opened))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loads[shard] += len(opened)
	for i, l := range opened {
		r.legs[l] = configs[i].Stopped
		legs[i] = &relayLeg{leg: l, shard: shard}
	}
	return legs, nil
}

// leastLoaded is the shard with the fewest legs of ours.
func (r *OverRelay) leastLoaded() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Index(r.loads, slices.Min(r.loads))
}

// Apply is for Relay. It waits when legs are closed, so that their counters are final.
func (r *OverRelay) Apply(changes []Change) error {
	wanted := make([]relay.Change, len(changes))
	closing := false
	for i := range changes {
		c := &changes[i]
		leg := c.Leg.(*relayLeg)
		wanted[i] = relay.Change{Leg: leg.leg, Remote: c.Remote, Close: c.Close}
		if c.Route != nil {
			wanted[i].Route = &relay.Route{To: c.Route.To.(*relayLeg).leg, Map: c.Route.Map}
		}
		if c.NoMedia != nil {
			wanted[i].Timeouts = &relay.Timeouts{NoMedia: *c.NoMedia}
		}
		if c.Close {
			closing = true
			r.forget(leg)
		}
	}
	if !closing {
		r.relay.ApplyLater(wanted)
		return nil
	}
	return r.relay.Apply(wanted)
}

// forget takes a leg out that is being closed.
func (r *OverRelay) forget(l *relayLeg) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ours := r.legs[l.leg]; ours {
		delete(r.legs, l.leg)
		r.loads[l.shard]--
	}
}

// Stats is for Relay.
func (r *OverRelay) Stats(legs []Leg) []LegStats {
	asked := make([]*relay.Leg, len(legs))
	for i, l := range legs {
		asked[i] = l.(*relayLeg).leg
	}
	all := make([]LegStats, len(legs))
	epoch := time.Now().UnixNano() - r.relay.Now()
	for i, s := range r.relay.LegStats(asked) {
		all[i] = LegStats{
			Received: s.Received, Sent: s.Sent, RTCPReceived: s.RTCPReceived, RTCPSent: s.RTCPSent, Errors: s.Dropped.Total(),
			Remote: s.Remote, RemoteRTCP: s.RemoteRTCP, SSRC: s.SSRC, Locked: s.State == relay.Locked,
			PeerLost: s.Quality.PeerLost, Samples: s.Quality.Samples,
		}
		if s.LastActivity != 0 {
			all[i].LastPacket = time.Unix(0, epoch+s.LastActivity)
		}
		all[i].Samples.Lowest.At += epoch
		all[i].Samples.Highest.At += epoch
	}
	return all
}

// Event passes on that media of one of our legs has stopped. It may be called from a shard's thread.
func (r *OverRelay) Event(ev relay.Event) {
	if ev.Kind != relay.TimedOut && ev.Kind != relay.Failed {
		return
	}
	r.mu.Lock()
	stopped := r.legs[ev.Leg]
	r.mu.Unlock()
	if stopped != nil {
		stopped(ev.Kind == relay.Failed, ev.Reason)
	}
}

// relayLeg is a leg of relay.Relay.
type relayLeg struct {
	leg   *relay.Leg
	shard int // where it was opened; the relay may have moved it
}

func (l *relayLeg) Shard() int                { return l.leg.Shard() }
func (l *relayLeg) Local() netip.AddrPort     { return l.leg.LocalRTP() }
func (l *relayLeg) LocalRTCP() netip.AddrPort { return l.leg.LocalRTCP() }
func (l *relayLeg) Advertised() netip.Addr    { return l.leg.Advertised() }
