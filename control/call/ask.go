package call

import (
	"time"

	"sidetone/control/sdp"
)

// A phone that brings something new into a call, video or a fax, is answered when the other phone has said what it thinks of it:
//
//	phone ── INVITE (audio, video) ──► call ── INVITE (audio, video) ──► other
//	phone ◄── 100 ──────────────────── call ◄── 200 (audio, 0) ───────── other     it has no video, or refuses it
//	phone ◄── 200 (audio, 0) ───────── call
//
// Everything else, hold and resume above all, is answered at once (offer.go). What keeps the other phone from being asked, as that it
// holds, is a refusal for now; it is asked when it can be.

// askTime is how long the other phone may take, whose user may have to agree.
const askTime = 15 * time.Second

// ask makes the offer of a phone wait if the other one has to be asked; settle asks.
func (c *Call) ask(l *Leg) bool {
	peer := c.other(l)
	if !l.answered || !peer.live() || !peer.answered || l.room != nil || peer.room != nil || peer.lateOffer || peer.asking != nil || peer.holding() {
		return false
	}
	if l.media.RemoteDirection() != sdp.SendRecv || !l.media.Asks(peer.media) {
		return false
	}
	l.asking = time.AfterFunc(askTime, func() {
		l.Do(func(c *Call) {
			if l.asking != nil {
				c.answerOffer(l)
			}
		}, nil)
	})
	return true
}

// asked: the other phone has been asked and has not answered yet.
func (c *Call) asked(l *Leg) bool {
	peer := c.other(l)
	return peer.live() && peer.offering
}

func (l *Leg) stopAsking() {
	if l.asking != nil {
		l.asking.Stop()
		l.asking = nil
	}
}

// offerCancelled: the phone takes its offer back before it was answered.
func (c *Call) offerCancelled(l *Leg) {
	if l.asking == nil || c.ended {
		return
	}
	l.stopAsking()
	l.media.Revert()
	c.settle()
}

// trouble notes why a section besides the voice could not be had.
func (l *Leg) trouble(err error) { l.Call().check(err) }
