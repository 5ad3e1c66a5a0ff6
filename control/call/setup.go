package call

import (
	"fmt"
	"slices"

	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/control/sip"
)

// begin decides where the call goes: a room, a station, or nowhere.
//
//	404 no such number · 480 not registered · 486 busy (call waiting is off)
//	488 no audio we could relay · 503 no ports left
func (c *Call) begin(offer []byte) {
	l := c.a
	m, err := c.x.cfg.Media.Open(media.OpenConfig{ID: l.id, Peer: l.peer.Addr(), BehindNAT: l.station.BehindNAT, Security: l.station.Security, Shard: -1})
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
	if room := c.x.room(c.number); room != nil {
		c.enter(room)
		return
	}
	c.dial()
}

// dial rings every contact of the station dialled.
func (c *Call) dial() {
	station, ok := c.x.cfg.Stations[c.number]
	if !ok {
		c.reject(404, "unknown number")
		return
	}
	bindings := c.x.cfg.Lookup(c.number)
	if len(bindings) == 0 {
		c.reject(480, "not registered")
		return
	}
	if c.number == c.a.tel || c.x.lines.busy(c.number) {
		c.reject(486, "busy")
		return
	}
	offer := c.x.cfg.Media.Everything()
	if c.a.described {
		offer = c.x.cfg.Media.Extended(c.a.media.Remote())
		if c.a.station.Digits != DigitsEvents && station.Digits == DigitsEvents {
			offer = media.WithEvents(offer)
		}
	}
	for _, b := range bindings {
		if err := c.try(station, b, station.Security, offer); err != nil {
			c.x.cfg.Logger.Warn("cannot ring", "call_id", c.id, "to", c.number, "err", err)
			if len(c.tries) == 0 {
				c.refuse(err)
				return
			}
			break
		}
	}
}

// try rings one contact.
func (c *Call) try(s Station, b sip.Binding, security media.Security, offer []sdp.Codec) error {
	c.rung++
	l := &Leg{call: c, id: fmt.Sprintf("%s/b%d", c.id, c.rung), tel: s.Tel, station: s, outgoing: true, peer: b.Flow.Remote}
	if security == media.SecurityOptional {
		l.insist = func() error { return c.try(s, b, media.SecurityRequired, offer) }
	}
	m, err := c.x.cfg.Media.Open(media.OpenConfig{ID: l.id, Peer: l.peer.Addr(), BehindNAT: s.BehindNAT, Security: security, Shard: c.a.media.Shard()})
	if err != nil {
		return err
	}
	l.media = m
	c.x.rememberMedia(l)
	d, err := c.x.cfg.Invite(sip.InviteRequest{
		Target: b.Contact, Flow: b.Flow,
		From: sip.Identity{Name: c.a.station.Name, User: c.a.tel},
		To:   sip.Identity{Name: s.Name, User: s.Tel},
		SDP:  m.Offer(media.Local{Codecs: offer}), AnswerTimeout: c.x.cfg.Timeouts.Answer,
	}, &c.queue, c.notify(l))
	if err != nil {
		c.x.forgetMedia(l)
		c.check(m.Close())
		return err
	}
	l.dialog = d
	c.tries = append(c.tries, l)
	c.x.lines.add(l)
	return nil
}

// progress passes ringing and early media on to the caller.
func (c *Call) progress(l *Leg, ev sip.Progress) {
	if c.ended || c.b != nil || !slices.Contains(c.tries, l) {
		return
	}
	if c.rangAt.IsZero() {
		c.rangAt = c.x.cfg.Now()
	}
	if ev.SDP == nil || c.early && !l.described || !c.a.described {
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

// agree takes a phone's answer to our offer and returns the caller's.
func (c *Call) agree(l *Leg, body []byte) ([]byte, error) {
	if err := l.media.SetAnswer(body); err != nil {
		return nil, err
	}
	l.described = true
	if c.early {
		return c.answer, nil // what the caller was told stands; what differs is translated
	}
	e := c.x.cfg.Media
	if !c.a.described {
		list := e.Extended(l.media.Remote())
		return c.a.media.Offer(media.Local{Codecs: list}), nil
	}
	return c.a.media.Answer(media.Local{Codecs: c.bridged(c.a, l)})
}

// pickedUp joins the two phones; whoever else rings is cancelled.
func (c *Call) pickedUp(l *Leg, ev sip.Answered) {
	if c.ended || c.b != nil {
		l.dialog.End(0, "")
		return
	}
	answer, err := c.agree(l, ev.SDP)
	if err != nil {
		c.x.cfg.Logger.Info("unacceptable answer", "call_id", c.id, "leg", l.id, "err", err)
		c.lose(l, 488)
		return
	}
	c.tries = slices.DeleteFunc(c.tries, func(t *Leg) bool { return t == l })
	for _, t := range c.tries {
		t.dialog.Cancel(sip.Header{Name: "Reason", Value: `SIP;cause=200;text="Call completed elsewhere"`})
		c.drop(t, "answered elsewhere")
	}
	c.tries = nil
	c.b, c.answered = l, c.x.cfg.Now()
	l.answered, c.a.answered = true, true
	c.a.lateOffer = !c.a.described
	c.a.dialog.Answer(answer)
	c.x.cfg.Logger.Info("call answered", "call_id", c.id, "from", c.a.tel, "to", l.tel)
	c.settle()
	c.x.legAnswered(c.a)
	c.x.legAnswered(l)
}

// failed notes why one phone did not take the call. One that refuses the media of a call that left it the choice may
// have SRTP as its only one, and rings again with that.
func (c *Call) failed(l *Leg, ev sip.Failed) {
	l.gone = true
	if c.ended || c.b != nil {
		return
	}
	if l.insist != nil && callerCode(ev.Code) == 488 {
		c.x.cfg.Logger.Info("ringing with SRTP alone", "call_id", c.id, "leg", l.id, "code", ev.Code)
		err := l.insist()
		if err == nil {
			c.tries = slices.DeleteFunc(c.tries, func(t *Leg) bool { return t == l })
			c.drop(l, "rings again with SRTP alone")
			return
		}
		c.check(err)
	}
	c.lose(l, ev.Code)
}

func (c *Call) lose(l *Leg, code int) {
	c.tries = slices.DeleteFunc(c.tries, func(t *Leg) bool { return t == l })
	c.drop(l, fmt.Sprintf("failed with %d", code))
	c.failure = worse(c.failure, callerCode(code))
	if len(c.tries) == 0 {
		c.reject(c.failure, fmt.Sprintf("%s answered %d", l.tel, code))
	}
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
	c.code = 503
	c.a.dialog.Reject(503, "", sip.Header{Name: "Retry-After", Value: "5"})
	c.end("", err.Error())
}

// reject ends a call nobody answered.
func (c *Call) reject(code int, reason string) {
	c.code = code
	c.a.dialog.Reject(code, "")
	c.end("", fmt.Sprintf("%d %s", code, reason))
}
