package call

import (
	"sidetone/codecs/dtmf"
	"sidetone/control/sip"
)

// OnDigit gives every key that the leg's phone presses to fn, in whichever way it comes, once, on the call's queue; it then
// goes nowhere else. nil lets keys go to the other phone again. On the call's queue.
func (l *Leg) OnDigit(fn func(dtmf.Press)) {
	l.owner = fn
	l.call.settle()
}

// listen makes the leg's media report keys while somebody here wants them.
func (c *Call) listen(l *Leg) {
	want := l.owner != nil
	if !l.live() || l.overheard == want {
		return
	}
	l.overheard = want
	if !want {
		c.check(l.media.OnDigit(nil))
		return
	}
	c.check(l.media.OnDigit(func(p dtmf.Press) { // on the shard's thread
		c.Post(func() { c.pressed(l, p) })
	}))
}

// pressed takes a key of a leg's phone.
func (c *Call) pressed(l *Leg, p dtmf.Press) {
	c.x.cfg.Logger.Debug("key", "call_id", c.id, "leg", l.id, "key", string(p.Key))
	if l.owner != nil && !l.gone {
		l.owner(p)
	}
}

// info takes an INFO of a phone: a key of its own for whoever wants it, anything else for the other phone. The dialog answers what
// nobody does.
func (c *Call) info(l *Leg, r *sip.Request) {
	if l.owner != nil && dtmf.IsInfo(r.ContentType) {
		p, err := dtmf.ParseInfo(r.ContentType, r.Body)
		if err != nil {
			c.x.cfg.Logger.Info("INFO without a key", "call_id", c.id, "leg", l.id, "err", err)
			r.Reply(400, "")
			return
		}
		c.pressed(l, p)
		return
	}
	if peer := c.other(l); l.room == nil && peer.live() && peer.answered && !peer.gone {
		peer.dialog.Send("INFO", r.ContentType, r.Body, nil, nil)
	}
}
