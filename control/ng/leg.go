package ng

import (
	"net/netip"
	"time"

	"sidetone/relay"
)

// Relay opens media legs; OverRelay makes one of relay.Relay.
type Relay interface {
	// OpenLeg takes a port pair. Any error is answered with "Ran out of ports", so that the proxy turns to
	// another node, and logged as it is.
	OpenLeg(LegConfig) (Leg, error)
}

// LegConfig is what a leg is opened with.
type LegConfig struct {
	ID        string // for logs
	Interface string
	IPv6      bool
	Shard     int // -1 = the least loaded
	Latching  relay.Mode
	NoRebind  bool
	NoMedia   time.Duration       // after so long without media from either side TimedOut is called
	TimedOut  func(reason string) // media has stopped; called from a shard's thread, must not block
}

// Leg is one port pair. It belongs to the actor of its call.
type Leg interface {
	Shard() int
	Local() netip.AddrPort     // RTP, as bound
	LocalRTCP() netip.AddrPort // as bound
	Advertised() netip.Addr    // what peers are told
	SetRemote(relay.Remote)
	// SetRoute sends what arrives here on from the other leg, through the map unless it is nil.
	SetRoute(to Leg, m *relay.PayloadMap) error
	SetTimeouts(noMedia, oneWay time.Duration)
	Stats() LegStats // after Close the last ones
	Close()          // again does nothing
}

// LegStats is what a leg has seen.
type LegStats struct {
	Received, Sent, RTCPReceived, RTCPSent relay.Count
	Errors                                 uint64 // packets dropped for whatever reason
	Remote, RemoteRTCP                     netip.AddrPort
	SSRC                                   uint32
	LastPacket                             time.Time // zero = never
	Locked                                 bool      // the source is known
}
