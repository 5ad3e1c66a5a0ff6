package call

import (
	"sidetone/codecs/dtmf"
	"sidetone/control/media"
	"sidetone/mixer/record"
)

// Attendance is a machine that has answered a caller in place of a phone: it plays, hears keys and records. Everything
// of it happens on the queue of the call.
//
//	caller ── INVITE *97 ──► call ── Service.Serve ──► Attend
//	caller ◄── 200 ───────── call
//	caller ◄═════════════════════ Play, again and again
//	caller ═══ keys, voice ══════► keys, Tape
//	caller ── BYE ──────────► call ── gone
type Attendance struct {
	call    *Call
	leg     *Leg
	gone    func()
	program *media.Program
	turn    int // counts what was played
	tape    *record.Track
	deaf    bool // it only plays
}

// Attend answers a caller. keys gets what its user presses; gone is called once when the caller has hung up or End was
// called, never before Attend has returned. nil: the call is over, or its media cannot be agreed about.
func (c *Call) Attend(l *Leg, keys func(dtmf.Press), gone func()) *Attendance {
	m := &Attendance{call: c, leg: l, gone: gone}
	if !m.answer(keys) {
		return nil
	}
	return m
}

// Entertain answers a caller and plays a program for as long as it stays, listening to nothing, as a source of music on hold does
// (RFC 7088).
func (c *Call) Entertain(l *Leg, p *media.Program) {
	m := &Attendance{call: c, leg: l, gone: func() {}, program: p, deaf: true}
	if m.answer(nil) {
		c.settle()
	}
}

// answer answers the caller; false when the call is over, or its media cannot be agreed about.
func (m *Attendance) answer(keys func(dtmf.Press)) bool {
	c, l := m.call, m.leg
	if c.ended || l != c.a || l.gone || c.b != nil {
		return false
	}
	if err := c.takePort(l); err != nil {
		c.refuse(err)
		return false
	}
	c.machine = m
	var body []byte
	switch {
	case l.answered: // by a transfer: it hears ringback until now
	case l.described:
		var err error
		if body, err = l.media.Answer(c.answerTo(l)); err != nil {
			c.machine = nil
			c.reject(488, err.Error())
			return false
		}
	default:
		w := c.want(l)
		w.Codecs = c.x.cfg.Media.Everything()
		body = l.media.Offer(w)
	}
	fresh := !l.answered
	c.accept(l, body)
	if c.answered.IsZero() {
		c.answered = c.x.cfg.Now()
	}
	c.attended()
	l.OnDigit(keys)
	if fresh {
		c.x.legAnswered(l)
	}
	return true
}

// Play plays samples at media.ProgramRate instead of what was played; done is called when they are over, not when
// something else is played before.
func (m *Attendance) Play(pcm []int16, done func()) {
	m.turn++
	turn := m.turn
	m.program = media.Clip(pcm, func() { // on the shard's thread
		m.call.Post(func() {
			if m.turn == turn && m.call.machine == m {
				done()
			}
		})
	})
	m.call.settle()
}

// Hush ends what is being played.
func (m *Attendance) Hush() {
	m.turn++
	m.program = nil
	m.call.settle()
}

// Tape writes what the caller says to a track, until Tape(nil) or the end.
func (m *Attendance) Tape(t *record.Track) {
	m.tape = t
	m.call.check(m.leg.media.Record(t))
}

// Post runs fn on the queue of the call, unless the machine is gone by then.
func (m *Attendance) Post(fn func()) {
	m.call.Post(func() {
		if m.call.machine == m {
			fn()
		}
	})
}

// End hangs up.
func (m *Attendance) End(reason string) { m.call.end("", reason) }

// leave ends the machine's part of the call, which goes on.
func (m *Attendance) leave() {
	m.call.machine = nil
	m.leg.OnDigit(nil)
}

// dismiss tells the machine that its caller is gone.
func (c *Call) dismiss() {
	m := c.machine
	if m == nil {
		return
	}
	c.machine = nil
	if m.tape != nil && !m.leg.gone {
		m.Tape(nil)
	}
	m.gone()
}

// DivertedBy is the station whose forward brought the call to where it is, "" when none did.
func (l *Leg) DivertedBy() string {
	c := l.Call()
	if len(c.diversions) == 0 {
		return ""
	}
	return c.diversions[len(c.diversions)-1].by
}

// Shown is by which number and name, which may be "", others may know the leg's party; by none when it does not want to be shown.
func (l *Leg) Shown() (tel, name string) {
	if l.private {
		return "", ""
	}
	return l.tel, l.station.Name
}
