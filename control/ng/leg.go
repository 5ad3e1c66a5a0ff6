package ng

import (
	"net/netip"
	"time"

	"sidetone/relay"
	"sidetone/relay/quality"
)

// Relay is what is needed of the data plane; OverRelay makes one of relay.Relay. Whatever a request
// wants comes in one call of each kind, so that it costs a wake-up of the shard and not one a leg.
type Relay interface {
	// Open takes a port pair for each config, all on one shard, or none at all. Any error is answered with
	// "Ran out of ports", so that the proxy turns to another node, and logged as it is.
	Open(configs []LegConfig) ([]Leg, error)
	// Apply carries out changes of the legs of one call, before whatever is asked of them next; it waits only for legs
	// that are closed. An error leaves none of them undone that could be done.
	Apply(changes []Change) error
	// Stats asks what the legs have seen; after their end, up to then.
	Stats(legs []Leg) []LegStats
}

// LegConfig is what a leg is opened with.
type LegConfig struct {
	ID        string // for logs
	Interface string
	IPv6      bool
	Shard     int // the first config's counts for all; -1 = the least loaded
	Latching  relay.Mode
	NoRebind  bool
	NoMedia   time.Duration // after so long without media from either side Stopped is called
	// Stopped hears that media has stopped: after NoMedia, or for good when failed, since the system or code of ours did not
	// let the leg work. Called from a shard's thread, must not block.
	Stopped func(failed bool, reason string)
}

// Leg is one port pair. It belongs to the actor of its call.
type Leg interface {
	Shard() int
	Local() netip.AddrPort     // RTP, as bound
	LocalRTCP() netip.AddrPort // as bound
	Advertised() netip.Addr    // what peers are told
}

// Change is what is to be changed about a leg; nil leaves it as it is, and Close makes the rest needless.
type Change struct {
	Leg     Leg
	Remote  *relay.Remote
	Route   *Route
	NoMedia *time.Duration
	Close   bool // closing twice is harmless
}

// Route sends what arrives at a leg on from another, through the map unless it is nil.
type Route struct {
	To  Leg
	Map *relay.PayloadMap
}

// changes are collected while a request is worked on, one for each leg.
type changes []Change

// of returns the change of a leg.
func (c *changes) of(l Leg) *Change {
	for i := range *c {
		if (*c)[i].Leg == l {
			return &(*c)[i]
		}
	}
	*c = append(*c, Change{Leg: l})
	return &(*c)[len(*c)-1]
}

// LegStats is what a leg has seen.
type LegStats struct {
	Received, Sent, RTCPReceived, RTCPSent relay.Count
	Errors                                 uint64 // packets dropped for whatever reason
	Remote, RemoteRTCP                     netip.AddrPort
	SSRC                                   uint32          // of what it sends
	PeerLost                               uint64          // of what was sent to it, as it reports
	Samples                                quality.Samples // of its reports, with times since 1970
	LastPacket                             time.Time       // zero = never
	Locked                                 bool            // the source is known
}
