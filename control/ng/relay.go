package ng

import (
	"net/netip"
	"sync"
	"time"

	"sidetone/relay"
)

// OverRelay opens legs on a relay. Its Event must be given what the relay's Config.Events hears.
type OverRelay struct {
	relay *relay.Relay

	mu   sync.Mutex // guards the following; held for a moment only, since shards take it
	legs map[*relay.Leg]func(reason string)
}

// NewOverRelay makes one for the relay.
func NewOverRelay(r *relay.Relay) *OverRelay {
	return &OverRelay{relay: r, legs: make(map[*relay.Leg]func(string))}
}

// OpenLeg is for Relay.
func (r *OverRelay) OpenLeg(c LegConfig) (Leg, error) {
	leg, err := r.relay.OpenLeg(relay.LegConfig{
		ID: c.ID, Interface: c.Interface, IPv6: c.IPv6, Shard: c.Shard, Latching: c.Latching, NoRebind: c.NoRebind, NoMedia: c.NoMedia,
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.legs[leg] = c.TimedOut
	r.mu.Unlock()
	return &relayLeg{Leg: leg, owner: r}, nil
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
	*relay.Leg
	owner *OverRelay
}

func (l *relayLeg) Local() netip.AddrPort { return l.LocalRTP() }

// SetRoute is for Leg.
func (l *relayLeg) SetRoute(to Leg, m *relay.PayloadMap) error {
	return l.Leg.SetRoute(relay.Route{To: to.(*relayLeg).Leg, Map: m})
}

// Stats is for Leg.
func (l *relayLeg) Stats() LegStats {
	s := l.Leg.Stats()
	stats := LegStats{
		Received: s.Received, Sent: s.Sent, RTCPReceived: s.RTCPReceived, RTCPSent: s.RTCPSent, Errors: s.Dropped.Total(),
		Remote: s.Remote, RemoteRTCP: s.RemoteRTCP, SSRC: s.SSRC, Locked: s.State == relay.Locked,
	}
	if s.LastActivity != 0 {
		stats.LastPacket = time.Now().Add(-time.Duration(l.owner.relay.Now() - s.LastActivity))
	}
	return stats
}

// Close is for Leg.
func (l *relayLeg) Close() {
	l.owner.mu.Lock()
	delete(l.owner.legs, l.Leg)
	l.owner.mu.Unlock()
	l.Leg.Close()
}
