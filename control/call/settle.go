package call

import (
	"sidetone/control/media"
	"sidetone/control/sdp"
)

// settle makes media and signalling follow the state of the call. It runs after
// every event and changes only what differs.
//
//	peer \ this leg   talking            holding
//	talking           hears the peer     hears nothing (recvonly: the peer)
//	holding           hears tone, music  hears nothing
//	in a room         the room's mix, unless it holds
//	nobody there      ringback or music, when it waits (waiting.go); what a machine plays (attendance.go)
func (c *Call) settle() {
	a := c.a
	b := c.other(a) // before the answer, a phone whose early media is heard
	if a.live() && b.live() {
		c.check(media.Connect(a.media, b.media, c.plan(a, b), c.plan(b, a)))
	} else {
		for _, l := range c.legs() {
			if l.live() {
				c.check(media.Connect(l.media, nil, c.plan(l, nil), media.Plan{}))
			}
		}
	}
	c.oblige()
	c.tape()
	c.count()
	for _, l := range c.legs() {
		c.listen(l)
		c.watch(l)
		c.present(l)
		c.tell(l)
		if l.answered {
			l.dialog.Announce()
		}
		l.publish()
	}
	c.publish()
	for _, l := range c.legs() {
		if l.asking != nil && !c.asked(l) {
			c.answerOffer(l)
		}
	}
}

// plan is what a leg is for right now; peer is nil when it has none.
func (c *Call) plan(l, peer *Leg) media.Plan {
	if l.room != nil {
		if l.holding() || !l.answered {
			return media.Plan{}
		}
		return media.Plan{Room: l.room.media}
	}
	if peer == nil && l == c.a && c.waits != nil && l.listens() {
		return media.Plan{Hear: c.hears(l, c.waits.hears)}
	}
	if peer == nil && l == c.a && c.machine != nil && l.listens() {
		return media.Plan{Hear: c.machine.program}
	}
	if peer == nil || peer.room != nil {
		return media.Plan{}
	}
	var p media.Plan
	if !quiet(l, peer) {
		p.Pass = peer.media
	}
	if l.says() && peer.listens() && (!l.holding() || l.station.PhoneTone) {
		p.To = peer.media // a holding phone speaks only where it brings its own tone
		p.AddDigits, p.KeepDigits = addsDigits(l, peer), keepsDigits(l, peer)
	}
	if peer.holding() && !peer.station.PhoneTone && l.listens() {
		p.Hear = c.hears(l, c.x.cfg.Media.Programs().Waiting(peer.station.Music))
	}
	return p
}

// quiet: no video flows between two phones of which one holds the other, but that of a phone that brings its own to those it holds.
func quiet(l, peer *Leg) bool {
	return l.holding() && !l.station.PhoneTone || peer.holding() && !peer.station.PhoneTone
}

// hears is what a leg is played, nothing when there is no port to make it.
func (c *Call) hears(l *Leg, p *media.Program) *media.Program {
	if p == nil || c.takePort(l) != nil {
		return nil
	}
	return p
}

// watch sets the media timeouts that fit what the leg is doing.
func (c *Call) watch(l *Leg) {
	t := c.x.cfg.Timeouts
	peer := c.other(l)
	switch {
	case !l.live():
	case !l.answered, l.elsewhere(), c.summons != nil && c.summons.Muted: // a phone may send nothing where nobody listens, and nothing to us while it talks directly
		l.media.SetTimeouts(0, 0)
	case l.holding() || l.room == nil && (peer == nil && (c.machine == nil || c.machine.deaf) || peer.live() && peer.holding()):
		l.media.SetTimeouts(t.Hold, t.Hold)
	default:
		l.media.SetTimeouts(t.NoMedia, t.OneWay)
	}
}

// want is what our side of the leg's description should say now.
func (c *Call) want(l *Leg) media.Local {
	e := c.x.cfg.Media
	peer := c.other(l)
	w := media.Local{Codecs: l.media.Described(), Direction: sdp.SendRecv}
	if l.room != nil {
		if w.Codecs = e.Mixable(w.Codecs); w.Codecs == nil {
			w.Codecs = e.Everything()
		}
	}
	if m := c.machine; m != nil && m.deaf {
		w.Direction = sdp.SendOnly
		return w
	}
	if l.room == nil && peer == nil && (c.machine == nil || !l.answered) {
		w.Direction = l.media.Told() // nothing to say before somebody is there
		if c.waits == nil || !c.waits.parked {
			w.Silent, w.Sections = l.media.Silent(), l.media.Sections()
		}
		return w
	}
	if l.room == nil && peer.live() && peer.answered && !peer.offering && e.Bridged(l.media.Remote(), peer.media.Remote()) == nil {
		w.Codecs = e.Widened(w.Codecs, peer.media.Remote()) // they met by a transfer and have nothing in common yet
	}
	if l.room == nil && peer.live() {
		list := c.direct(l, peer)
		if list != nil {
			w.Codecs, w.At = list, peer.media.Place()
		}
		w.Silent = l.media.Silent() || peer.media.Silent()
		w.Sections = l.media.Shared(peer.media, quiet(l, peer), list != nil)
	} else if l.room == nil && peer != nil {
		w.Sections = l.media.Sections()
	}
	if !l.listens() {
		w.Direction |= sdp.RecvOnly
	}
	if l.room == nil && peer.live() && peer.holding() && !peer.listens() {
		w.Direction |= sdp.SendOnly
	}
	return w
}

// tell offers the phone what it should know: that it is held, resumed, or that
// a room needs another codec. A phone that holds is left alone until it resumes.
func (c *Call) tell(l *Leg) {
	if !l.live() || !l.answered || l.offering || l.lateOffer || l.asking != nil || l.holding() {
		return
	}
	if w := c.want(l); !l.media.Tells(w) {
		c.offer(l, w)
	}
}

// offer sends a re-INVITE.
func (c *Call) offer(l *Leg, w media.Local) {
	l.offering = true
	l.dialog.Reinvite(l.media.Offer(w))
}
