package call

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/control/sip"
)

// begin opens the caller's media and lets then decide where the call goes.
//
//	488 no audio we could relay · 503 no ports left
func (c *Call) begin(offer []byte, then func()) {
	l := c.a
	m, err := c.x.cfg.Media.Open(media.OpenConfig{
		ID: l.id, Peer: l.peer.Addr(), BehindNAT: l.station.BehindNAT, Security: l.station.Security, Shard: -1, Trouble: l.trouble,
	})
	if err != nil {
		c.refuse(err)
		return
	}
	l.media = m
	c.x.rememberMedia(l)
	if offer != nil {
		if err := m.SetOffer(offer); err != nil {
			c.reject(488, err.Error())
			return
		}
		l.described = true
		c.setOffered(l, m.RemoteDirection())
	}
	then()
}

// ringing is a station to be rung.
type ringing struct {
	station Station
	from    *Leg         // who is shown to it; nil: shown
	shown   sip.Identity // when there is no leg to be joined with
	stands  *Leg         // it is to take the place of this leg; nil: it is the second party
	offer   []sdp.Codec
	timeout time.Duration
	bare    bool // with the voice alone
}

// more: there is more to offer than the voice.
func (r ringing) more() bool {
	return !r.bare && r.from != nil && r.from.described && !r.from.media.Silent() && r.from.media.HasMore()
}

// ring rings every contact of a station; an error means that none rings.
func (c *Call) ring(r ringing, bindings []sip.Binding) error {
	if r.from != nil && r.from.described && r.from.station.Digits != DigitsEvents && r.station.Digits == DigitsEvents {
		r.offer = media.WithEvents(r.offer)
	}
	if r.from != nil && r.stands == nil && !c.nearby(r.from, r.station, bindings) {
		if err := c.takeChannel(); err != nil {
			return err
		}
	}
	rings := false
	for _, b := range bindings {
		if err := c.try(r, b, r.station.Security); err != nil {
			c.x.cfg.Logger.Warn("cannot ring", "call_id", c.id, "to", r.station.Tel, "err", err)
			if !rings {
				return err
			}
			break
		}
		rings = true
	}
	return nil
}

// try rings one contact.
func (c *Call) try(r ringing, b sip.Binding, security media.Security) error {
	s := r.station
	l := &Leg{tel: s.Tel, station: s, stands: r.stands}
	switch {
	case security == media.SecurityOptional:
		l.insist = func() error { return c.try(r, b, media.SecurityRequired) }
	case r.more():
		r.bare = true
		l.insist = func() error { return c.try(r, b, s.Security) }
	}
	shown := r.shown
	if r.from != nil {
		shown = r.from.shownTo(s)
	}
	return c.invite(l, r, security, sip.InviteRequest{
		Target: b.Contact, Flow: b.Flow, From: shown, Focus: c.focus(), To: sip.Identity{Name: s.Name, User: s.Tel},
		AnswerTimeout: r.timeout, Headers: c.headers(s.Tel, hostOf(b.Flow)),
	})
}

// invite opens a leg's media and calls its phone.
func (c *Call) invite(l *Leg, r ringing, security media.Security, req sip.InviteRequest) error {
	c.rung++
	l.id, l.outgoing, l.peer, l.since = fmt.Sprintf("%s/b%d", c.id, c.rung), true, req.Flow.Remote, c.x.cfg.Now()
	l.in.Store(c)
	shard := -1
	if r.from != nil {
		shard = r.from.media.Shard()
	}
	m, err := c.x.cfg.Media.Open(media.OpenConfig{
		ID: l.id, Peer: l.peer.Addr(), BehindNAT: l.station.BehindNAT, Security: security, Shard: shard, Trouble: l.trouble,
	})
	if err != nil {
		return err
	}
	l.media = m
	c.x.rememberMedia(l)
	offer := media.Local{Codecs: r.offer}
	if r.from != nil && r.from.described && !r.bare {
		offer.Silent, offer.Sections = r.from.media.Silent(), m.Shared(r.from.media, false, false)
	}
	req.SDP, req.Hops = m.Offer(offer), c.hops
	l.publish()
	c.x.lines.add(l) // before its phone rings: who hears it may pick up at once
	d, err := c.x.cfg.Invite(req, &c.queue, c.x.notify(l))
	if err != nil {
		c.x.lines.remove(l)
		c.x.forgetMedia(l)
		c.check(m.Close())
		return err
	}
	l.dialog = d
	c.x.byDialog.Store(d, l)
	c.tries = append(c.tries, l)
	c.publish()
	return nil
}

// focus is the room that a phone is called into, where that is a focus.
func (c *Call) focus() string {
	if s := c.summons; s != nil && s.Room.focus {
		return s.Room.ID
	}
	return ""
}

// hostOf is what we call ourselves towards a phone.
func hostOf(f sip.Flow) string {
	a := f.Local.Addr().Unmap()
	if a.Is6() {
		return "[" + a.WithZone("").String() + "]"
	}
	return a.String()
}

// stopRinging cancels whoever rings, but one; no other member of a group begins to.
func (c *Call) stopRinging(but ...*Leg) {
	c.stopHunt()
	for _, t := range slices.Clone(c.tries) {
		if !slices.Contains(but, t) {
			t.dialog.Cancel(sip.Header{Name: "Reason", Value: `SIP;cause=200;text="Call completed elsewhere"`})
			c.drop(t, "answered elsewhere")
		}
	}
}

// progress passes ringing and early media on to the caller.
func (c *Call) progress(l *Leg, ev sip.Progress) {
	if c.ended || c.b != nil || !slices.Contains(c.tries, l) {
		return
	}
	l.rang = true
	if ev.SDP != nil {
		l.early = ev.SDP
	}
	if c.rangAt.IsZero() {
		c.rangAt = c.x.cfg.Now()
	}
	c.publish()
	switch {
	case c.a == nil: // the party is on its way
		return
	case c.a.answered:
		c.progressTransfer(l, ev)
		return
	}
	if c.hunt == nil {
		c.a.display(l)
	}
	switch {
	case ev.SDP == nil || c.early && !l.described || !c.a.described:
		if !c.early {
			c.a.dialog.Ring(ev.Code, nil)
		}
		return
	}
	answer, err := c.agree(l, ev.SDP)
	if err != nil {
		c.check(err)
		return
	}
	if !c.early {
		c.early, c.answer = true, answer
		c.a.dialog.Ring(183, answer)
	}
	c.settle()
}

// progressTransfer: a party that was transferred hears the phone's early media, or goes on hearing ringback of ours.
func (c *Call) progressTransfer(l *Leg, ev sip.Progress) {
	if w := c.waits; w != nil && !w.rang {
		w.rang = true
		w.refer.ringing()
	}
	if ev.SDP != nil && (!c.early || l.described) {
		if _, err := c.agree(l, ev.SDP); err != nil {
			c.check(err)
			return
		}
		c.early = true
	}
	c.settle()
}

// agree takes a phone's answer to our offer and returns the caller's, none when the caller has been answered. A phone that has
// answered the offer while it rang need not do so again (RFC 3262 5).
func (c *Call) agree(l *Leg, body []byte) ([]byte, error) {
	if body == nil && !l.described {
		body = l.early
	}
	if body != nil || !l.described {
		if err := l.media.SetAnswer(body); err != nil {
			return nil, err
		}
	}
	l.described = true
	if c.a == nil || c.a.answered {
		return nil, nil
	}
	return c.firstAnswer(c.a, l) // what an early caller was told stands; what differs is translated
}

// pickedUp joins the two phones; whoever else rings is cancelled.
func (c *Call) pickedUp(l *Leg, ev sip.Answered) {
	if c.ended || c.b != nil && (l.stands == nil || l.stands.gone || l.stands.room != nil) || !slices.Contains(c.tries, l) {
		l.dialog.End(0, "")
		return
	}
	answer, err := c.agree(l, ev.SDP)
	if err != nil {
		c.x.cfg.Logger.Info("unacceptable answer", "call_id", c.id, "leg", l.id, "err", err)
		c.lose(l, 488)
		return
	}
	if l.stands != nil {
		c.recalled(l)
		return
	}
	if c.a.live() && !l.media.Silent() && c.x.cfg.Media.Transcoded(c.a.media.Remote(), l.media.Remote()) && c.waits == nil {
		if err := errors.Join(c.takePort(c.a), c.takePort(l)); err != nil {
			c.refuse(ErrCapacity)
			return
		}
	}
	c.stopRinging(l)
	c.tries = nil
	c.b = l
	l.answered = true
	if c.answered.IsZero() {
		c.answered = c.x.cfg.Now()
	}
	c.attended()
	c.x.cfg.Logger.Info("call answered", "call_id", c.id, "from", c.from, "to", l.tel)
	if c.summons != nil {
		c.summoned(l)
		return
	}
	fresh := c.a != nil && !c.a.answered
	if fresh {
		c.accept(c.a, answer)
	}
	c.settle()
	if fresh {
		c.x.legAnswered(c.a)
	}
	c.x.legAnswered(l)
}

// failed notes why one phone did not take the call. One that refuses the media of a call that left it the choice may
// have SRTP as its only one, and rings again with that; one that refuses a call with video, with the voice alone.
func (c *Call) failed(l *Leg, ev sip.Failed) {
	l.gone = true
	if c.ended || !slices.Contains(c.tries, l) {
		return
	}
	if l.insist != nil && callerCode(ev.Code) == 488 {
		c.x.cfg.Logger.Info("ringing with other media", "call_id", c.id, "leg", l.id, "code", ev.Code)
		err := l.insist()
		if err == nil {
			c.drop(l, "rings again with other media")
			return
		}
		c.check(err)
	}
	if !c.deflected(l, ev) {
		c.lose(l, ev.Code)
	}
}

func (c *Call) lose(l *Leg, code int) {
	c.drop(l, fmt.Sprintf("failed with %d", code))
	if l.stands != nil {
		if len(c.tries) == 0 && !l.stands.gone {
			l.stands.startPatience()
		}
		return
	}
	if l.via != nil {
		c.unreachedOutside(l, code)
		return
	}
	if c.hunt != nil {
		c.missed(code)
		return
	}
	c.failure = worse(c.failure, callerCode(code))
	if len(c.tries) > 0 {
		return
	}
	if c.waits == nil || !c.waits.again {
		if c.failure == 486 {
			code = 486 // of several contacts
		}
		if c.forwardAfter(code, l.rang) {
			return
		}
	}
	c.reject(c.failure, fmt.Sprintf("%s answered %d", l.tel, code))
}

// callerCode is what the caller is told when a phone failed with code. What is
// wrong between us and that phone is not the caller's doing.
func callerCode(code int) int {
	switch code {
	case 404, 410, 480, 484, 486, 603:
		return code
	case 600:
		return 486
	case 415, 488, 606:
		return 488
	default:
		return 480
	}
}

// worse picks the more telling of two failures: refusal, busy, then the rest.
func worse(a, b int) int {
	rank := []int{603, 486, 488, 484, 410, 404, 480}
	for _, code := range rank {
		if a == code || b == code {
			return code
		}
	}
	return b
}

// refuse rejects the caller for want of something of ours.
func (c *Call) refuse(err error) {
	c.x.cfg.Logger.Warn("call refused", "call_id", c.id, "err", err)
	c.turnAway(503, "", err.Error(), sip.Header{Name: "Retry-After", Value: "5"})
}

// reject ends a call nobody answered.
func (c *Call) reject(code int, reason string) {
	c.turnAway(code, "", fmt.Sprintf("%d %s", code, reason))
}

// turnAway ends a call that nobody answered; phrase is what the caller is told besides the code, "" = what the code says.
func (c *Call) turnAway(code int, phrase, reason string, headers ...sip.Header) {
	if c.a == nil || c.a.answered {
		c.unanswered(code, reason)
		return
	}
	c.code = code
	c.x.lines.remove(c.a) // who has the answer may be called at once
	c.a.dialog.Reject(code, phrase, headers...)
	c.end("", reason)
}
