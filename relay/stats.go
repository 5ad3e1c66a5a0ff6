package relay

import (
	"fmt"
	"net/netip"
	"time"

	"sidetone/relay/quality"
)

// DropReason says why a packet that arrived at a leg went no further (SPEC R12).
type DropReason uint8

// The reasons.
const (
	DropSource      DropReason = iota // not from the peer
	DropAuth                          // SRTP authentication failed
	DropReplay                        // SRTP replay
	DropPayloadType                   // not negotiated, or dropped by the route's Editor or PayloadMap
	DropLearning                      // from a source that is not yet believed
	DropMalformed                     // neither RTP nor RTCP, cut short, or too long
	DropNoSession                     // the leg has no route
	dropReasons
)

var dropNames = [dropReasons]string{"source", "auth", "replay", "payload type", "learning", "malformed", "no session"}

// String returns the reason's name.
func (r DropReason) String() string {
	if r < dropReasons {
		return dropNames[r]
	}
	return fmt.Sprintf("DropReason(%d)", uint8(r))
}

// Drops counts packets by DropReason.
type Drops [dropReasons]uint64

// Total returns the sum over all reasons.
func (d *Drops) Total() (n uint64) {
	for _, k := range d {
		n += k
	}
	return n
}

// Count is packets and their bytes, UDP payload.
type Count struct{ Packets, Bytes uint64 }

func (c *Count) add(bytes int) {
	c.Packets++
	c.Bytes += uint64(bytes)
}

// LegStats is what a leg has seen up to now.
type LegStats struct {
	Received     Count // RTP accepted from the peer
	Sent         Count // RTP sent to the peer
	RTCPReceived Count
	RTCPSent     Count
	Dropped      Drops  // packets that arrived and went no further
	Unaddressed  uint64 // packets for the peer while it was not known where to send them
	Unprotected  uint64 // packets for a secure peer that SRTP refused: most of all, sequence numbers that had been used
	SendFailed   uint64 // packets that the system did not take, RTP and RTCP; they are counted in Sent as well

	Quality Quality

	State        State
	Remote       netip.AddrPort // where RTP goes now, invalid = nowhere
	RemoteRTCP   netip.AddrPort // where RTCP goes now
	SSRC         uint32         // of the last RTP packet accepted
	PayloadType  uint8          // of the last RTP packet accepted
	LastActivity int64          // when the last packet was accepted, nanoseconds of the relay's clock; 0 = never
}

// counters are what a leg counts that does not happen with every packet.
type counters struct {
	RTCPReceived, RTCPSent               Count
	Dropped                              Drops
	Unaddressed, Unprotected, SendFailed uint64
}

// counted returns the part of LegStats that is counted.
func (l *Leg) counted() LegStats {
	c := &l.stats
	return LegStats{
		Received: l.received, Sent: l.sent, RTCPReceived: c.RTCPReceived, RTCPSent: c.RTCPSent,
		Dropped: c.Dropped, Unaddressed: c.Unaddressed, Unprotected: c.Unprotected, SendFailed: c.SendFailed,
		SSRC: l.stream.SSRC(), PayloadType: l.payloadType,
	}
}

// Quality is how well media arrives, here and at the peer.
type Quality struct {
	quality.Reception

	Reported   bool // the peer's reports have said:
	PeerLost   uint64
	PeerJitter time.Duration

	Samples quality.Samples // what its reports say of the conversation with the leg that this one is routed to; times of the relay's clock

	Rated       bool            // the peer has said by VoIP metrics (RFC 3611) how it hears:
	PeerMetrics quality.Metrics // as it says, whatever that is
}

// ShardStats is what a shard has done up to now.
type ShardStats struct {
	Legs    int
	Tickers int

	Passes      uint64 // turns of the loop
	Received    Count
	Sent        Count
	SendFailed  uint64
	NoSession   uint64 // packets for a port that no leg has any more
	Commands    uint64
	Pauses      uint64 // turns that let packets gather for the batch window
	LateTicks   uint64 // ticks that came more than lateTick after their time
	MissedTicks uint64 // ticks given up because the shard was too far behind
	Overflowed  uint64 // packets that found a receive buffer full (udp.Stats)
	HandedOver  uint64 // packets of legs that had just moved away, passed on to their shard
	Panics      uint64 // caught in sinks, tickers, transforms and commands
}

// InterfaceUse is how much of an interface's port range is taken.
type InterfaceUse struct {
	Interface
	Pairs, InUse int // port pairs: in the range, allocated now
}
