package call

import (
	"fmt"
	"time"

	"sidetone/control/sdp"
	"sidetone/control/sip"
)

// A transfer by REFER (RFC 3515, RFC 5589). The phone that asks for it is the transferor T, who talks with X and may
// have a second call with Y.
//
//	attended: T has called Y, who has answered or rings      blind: T names a number
//
//	T ── REFER, Refer-To: Y?Replaces=2nd call ─► call 1      T ── REFER, Refer-To: Z ─► call 1
//	T ◄── 202, NOTIFY 100 ────────────────────── call 1      T ◄── 202, NOTIFY 100 ─── call 1
//	      X ─────────────── moves ─────────────► call 2            X ──── moves ─────► new call ── INVITE ─► Z
//	T ◄── BYE (2nd call) ─────────────────────── call 2            X hears ringback
//	      X ◄── re-INVITE (resume) ───────────── call 2      T ◄── NOTIFY 180 ──────── new call ◄── 180 ─── Z
//	T ◄── NOTIFY 200 ─────────────────────────── call 1            X ◄── re-INVITE ─── new call ◄── 200 ─── Z
//	T ─── BYE ─────────────────────────────────► call 1      T ◄── NOTIFY 200, T ── BYE ─► call 1
//
// When it comes to nothing, T gets NOTIFY with the code and X is back in call 1 as it was, on hold. A T that has hung
// up meanwhile is recalled instead.

// farewell is how long a transferor may take to end its call after a transfer, as phones do by themselves.
const farewell = 3 * time.Second

// referral is the implicit subscription of a REFER: whom to tell what becomes of it. It may be told on any queue; nil
// is nobody.
type referral struct {
	leg   *Leg
	event string
	quiet bool // Refer-Sub: false
}

func (r *referral) notify(code int, state string) {
	if r.quiet {
		return
	}
	r.leg.dialog.Send("NOTIFY", "message/sipfrag;version=2.0", fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", code, sip.Phrase(code)), []sip.Header{
		{Name: "Event", Value: r.event}, {Name: "Subscription-State", Value: state},
	}, nil)
}

// ringing tells that the target rings.
func (r *referral) ringing() {
	if r != nil {
		r.leg.Do(func(*Call) { r.notify(180, "active;expires=180") }, nil)
	}
}

// fail tells that the transfer came to nothing; the transferor's call goes on, if there is anybody in it.
func (r *referral) fail(code int) {
	r.finish(code, func(c *Call) {
		if c.other(r.leg) == nil && len(c.arriving) == 0 {
			c.hangup(r.leg, "the transferred party is gone")
		}
	})
}

// succeed tells that the transfer is done. The transferor ends its call; a phone that forgets to is helped.
func (r *referral) succeed() {
	r.finish(200, func(*Call) {
		time.AfterFunc(farewell, func() { r.leg.Do(func(c *Call) { c.hangup(r.leg, "transferred") }, nil) })
	})
}

// finish tells the outcome, once, and then does what follows from it on the queue of the transferor's call.
func (r *referral) finish(code int, then func(*Call)) {
	if r == nil {
		return
	}
	r.leg.Do(func(c *Call) {
		if r.leg.referral != r {
			return
		}
		r.leg.referral = nil
		r.notify(code, "terminated;reason=noresource")
		then(c)
	}, nil)
}

// refer begins a transfer that a phone asks for.
//
//	400 Refer-To is not to be understood · 403 there is nobody to transfer · 491 another transfer is under way
func (c *Call) refer(l *Leg, r *sip.Request) {
	if l.outside != nil { // a carrier could send our callers to numbers that cost
		c.refused(l, "transfer asked for by a trunk")
		r.Reply(403, "")
		return
	}
	if l.away {
		c.refused(l, "transfer asked for from an unregistered address")
		r.Reply(403, "")
		return
	}
	peer := c.other(l)
	asked, err := sip.ParseRefer(r)
	asked.Target = c.x.meant(asked.Target)
	switch {
	case err != nil:
		c.x.cfg.Logger.Info("transfer refused", "call_id", c.id, "leg", l.id, "err", err)
		r.Reply(400, "Bad Refer-To")
		return
	case l.referral != nil:
		r.Reply(491, "")
		return
	case l.answered && l.room != nil:
		c.referred(l, r, asked)
		return
	case asked.Bye:
		r.Reply(400, "Bad Refer-To")
		return
	case !l.answered || l.room != nil || !peer.live() || !peer.answered || peer.room != nil:
		r.Reply(403, "Nobody To Transfer")
		return
	}
	ref := &referral{leg: l, event: "refer", quiet: asked.Silent}
	var accepted []sip.Header
	if asked.Silent {
		accepted = append(accepted, sip.Header{Name: "Refer-Sub", Value: "false"})
	}
	r.Reply(202, "", accepted...)
	l.referral = ref
	ref.notify(100, "active;expires=180")
	if asked.Replaces != nil {
		c.x.cfg.Logger.Info("attended transfer", "call_id", c.id, "by", l.tel, "party", peer.tel, "to", asked.Target)
		c.transferAttended(l, peer, *asked.Replaces, ref)
		return
	}
	c.x.cfg.Logger.Info("blind transfer", "call_id", c.id, "by", l.tel, "party", peer.tel, "to", c.x.shown(asked.Target))
	if f := c.x.feature(asked.Target); f != nil {
		c.transferToCode(l, f, asked.Target, ref)
		return
	}
	c.transferBlind(l, peer, c.x.outward(l.station, asked.Target), ref)
}

// transferToCode gives the party to a code that can take it, such as park. It counts as the one that was put on hold last,
// which not every phone does before it transfers.
func (c *Call) transferToCode(l *Leg, f Feature, number string, ref *referral) {
	if _, takes := f.(Taker); !takes {
		ref.fail(480)
		return
	}
	if !l.holding() {
		l.offered = sdp.SendOnly
	}
	l.heldAt = c.x.cfg.Now()
	l.publish()
	ref.succeed()
	c.x.act(f, l.tel, number)
}

// transferAttended moves the party to the call in which the transferor's other dialog is.
func (c *Call) transferAttended(l, x *Leg, rep sip.Replaces, ref *referral) {
	old := c.x.replaced(rep)
	if old == nil || old.Call() == c {
		ref.fail(481)
		return
	}
	to := old.Call()
	c.movedBy = l.tel
	c.give(x, to, func() {
		code := to.takeOver(x, old, rep, ref)
		if code == 0 {
			return
		}
		to.give(x, c, func() {
			if l.gone || l.Call() != c || !c.place(x) {
				c.drop(x, "transfer failed")
			} else {
				c.settle()
			}
			ref.fail(code)
		})
	})
}

// takeOver puts a party that has arrived into the place of the transferor's dialog. The other end has answered, or
// still rings: then the party hears ringback. The result is 0 or why it cannot be.
func (c *Call) takeOver(x, old *Leg, rep sip.Replaces, ref *referral) int {
	partner := c.b
	if old == c.b {
		partner = c.a
	}
	switch {
	case c.ended || old.gone || old.Call() != c || !rep.Names(old.dialog) || old.room != nil:
		return 481
	case old.answered && rep.EarlyOnly:
		return 486
	case old != c.a && old != c.b:
		return 481
	case old.answered && (!partner.live() || !partner.answered || partner.room != nil):
		return 481
	case !old.answered && (old != c.a || len(c.tries) == 0 && c.hunt == nil):
		return 481
	}
	c.movedBy = old.tel
	c.replace(old, x, "transferred")
	if old.answered {
		if err := c.join(); err != nil { // both have been answered: there is nothing to fail
			c.check(err)
		}
		ref.succeed()
		return 0
	}
	c.wait(&waiting{by: old.tel, home: ref.leg, refer: ref, left: recalls})
	return 0
}

// wait makes the party, whose target rings already, hear ringback and puts an end to the ringing.
func (c *Call) wait(w *waiting) {
	w.hears = c.x.cfg.Media.Programs().Ringback
	c.waits = w
	c.later(c.x.cfg.Timeouts.TransferRecall, func() {
		c.stopRinging()
		c.unanswered(408, "transfer not answered")
	})
	c.settle()
}

// transferBlind makes a call of the party's own to a number.
func (c *Call) transferBlind(l, x *Leg, number string, ref *referral) {
	to := c.x.newCall(x.tel, c.x.shown(number))
	if !c.x.add(to) {
		ref.fail(503)
		return
	}
	to.movedBy = l.tel
	c.movedBy = l.tel
	c.give(x, to, func() {
		if !to.place(x) {
			to.drop(x, "shutdown")
			return
		}
		to.wait(&waiting{by: l.tel, home: l, refer: ref, left: recalls})
		to.dial(number)
	})
}

// replaced finds the leg whose dialog a Replaces names, nil when there is none.
func (x *Exchange) replaced(rep sip.Replaces) *Leg {
	if x.cfg.Dialog == nil {
		return nil
	}
	d, ok := x.cfg.Dialog(rep.CallID, rep.ToTag)
	if !ok {
		return nil
	}
	if l, ok := x.byDialog.Load(d); ok {
		return l.(*Leg)
	}
	return nil
}
