package call

import (
	"time"

	"sidetone/control/media"
)

// waiting is why party a, who has been answered, has nobody to talk to, and what becomes of it when nobody comes.
//
//	who waits                       hears      when nobody answers
//	transferred by REFER            ringback   back to the transferor, while that one's leg is there (home);
//	                                           else as below
//	transferred by hanging up       ringback   the transferor is rung, a few times; then the end
//	parked                          music      the parker is rung, again and again
type waiting struct {
	by     string         // the station that brought it here and is recalled
	hears  *media.Program //
	home   *Leg           // the transferor's leg of a REFER, until it has been tried
	refer  *referral      // nil: not by REFER
	parked bool
	left   int  // recalls left
	again  bool // it is being recalled
	rang   bool // its target rings
}

// A transferor is rung this often for a party nobody took, with a pause between.
const (
	recalls     = 3
	recallPause = 10 * time.Second
)

// later runs fn on the call's queue in d, unless the waiting is over or something else was put off meanwhile.
func (c *Call) later(d time.Duration, fn func()) {
	c.stopTimer()
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		c.Post(func() {
			if c.timer == t {
				c.timer = nil
				fn()
			}
		})
	})
	c.timer = t
}

func (c *Call) stopTimer() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

// attended ends the waiting: somebody is there.
func (c *Call) attended() {
	c.stopTimer()
	if w := c.waits; w != nil {
		c.waits = nil
		w.refer.succeed()
	}
}

// unanswered: nobody took the party that waits.
func (c *Call) unanswered(code int, reason string) {
	w := c.waits
	c.stopTimer()
	c.code = code
	switch {
	case w == nil || c.a == nil:
		c.end("", reason)
	case w.home != nil:
		c.giveBack(code)
	default:
		c.x.cfg.Logger.Info("not taken", "call_id", c.id, "party", c.a.tel, "recalls", w.by, "reason", reason)
		c.recall()
	}
}

// giveBack returns a transferred party to the transferor's leg, which has waited for the outcome; if that one is gone,
// the transferor is recalled.
func (c *Call) giveBack(code int) {
	w, x := c.waits, c.a
	home := w.home
	w.home = nil
	h := home.Call()
	c.give(x, h, func() {
		if home.Call() != h || home.gone || !h.place(x) {
			h.give(x, c, func() { c.returned(x, code) })
			return
		}
		h.settle()
		w.refer.fail(code)
		c.Post(func() { c.end("", "transfer failed") })
	})
}

// returned takes a party back that no other call had a place for.
func (c *Call) returned(x *Leg, code int) {
	if !c.place(x) {
		c.drop(x, "nowhere to go")
		return
	}
	c.unanswered(code, "not taken")
	c.settle()
}

// recall rings the station that left the party here. One that is busy or not there is tried again later.
func (c *Call) recall() {
	w := c.waits
	pause := recallPause
	if w.parked {
		pause = c.x.cfg.Timeouts.ParkRecall
	} else if w.left == 0 {
		c.end("", "recall not answered")
		return
	}
	if w.again { // this one has just failed
		w.again = false
		c.later(pause, c.recall)
		return
	}
	w.left--
	w.again = true
	c.settle()
	if s, bindings := c.x.cfg.Stations[w.by], c.x.cfg.Lookup(w.by); len(bindings) > 0 && !c.x.lines.busy(w.by) {
		c.x.cfg.Logger.Info("recall", "call_id", c.id, "party", c.a.tel, "to", w.by)
		if c.ring(ringing{station: s, from: c.a, offer: c.x.cfg.Media.Extended(c.a.media.Remote()), timeout: c.x.cfg.Timeouts.recallRing()}, bindings) == nil {
			return
		}
	}
	c.recall()
}

// dissolve ends a call that was only a way to another one and has nobody in it any more.
func (c *Call) dissolve(reason string) {
	c.silent = true
	c.end("", reason)
}
