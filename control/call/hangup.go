package call

import "time"

// Transfer by hanging up, as the OfficeServ manual has its stations do it: with one call on hold, the transferor ends
// the other one, which it talks in (consultation transfer) or which still rings (blind transfer).
//
//	X ◄─hold─ T                       T ── INVITE ─► Y
//	             T ── BYE (or CANCEL) ─► call 2          call 2 keeps Y
//	call 1 ── X moves ─────────────────► call 2          X and Y talk, or X hears ringback
//	call 1 ── BYE ─► T
//
// The call that T holds is never what is transferred to: who wants the first party back takes it off hold and then
// ends the other call. Some phones take a held call off hold by themselves in the moment of the BYE. That must not decide,
// whichever of the two is heard first: no hand takes a call off hold and ends another within sameMoment.

// sameMoment is how soon before the BYE a phone takes a call off hold by itself.
const sameMoment = 200 * time.Millisecond

// transferOnHangup does that when a phone's end of a call is one; the leg is gone already. False: it is just an end.
func (c *Call) transferOnHangup(l *Leg) bool {
	if c.ended || !l.station.TransferOnHangup || l.room != nil || l.holding() || l.stands != nil || l.referral != nil {
		return false
	}
	peer := c.b
	if l == c.b {
		peer = c.a
	}
	talks := l.answered && peer.live() && peer.answered && peer.room == nil
	rings := l == c.a && !l.answered && c.b == nil && (len(c.tries) > 0 || c.hunt != nil)
	fit := func(h *Leg) bool { return h != l && h.Call() != c && !h.State().InRoom }
	held := c.x.lines.held(l.tel, fit)
	if held == nil {
		held = c.x.lines.resumed(l.tel, c.x.cfg.Now().Add(-sameMoment), fit)
	}
	if !talks && !rings || held == nil {
		return false
	}
	c.x.cfg.Logger.Info("transfer by hanging up", "call_id", c.id, "by", l.tel)
	c.movedBy = l.tel
	c.drop(l, "transferred")
	if talks {
		c.settle() // who is left hears nothing for the moment it takes
	}
	abandon := func() { c.Post(func() { c.end(l.tel, "bye") }) }
	held.Do(func(from *Call) {
		x := from.other(held)
		if !x.live() || !x.answered || held.room != nil || x.room != nil {
			abandon()
			return
		}
		from.movedBy = l.tel
		from.give(x, c, func() { c.handed(x, from, held) })
	}, abandon)
	return true
}

// handed takes the party that was on hold. If the other one has hung up meanwhile, it goes back to where it was held.
func (c *Call) handed(x *Leg, from *Call, held *Leg) {
	if (c.a == nil && c.b == nil && len(c.tries) == 0 && c.hunt == nil) || !c.place(x) {
		c.give(x, from, func() {
			if held.gone || !from.place(x) {
				from.drop(x, "transfer failed")
				return
			}
			from.settle()
		})
		return
	}
	held.Do(func(from *Call) { from.end(held.tel, "transferred") }, nil)
	if c.a != nil && c.b != nil {
		c.check(c.join())
		return
	}
	c.wait(&waiting{by: held.tel, left: recalls})
}
