package call

import (
	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/control/sip"
)

// offered answers a re-INVITE or UPDATE of a phone from what is known of the
// other one, which then is told what changed for it. The answer never waits
// for the other phone, so a slow or dead one cannot block hold or resume.
//
//	phone ── INVITE (sendonly) ──► call
//	phone ◄── 200 (recvonly) ──── call ── INVITE (sendonly) ──► other
//	                              tone or music ═══════════════► other
func (c *Call) offered(l *Leg, ev sip.Offer) {
	if c.ended || l.media == nil {
		l.dialog.RejectOffer(481)
		return
	}
	if ev.SDP == nil {
		l.lateOffer = true
		w := c.want(l)
		if w.At != l.media.At() {
			w = w.Here()
		}
		l.dialog.AcceptOffer(l.media.Offer(w))
		return
	}
	if err := l.media.SetOffer(ev.SDP); err != nil {
		c.refuseOffer(l, err)
		return
	}
	if c.ask(l) {
		c.settle()
		return
	}
	c.answerOffer(l)
}

// answerOffer answers the offer that a phone has made.
func (c *Call) answerOffer(l *Leg) {
	l.stopAsking()
	before := l.offered
	c.setOffered(l, l.media.RemoteDirection())
	answer, err := l.media.Answer(c.answerTo(l))
	if err != nil {
		l.offered = before
		c.refuseOffer(l, err)
		c.settle()
		return
	}
	l.publish() // before the phone learns of it: it may dial a code at once
	l.dialog.AcceptOffer(answer)
	c.settle()
	if l.room != nil && before != l.offered {
		l.room.changed()
	}
}

func (c *Call) refuseOffer(l *Leg, err error) {
	c.x.cfg.Logger.Info("offer refused", "call_id", c.id, "leg", l.id, "err", err)
	l.dialog.RejectOffer(488)
}

// answerTo is what to answer to the phone's own offer: what it offered and the
// other side takes.
func (c *Call) answerTo(l *Leg) media.Local {
	w := c.want(l)
	e := c.x.cfg.Media
	peer := c.other(l)
	if w.At != (media.Place{}) && w.At == l.media.At() {
		w.Sections = l.media.Settled(peer.media, false, true)
		return w // it talks directly, and goes on
	}
	w.At = media.Place{} // it is sent there by a re-INVITE of ours, together with its peer
	switch {
	case l.room != nil || c.machine != nil:
		w.Codecs = e.Mixable(l.media.Remote())
	case peer.live():
		w.Codecs, w.Sections = c.bridged(l, peer), l.media.Settled(peer.media, quiet(l, peer), false)
	default:
		w.Codecs = l.media.Remote()
	}
	return w
}

// bridged is what to tell a leg's phone when its peer's has spoken: telephone-event stays also where the peer gets keys
// in another way.
func (c *Call) bridged(l, peer *Leg) []sdp.Codec {
	list := c.x.cfg.Media.Bridged(l.media.Remote(), peer.media.Remote())
	if len(list) > 0 && l.station.Digits == DigitsEvents && peer.station.Digits != DigitsEvents && !media.HasEvents(list) {
		list = append(list, media.Events(l.media.Remote())...)
	}
	return list
}

// acked takes the answer that comes in an ACK when our 2xx carried the offer.
func (c *Call) acked(l *Leg, ev sip.Acked) {
	if !l.lateOffer || c.ended {
		return
	}
	l.lateOffer = false
	if ev.SDP == nil {
		c.hangup(l, "no answer in ACK")
		return
	}
	if err := l.media.SetAnswer(ev.SDP); err != nil {
		c.check(err)
		c.hangup(l, "unacceptable answer")
		return
	}
	l.described = true
	c.setOffered(l, l.media.RemoteDirection().And(l.media.Told().Reverse()))
	if l.media.Told() == sdp.SendOnly {
		l.offered = sdp.SendRecv // it cannot answer more than recvonly; nothing is said about hold
	}
	c.settle()
}

// offerAnswered takes the answer to a re-INVITE of ours.
func (c *Call) offerAnswered(l *Leg, ev sip.OfferAnswered) {
	l.offering = false
	if c.ended {
		return
	}
	if err := l.media.SetAnswer(ev.SDP); err != nil {
		c.check(err)
		l.media.OfferRefused(false)
		c.settle()
		return
	}
	if l.holding() && l.media.Told() == sdp.SendRecv && l.media.RemoteDirection() == sdp.SendRecv {
		c.setOffered(l, sdp.SendRecv) // it took our sendrecv as its resume
	}
	c.settle()
}

// offerFailed: the phone did not take our re-INVITE. The session stands as it
// was (RFC 3261 14.1); media keeps what was planned, the phone just was not
// told. It is told again only if something else has changed by now, as when its
// own offer came in between (491).
func (c *Call) offerFailed(l *Leg, ev sip.OfferFailed) {
	c.x.cfg.Logger.Info("re-INVITE refused", "call_id", c.id, "leg", l.id, "code", ev.Code)
	l.offering = false
	if l.elsewhere() {
		c.relayed = true
	}
	l.media.OfferRefused(ev.Code == 491)
	if !c.ended {
		c.settle()
	}
}
