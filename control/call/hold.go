package call

import "time"

// Hold recall: a station that has left somebody on hold for too long is rung, and its answer is the call again.
//
//	T ── re-INVITE (hold) ──► call      X hears music
//	        … HoldRecall …
//	T ◄── INVITE, from X ──── call      X goes on hearing music
//	T ── 200 ───────────────► call      X talks with T's new leg
//	T ◄── BYE ─────────────── call      the old one ends
//
// A T that takes X off hold before it answers is not rung any more; one that talks on another line is rung later.

func (l *Leg) startPatience() {
	l.stopPatience()
	wait := l.Call().x.cfg.Timeouts.HoldRecall
	if wait <= 0 || !l.answered || l.outside != nil {
		return
	}
	at := l.heldAt
	l.patience = time.AfterFunc(wait, func() {
		l.Do(func(c *Call) {
			if l.holding() && l.heldAt.Equal(at) {
				c.recallHolder(l)
			}
		}, nil)
	})
}

func (l *Leg) stopPatience() {
	if l.patience != nil {
		l.patience.Stop()
		l.patience = nil
	}
}

// recallHolder rings a station whose leg holds.
func (c *Call) recallHolder(l *Leg) {
	peer := c.other(l)
	if l.room != nil || l.referral != nil || !peer.live() || !peer.answered || peer.room != nil {
		return
	}
	bindings := c.x.cfg.Lookup(l.tel)
	if len(bindings) == 0 || c.x.lines.engaged(l.tel) {
		l.startPatience()
		return
	}
	c.x.cfg.Logger.Info("hold recall", "call_id", c.id, "to", l.tel, "party", peer.tel)
	err := c.ring(ringing{
		station: l.station, from: peer, stands: l, offer: c.x.cfg.Media.Extended(peer.media.Remote()), timeout: c.x.cfg.Timeouts.recallRing(),
	}, bindings)
	if err != nil {
		l.startPatience()
	}
}

// resumed: the phone took the call off hold by itself.
func (c *Call) resumed(l *Leg) {
	l.stopPatience()
	for _, t := range c.tries {
		if t.stands == l {
			t.dialog.Cancel()
			c.drop(t, "resumed")
		}
	}
}

// recalled puts the leg that answered a recall into the place of the one that held.
func (c *Call) recalled(l *Leg) {
	old := l.stands
	l.stands = nil
	c.stopRinging(l)
	c.replace(old, l, "hold recall")
	l.answered = true
	c.settle()
	c.x.legAnswered(l)
}
