package call

import (
	"fmt"
	"time"

	"sidetone/control/sip"
)

// Summons is a call of our own: a station is rung and brought into a room.
//
//	room ── Exchange.Summon ──► call ── INVITE ──► phone      nobody waits: the call's only leg is the phone's
//	room ◄═════════════════════ call ◄── 200 ───── phone
type Summons struct {
	Room *Room
	Tel  string
	// From is who the phone shows.
	From sip.Identity
	// Auto: the phone is to answer by itself.
	Auto bool
	// Muted: it only listens.
	Muted bool
	// Ring is how long it may ring; 0 is Timeouts.Answer.
	Ring time.Duration
	// Done (may be nil) is told once, on the queue of the call or of the caller: 200 when it is in, else why it is not.
	Done func(code int)
}

// Summon rings a station for a room. Its forwards are not followed: it is this phone that is wanted.
//
//	404 no such station · 480 not registered, or no answer · 486 busy, do not disturb, or the room is full · 503 no ports left
func (x *Exchange) Summon(s Summons) {
	if s.Done == nil {
		s.Done = func(int) {}
	}
	station, bindings, code := x.callable(s.Tel)
	if code != 0 {
		s.Done(code)
		return
	}
	c := x.newCall(s.From.User, s.Tel)
	c.auto, c.summons = s.Auto, &s
	if !s.Room.expect(c) {
		s.Done(486)
		return
	}
	if !x.add(c) {
		s.Room.expected(c)
		s.Done(503)
		return
	}
	wait := x.cfg.Timeouts.Answer
	if s.Ring > 0 {
		wait = min(wait, s.Ring)
	}
	c.Post(func() {
		if err := c.ring(ringing{station: station, shown: s.From, offer: x.cfg.Media.Everything(), timeout: wait}, bindings); err != nil {
			c.refuse(err)
		}
	})
}

// callable tells where a station is that is to be rung for itself alone; the code is 0 or why it cannot be.
func (x *Exchange) callable(tel string) (s Station, bindings []sip.Binding, code int) {
	s, ok := x.cfg.Stations[tel]
	bindings = x.cfg.Lookup(tel)
	switch {
	case !ok:
		code = 404
	case len(bindings) == 0:
		code = 480
	case x.settings(tel).DND, x.lines.busy(tel) && !s.CallWaiting:
		code = 486
	}
	return s, bindings, code
}

// summoned brings the phone that has answered into its room.
func (c *Call) summoned(l *Leg) {
	s := c.summons
	s.Room.media.Admit(l.id, s.Muted)
	if !s.Room.take(l) {
		c.code = 486
		c.end("", "no place in the room")
		return
	}
	l.room = s.Room
	c.x.cfg.Logger.Info("summoned", "call_id", c.id, "room", s.Room.ID, "tel", l.tel)
	c.settle()
	c.x.legAnswered(l)
	c.outcome(200)
	s.Room.changed()
}

// outcome tells who summoned, once.
func (c *Call) outcome(code int) {
	if s := c.summons; s != nil && s.Done != nil {
		done := s.Done
		s.Done = nil
		s.Room.expected(c)
		done(code)
	}
}

// Intercom calls a station that is to answer by itself, for the caller of this call; its forwards are not followed, and how long it
// rings when its phone does not do so is the caller's patience. On the call's queue.
//
//	A ── INVITE *99B ─► call ── INVITE, Answer-Mode: Auto, answer-after=0 ─► B
//	A ◄── 200 ───────── call ◄── 200 ─────────────────────────────────────── B
func (c *Call) Intercom(tel string) {
	s, bindings, code := c.x.callable(tel)
	if code == 0 && tel == c.a.tel {
		code = 486
	}
	if code != 0 {
		c.reject(code, "intercom")
		return
	}
	c.called, c.auto = tel, true
	if err := c.ring(ringing{station: s, from: c.a, offer: c.offerFor(c.a), timeout: c.x.cfg.Timeouts.Answer}, bindings); err != nil {
		c.refuse(err)
	}
}

// autoAnswer asks a phone to answer by itself, in the ways that phones know: Answer-Mode of RFC 5373; the parameter answer-after of
// Call-Info and Alert-Info, which most makers read; and info=alert-autoanswer of others.
func autoAnswer(host string) []sip.Header {
	return []sip.Header{
		{Name: "Answer-Mode", Value: "Auto"},
		{Name: "Call-Info", Value: fmt.Sprintf("<sip:%s>;answer-after=0", host)},
		{Name: "Alert-Info", Value: fmt.Sprintf("<http://%s>;info=alert-autoanswer;answer-after=0", host)},
	}
}
