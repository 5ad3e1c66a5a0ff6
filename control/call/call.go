package call

import (
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"sidetone/control/cdr"
	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/control/sip"
	"sidetone/control/trunk"
	"sidetone/mixer/record"
	"sidetone/relay"
)

// Call is two legs joined, or legs on their way into a room. Everything in it
// happens on its queue.
type Call struct {
	x      *Exchange
	id     string
	from   string // who called
	number string // what was dialled
	queue  Queue

	a        *Leg   // who called, or who waits to be joined with somebody
	b        *Leg   // who answered; nil before that and after it left a room call
	tries    []*Leg // who rings
	arriving []*Leg // on their way from another call, without a place yet
	rung     int    // how many have been rung

	early    bool   // the caller has an SDP answer already:
	answer   []byte // this one
	failure  int    // the best reason so far why nobody answered
	started  time.Time
	rangAt   time.Time
	answered time.Time
	ended    bool
	endedBy  string
	goodbye  goodbye // what phones are told while they are hung up
	reason   string
	code     int       // what the caller was told when nobody answered
	kept     []cdr.Leg // what legs saw that are gone
	silent   bool      // the call was a way to another one and gets no record
	movedBy  string    // the station that transferred or parked a party of it

	called     string        // the number that rings, after forwards
	diversions []diversion   // the forwards
	waits      *waiting      // a is answered and waits for somebody
	machine    *Attendance   // a talks to a machine
	timer      *time.Timer   // of waits
	auto       bool          // who is rung is to answer by itself
	summons    *Summons      // nil: there is a caller
	hunt       *hunt         // nil while no group is rung
	passed     []string      // Diversion headers that it came with
	hops       int           // behind the INVITEs that it sends
	ways       []trunk.Route // over which it can still be tried

	channel    bool             // an MPS channel is counted for it
	relayed    bool             // a phone has refused to be sent elsewhere
	recorder   *record.Recorder // nil while it is not recorded
	recordings []string         // files
	obliged    bool             // that it must be recorded has been seen to

	published snapshot
}

// goodbye is the Reason header of a BYE, or the answer of a call that was not answered; the zero one is none, and 480.
type goodbye struct {
	code   int
	phrase string
}

// Post runs fn on the call's queue, in order with its messages.
func (c *Call) Post(fn func()) {
	c.queue.Post(func() {
		if !c.ended {
			fn()
		}
	})
}

// notify makes the event handler of a leg's dialog, whichever call the leg is in.
func (x *Exchange) notify(l *Leg) func(sip.Event) {
	return func(ev sip.Event) {
		if l.gone {
			return // the last event of a dialog that we have ended ourselves
		}
		c := l.Call() // this runs on its queue: the dialog moves along with the leg
		c.x.cfg.Logger.Debug("sip event", "call_id", c.id, "leg", l.id, "event", fmt.Sprintf("%T", ev))
		switch ev := ev.(type) {
		case sip.Progress:
			c.progress(l, ev)
		case sip.Answered:
			c.pickedUp(l, ev)
		case sip.Failed:
			c.failed(l, ev)
		case sip.Acked:
			c.acked(l, ev)
		case sip.Offer:
			c.offered(l, ev)
		case sip.OfferAnswered:
			c.offerAnswered(l, ev)
		case sip.OfferFailed:
			c.offerFailed(l, ev)
		case sip.OfferCancelled:
			c.offerCancelled(l)
		case sip.Cancelled:
			l.gone = true
			if !c.transferOnHangup(l) {
				c.hangup(l, "cancelled")
			}
		case sip.Terminated:
			l.gone = true
			if !ev.Remote || !c.transferOnHangup(l) {
				c.hangup(l, ev.Reason)
			}
		case *sip.Request:
			c.request(l, ev)
		}
	}
}

// request answers what a phone asks inside its dialog: REFER is a transfer (refer.go); the dialog itself answers what
// nobody takes.
func (c *Call) request(l *Leg, r *sip.Request) {
	switch r.Method {
	case "REFER":
		c.refer(l, r)
	case "INFO":
		c.info(l, r)
	}
}

// legs are all legs that have not been closed.
func (c *Call) legs() []*Leg {
	all := make([]*Leg, 0, 2+len(c.tries))
	for _, l := range append([]*Leg{c.a, c.b}, c.tries...) {
		if l != nil && !l.gone {
			all = append(all, l)
		}
	}
	return all
}

// other is the leg's partner: for the caller the phone that answered, or the
// only one whose early media it hears.
func (c *Call) other(l *Leg) *Leg {
	if l != c.a {
		return c.a
	}
	if c.b != nil {
		return c.b
	}
	for _, t := range c.tries {
		if t.described {
			return t
		}
	}
	return nil
}

// hangup takes one leg out. A call of two ends with either of them; a leg in a
// room leaves the other one in it.
func (c *Call) hangup(l *Leg, reason string) { c.takeOut(l, l.tel, reason) }

// takeOut is hangup by whomever.
func (c *Call) takeOut(l *Leg, by, reason string) {
	if c.ended {
		return
	}
	inRoom := l.room != nil || c.other(l) != nil && c.other(l).room != nil
	if !inRoom || len(c.legs()) == 0 || l == c.a && !l.answered {
		c.end(by, reason)
		return
	}
	c.drop(l, reason)
	if c.a == nil && c.b == nil {
		c.end(by, reason)
		return
	}
	c.settle()
}

// drop ends one leg and forgets it.
func (c *Call) drop(l *Leg, reason string) {
	c.x.cfg.Logger.Info("leg ended", "call_id", c.id, "leg", l.id, "reason", reason)
	room := l.room
	l.room = nil
	l.stopPatience()
	l.stopAsking()
	if l.media != nil {
		c.keepStats(l)
		c.check(l.media.Close())
		c.x.forgetMedia(l)
	}
	c.givePort(l)
	if l.dialog != nil {
		c.x.byDialog.Delete(l.dialog)
		l.dialog.End(c.goodbye.code, c.goodbye.phrase)
	}
	l.gone = true
	c.forget(l)
	c.x.lines.remove(l)
	if room != nil {
		room.leave(l)
	}
	c.x.legEnded(l)
}

// end ends the whole call. by is the number of who did it, "" for the system.
func (c *Call) end(by, reason string) {
	if c.ended {
		return
	}
	c.endedBy, c.reason = c.role(by), reason
	c.stopTimer()
	c.stopHunt()
	c.x.cfg.Logger.Info("call ended", "call_id", c.id, "from", c.from, "to", c.number, "by", by, "reason", reason)
	c.ended = true
	if w := c.waits; w != nil {
		w.refer.fail(487)
	}
	c.dismiss()
	defer c.outcome(cmp.Or(c.code, 480))
	for _, l := range slices.Concat([]*Leg{c.a, c.b}, c.tries, c.arriving) {
		if l != nil {
			c.drop(l, reason)
		}
	}
	c.tries, c.arriving = nil, nil
	c.uncount()
	c.stopRecording()
	if !c.silent {
		c.write()
	}
	c.x.remove(c)
}

// panicked ends a call whose actor panicked; the rest of the system goes on.
func (c *Call) panicked(r any) {
	c.x.panics.Add(1)
	c.x.cfg.Logger.Error("call panicked", "call_id", c.id, "err", fmt.Sprint(r), "stack", string(debug.Stack()))
	c.queue.Post(func() { c.end("", "internal error") })
}

// mediaStopped ends what the relay found silent for too long.
func (c *Call) mediaStopped(l *Leg, reason string) {
	if !l.gone {
		c.mediaEnded(l, l.tel, goodbye{408, "Media timeout"}, "media timeout: "+reason)
	}
}

// mediaEnded takes a leg out for its media and says so to its phone, and the other one.
func (c *Call) mediaEnded(l *Leg, by string, bye goodbye, reason string) {
	c.code, c.goodbye = bye.code, bye
	c.takeOut(l, by, reason)
	c.goodbye = goodbye{}
}

// mediaFailed takes out what the data plane cannot carry: a section besides the voice, or the leg. A phone that rings has only not
// taken the call.
func (c *Call) mediaFailed(l *Leg, ev relay.Event) {
	switch {
	case l.gone:
	case l.media.Abandon(ev.Leg):
		c.settle()
	case slices.Contains(c.tries, l):
		c.lose(l, 500)
	default:
		c.mediaEnded(l, "", goodbye{500, "Media failed"}, "media failed: "+ev.Reason)
	}
}

// check notes a failure of the media side; the call goes on with what works.
func (c *Call) check(err error) {
	if err == nil {
		return
	}
	if errors.Is(err, media.ErrFull) {
		c.x.cfg.Logger.Info("room full", "call_id", c.id)
		return
	}
	c.x.cfg.Logger.Warn("media", "call_id", c.id, "err", err)
}

// role is which side of the call a station is, for its record.
func (c *Call) role(tel string) string {
	switch {
	case tel == "":
		return cdr.System
	case c.a != nil && c.a.tel == tel || c.a == nil && c.from == tel:
		return cdr.Caller
	}
	return cdr.Called
}

// setOffered notes what a phone asked for in a description of its own.
func (c *Call) setOffered(l *Leg, d sdp.Direction) {
	if d == sdp.RecvOnly && l.media.Told() == sdp.SendOnly {
		d = sdp.SendRecv // it only repeats that we have it on hold
	}
	switch {
	case d != sdp.SendRecv && l.offered == sdp.SendRecv:
		l.heldAt = c.x.cfg.Now()
		l.startPatience()
	case d == sdp.SendRecv && l.offered != sdp.SendRecv:
		l.resumedAt = c.x.cfg.Now()
		c.resumed(l)
	}
	if d != l.offered {
		c.x.cfg.Logger.Info("hold", "call_id", c.id, "leg", l.id, "direction", d.String())
	}
	l.offered = d
}
