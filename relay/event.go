package relay

import (
	"fmt"
	"net/netip"
)

// EventKind says what has happened to a leg.
type EventKind uint8

// The kinds of events.
const (
	Latched   EventKind = iota + 1 // the peer's source is known: Remote
	Relatched                      // the peer's source has changed without signalling: Remote
	TimedOut                       // media has stopped: Reason. Once, until it flows again or the route or the timeouts change
	Failed                         // the code behind the leg's route, or the Ticker that reads it, has panicked and was cut off: Reason
)

// String returns the kind's name.
func (k EventKind) String() string {
	switch k {
	case Latched:
		return "latched"
	case Relatched:
		return "relatched"
	case TimedOut:
		return "timed out"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// The reasons of TimedOut.
const (
	ReasonNoMedia = "no media"      // nothing from the leg, and nothing from the leg it is routed to
	ReasonOneWay  = "one-way media" // nothing from the leg while the leg it is routed to is heard
)

// Event tells the control side what a shard has found out.
type Event struct {
	Leg    *Leg
	Kind   EventKind
	Reason string
	Remote netip.AddrPort
}
