package media

import (
	"sidetone/codecs/dtmf"
	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/rtp"
)

// ear overhears what a leg's phone sends, whatever else becomes of it, and moves with the leg. While nobody wants to know
// anything it is not in the packets' way.
//
//	relay.Leg ── Route.Tap ─► ear ── telephone-event ─► dtmf.Receiver ─► pressed
type ear struct {
	leg *relay.Leg

	// Owned by the leg's actor.
	wanted bool
	tuned  []sdp.Codec

	// Owned by the shard.
	events  payloadTypes // telephone-event
	keys    dtmf.Receiver
	pressed func(dtmf.Press)
}

// payloadTypes is a set of them.
type payloadTypes [2]uint64

func (s *payloadTypes) add(pt uint8)      { s[pt>>6&1] |= 1 << (pt & 63) }
func (s *payloadTypes) has(pt uint8) bool { return s[pt>>6&1]&(1<<(pt&63)) != 0 }

// eventTypes are the payload types of telephone-event in a list.
func eventTypes(list []sdp.Codec) (s payloadTypes) {
	for _, c := range list {
		if c.IsEvent() {
			s.add(c.PayloadType)
		}
	}
	return s
}

// ReceiveRTP is for relay.Sink.
//
// hot path: no allocation, lock, clock or log
func (e *ear) ReceiveRTP(p []byte, _ int64) {
	if e.pressed == nil || !e.events.has(rtp.PayloadType(p)) {
		return
	}
	if press, ok := e.keys.Receive(rtp.SSRC(p), rtp.Timestamp(p), rtp.Marker(p), rtp.Payload(p)); ok {
		e.pressed(press)
	}
}

// OnDigit tells fn of each key that the phone presses and that arrives as telephone-event (RFC 4733), once, when it
// goes down; nil ends it. fn runs on the shard's thread and must not block: it posts to whoever acts on it.
func (l *Leg) OnDigit(fn func(dtmf.Press)) error {
	l.ear.wanted, l.ear.tuned = fn != nil, l.local
	events := eventTypes(l.local)
	l.relay.Run(func() { l.ear.pressed, l.ear.events = fn, events })
	return l.rewire()
}

// retune tells the ear what the phone's payload types mean, when that has changed.
func (l *Leg) retune() {
	e := &l.ear
	if !e.wanted || sameCodecs(e.tuned, l.local) {
		return
	}
	e.tuned = l.local
	events := eventTypes(l.local)
	l.relay.Run(func() { e.events = events })
}

// tap is the ear where it has to hear, or nil.
func (l *Leg) tap() relay.Sink {
	if !l.ear.wanted {
		return nil
	}
	return &l.ear
}

// rewire puts what the leg's packets pass through into force.
func (l *Leg) rewire() error {
	if l.seat != nil {
		return l.seat.change(l.talk())
	}
	r := relay.Route{Tap: l.tap()}
	if l.to != nil {
		r.To, r.Map = l.to.relay, l.poured.how
		if s := l.to.splice; s != nil {
			r.Edit = s
			s.follow(l)
		}
	}
	return l.relay.SetRoute(r)
}
