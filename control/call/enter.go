package call

import (
	"crypto/subtle"
	"time"

	"sidetone/codecs/dtmf"
	"sidetone/control/media"
	"sidetone/control/prompt"
)

// How a caller gets into a room, after its PIN where it has one.
//
//	caller ── INVITE 700 ──► call ── 200, "please enter the PIN" ──► Attendance
//	caller ══ 1 2 3 4 # ═══► pinpad ── right ──► enter: the room's mix
//	                                 └ wrong, the third time ──► BYE

const (
	pinTries = 3
	pinTime  = 15 * time.Second // to begin with the PIN, and from key to key
)

// pinpad asks a caller for the PIN of a room. Everything in it happens on the queue of the call.
type pinpad struct {
	call    *Call
	room    *Room
	machine *Attendance
	keys    []byte
	tries   int
	timer   *time.Timer
}

// arrive lets a caller into a room, or asks for the PIN first.
func (c *Call) arrive(r *Room) {
	if r.pin == "" {
		c.enter(r)
		return
	}
	p := &pinpad{call: c, room: r}
	if p.machine = c.Attend(c.a, p.pressed, p.stop); p.machine != nil {
		p.ask("enter-pin")
	}
}

// ask says something and waits for the PIN.
func (p *pinpad) ask(words ...string) {
	p.keys = p.keys[:0]
	p.wait()
	p.say(func() { p.machine.Hush() }, words...)
}

func (p *pinpad) say(then func(), words ...string) {
	pcm, err := prompt.Say(words...)
	p.call.check(err)
	p.machine.Play(pcm, then)
}

// wait gives the caller its time, from now on.
func (p *pinpad) wait() {
	p.stop()
	p.timer = time.AfterFunc(pinTime, func() { p.machine.Post(p.wrong) })
}

func (p *pinpad) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// pressed takes a key; the first one silences the question.
func (p *pinpad) pressed(k dtmf.Press) {
	if p.tries >= pinTries {
		return
	}
	if len(p.keys) == 0 {
		p.machine.Hush()
	}
	p.wait()
	if k.Key != '#' && len(p.keys) < 64 {
		p.keys = append(p.keys, k.Key)
	}
	switch {
	case len(p.keys) == 0: // the pound of who did not wait for it to be told that the PIN was complete
	case k.Key != '#' && len(p.keys) < len(p.room.pin):
	case subtle.ConstantTimeCompare(p.keys, []byte(p.room.pin)) == 1:
		p.stop()
		p.machine.leave()
		p.call.enter(p.room)
	default:
		p.wrong()
	}
}

// wrong is what follows a wrong PIN, or none.
func (p *pinpad) wrong() {
	p.tries++
	p.call.x.cfg.Logger.Info("wrong PIN", "call_id", p.call.id, "room", p.room.ID, "from", p.call.from, "try", p.tries)
	if p.tries < pinTries {
		p.ask("wrong-pin", "enter-pin")
		return
	}
	p.stop()
	p.say(func() { p.machine.End("wrong PIN") }, "wrong-pin", "good-bye")
}

// enter answers a caller who dialled a room.
func (c *Call) enter(r *Room) {
	l := c.a
	if err := c.takePort(l); err != nil {
		c.refuse(err)
		return
	}
	if !r.take(l) {
		code, reason := 486, "room full"
		if r.Locked() {
			code, reason = 403, "room locked"
		}
		c.reject(code, reason)
		return
	}
	l.room = r
	defer r.changed()
	if r.focus {
		l.dialog.SetFocus(r.ID)
	}
	if l.answered { // it was transferred here
		c.answered = c.x.cfg.Now()
		c.attended()
		c.settle()
		return
	}
	var body []byte
	if l.described {
		var err error
		if body, err = l.media.Answer(c.answerTo(l)); err != nil {
			c.reject(488, err.Error())
			return
		}
	} else {
		l.lateOffer = true
		body = l.media.Offer(media.Local{Codecs: c.x.cfg.Media.Everything()})
	}
	l.answered, c.answered = true, c.x.cfg.Now()
	l.dialog.Answer(body)
	c.x.cfg.Logger.Info("entered room", "call_id", c.id, "room", r.ID, "from", l.tel)
	c.settle()
	c.x.legAnswered(l)
}
