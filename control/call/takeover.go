package call

import "sidetone/control/sip"

// What a caller does who wants somebody else's call: INVITE with Replaces (RFC 3891), pickup, and retrieval. The caller's
// leg moves into that call and is answered there; its own call was only the way to it.
//
//	A ── INVITE ──► call 1 ── INVITE ──► B rings          P has put X on hold, dialled 11: X waits in call 1
//	C ── INVITE 65B ─► call 2                              C ── INVITE 12P ─► call 2
//	C ── moves ─────► call 1 ── CANCEL ─► B                C ── moves ──────► call 1
//	A ◄── 200 ────── call 1 ── 200 ────► C                X ◄── re-INVITE ── call 1 ── 200 ──► C

// takeOverBy carries out an INVITE with Replaces: an answered leg is replaced, one that rings is picked up.
//
//	481 no such dialog · 486 it has been answered, and only an early one was meant
func (c *Call) takeOverBy(l *Leg, rep sip.Replaces) {
	old := c.x.replaced(rep)
	if old == nil || old.Call() == c {
		c.reject(481, "no dialog to replace")
		return
	}
	to := old.Call()
	c.visit(l, to, func() int {
		switch {
		case old.gone || old.Call() != to || !rep.Names(old.dialog):
			return 481
		case !old.answered:
			return to.pick(old, l)
		case rep.EarlyOnly:
			return 486
		case old != to.a && old != to.b:
			return 481
		}
		partner := to.other(old)
		if !partner.live() || !partner.answered || partner.room != nil || old.room != nil {
			return 481
		}
		to.movedBy = l.tel
		if _, err := to.firstAnswer(l, partner); err != nil {
			return 488
		}
		to.replace(old, l, "replaced")
		to.check(to.join())
		return 0
	}, func(code int) { c.reject(code, "cannot replace") })
}

// visit moves the caller into another call, where take finds it a place or says with a code why not; then it comes back
// and refused is told.
func (c *Call) visit(l *Leg, to *Call, take func() int, refused func(code int)) {
	c.give(l, to, func() {
		code := 481
		if !to.ended {
			code = take()
		}
		if code == 0 {
			c.queue.Post(func() { c.dissolve("in another call") })
			return
		}
		to.give(l, c, func() {
			if !c.place(l) {
				c.drop(l, "its call has ended")
				return
			}
			refused(code)
		})
	})
}

// Pickup answers a call that rings at another phone for the caller. When that one has been answered or given up
// meanwhile, next is called on the queue of the caller's call.
func (c *Call) Pickup(caller, ringing *Leg, next func()) {
	to := ringing.Call()
	if to == c {
		next()
		return
	}
	c.visit(caller, to, func() int { return to.pick(ringing, caller) }, func(int) { next() })
}

// pick joins a leg that has arrived with the caller of a ringing phone, which is cancelled along with all others that
// ring for this call.
func (c *Call) pick(ringing, l *Leg) int {
	if ringing.gone || ringing.Call() != c || ringing.answered || !ringing.outgoing || ringing.stands != nil || c.a == nil || c.b != nil {
		return 481
	}
	if !c.place(l) {
		return 481
	}
	if err := c.join(); err != nil {
		c.check(err)
		c.b = nil
		return 488
	}
	c.x.cfg.Logger.Info("picked up", "call_id", c.id, "by", l.tel, "for", ringing.tel)
	return 0
}

// Decline ends the call of a code that found nobody, and says so to the caller.
func (c *Call) Decline(reason string) { c.turnAway(480, reason, "480 "+reason) }

// Park leaves the party that a leg holds in its call and ends the leg, after it has told parked of the party; it does
// nothing when there is nobody to park. After the park recall time by is rung for it. On the call's queue.
func (c *Call) Park(holder *Leg, by string, parked func(*Leg)) {
	x := c.other(holder)
	if !holder.holding() || holder.room != nil || holder.referral != nil || !x.live() || !x.answered || x.room != nil || len(c.tries) > 0 {
		return
	}
	music := c.x.cfg.Media.Programs().Waiting(holder.station.Music)
	c.movedBy = holder.tel
	parked(x)
	c.drop(holder, "parked")
	c.a, c.b = x, nil
	c.waits = &waiting{by: by, hears: music, parked: true}
	c.x.cfg.Logger.Info("parked", "call_id", c.id, "party", x.tel, "by", by)
	c.later(c.x.cfg.Timeouts.ParkRecall, c.recall)
	c.settle()
}

// Retrieve joins the caller with a parked party. When that one is gone or has been retrieved meanwhile, next is called
// on the queue of the caller's call.
func (c *Call) Retrieve(caller, parked *Leg, next func()) {
	to := parked.Call()
	if to == c {
		next()
		return
	}
	c.visit(caller, to, func() int {
		if parked.gone || to.a != parked || to.b != nil || to.waits == nil || !to.waits.parked {
			return 481
		}
		if !to.place(caller) {
			return 481
		}
		if err := to.join(); err != nil {
			to.check(err)
			to.b = nil
			return 488
		}
		return 0
	}, func(int) { next() })
}
