package features

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"sidetone/codecs/dtmf"
	"sidetone/control/call"
	"sidetone/control/media"
	"sidetone/control/prompt"
	"sidetone/control/voicemail"
	"sidetone/mixer/moh"
	"sidetone/mixer/record"
)

// thinking is how long a station may take over its choice before it is asked again.
const thinking = 5 * time.Second

// VoiceMail is the number at which messages are left and heard. A station sends its calls there by forwarding them to
// it (604*97: when it is busy or does not answer), and dials it to listen.
//
//	217 ── INVITE 218 ──► 181 ── (busy, no answer, ...) ──► 200, greeting of 218, tone ══ message ══► file
//	218 ◄── NOTIFY message-summary (Voice-Message: 1/0) ──┘
//	218 ── INVITE *97 ──► 200, "you have one new message" ◄══ keys
type VoiceMail struct {
	x     *call.Exchange
	boxes *voicemail.Mailboxes
	code  string
	log   *slog.Logger

	writers sync.WaitGroup
}

// NewVoiceMail adds the feature to the exchange; code "" switches it off.
func NewVoiceMail(x *call.Exchange, boxes *voicemail.Mailboxes, code string, log *slog.Logger) *VoiceMail {
	f := &VoiceMail{x: x, boxes: boxes, code: code, log: log}
	if code != "" {
		x.AddDestination(f)
	}
	return f
}

// Wait returns when every message is in its mailbox; calls have ended before.
func (f *VoiceMail) Wait() { f.writers.Wait() }

// Match is for call.Service.
func (f *VoiceMail) Match(number string) bool { return number == f.code }

// Serve is for call.Service: a call that a station forwarded leaves a message for it, a station's own call hears its
// messages.
func (f *VoiceMail) Serve(caller *call.Leg, _ string) {
	c := caller.Call()
	if by := caller.DivertedBy(); by != "" {
		f.take(c, caller, by)
		return
	}
	if _, ok := f.x.Station(caller.Tel()); !ok {
		c.Decline("no mailbox")
		return
	}
	v := &listening{feature: f, tel: caller.Tel(), menu: voicemail.NewMenu(f.boxes, caller.Tel())}
	if v.machine = c.Attend(caller, v.pressed, v.stop); v.machine != nil {
		v.perform(v.menu.Begin())
	}
}

// taking is one message being left. Its methods run on the call's queue.
type taking struct {
	feature  *VoiceMail
	machine  *call.Attendance
	tel      string
	from     *call.Leg
	recorder *record.Recorder
	timer    *time.Timer
	over     bool // a key ended the message
}

func (f *VoiceMail) take(c *call.Call, caller *call.Leg, tel string) {
	t := &taking{feature: f, tel: tel, from: caller}
	if t.machine = c.Attend(caller, t.pressed, t.stop); t.machine == nil {
		return
	}
	s := voicemail.Greeting(tel, f.boxes.Full(tel))
	pcm := f.speak(s.Say)
	if !s.Record {
		t.machine.Play(pcm, func() { t.machine.End("mailbox full") })
		return
	}
	t.machine.Play(append(pcm, beep()...), t.record)
}

// record begins the message.
func (t *taking) record() {
	f := t.feature
	t.machine.Hush()
	from, name := t.from.Shown()
	d, err := f.boxes.Draft(t.tel, from, name, time.Now())
	if err == nil {
		t.recorder, err = record.New(record.Config{Path: d.File, Rate: prompt.Rate})
	}
	if err != nil {
		f.log.Error("no voice mail", "tel", t.tel, "err", err)
		t.machine.End("voice mail cannot be recorded")
		return
	}
	r := t.recorder
	f.writers.Go(func() { // ends with Recorder.Stop, which stop calls at the latest, or its disk; waited for in Wait
		if err := r.Run(context.Background()); err != nil {
			f.log.Error("voice mail ended", "tel", t.tel, "err", err)
		}
		f.boxes.Keep(d, r.Info().Length)
	})
	t.timer = time.AfterFunc(voicemail.MaxLength, func() { t.machine.Post(t.finish) })
	t.machine.Tape(r.Track(0))
}

// pressed: # ends the message; before the tone it skips the greeting.
func (t *taking) pressed(p dtmf.Press) {
	switch {
	case p.Key != '#' || t.over:
	case t.recorder == nil:
		t.machine.Play(beep(), t.record)
	default:
		t.finish()
	}
}

// finish thanks the caller.
func (t *taking) finish() {
	t.over = true
	t.machine.Tape(nil)
	t.stop()
	t.machine.Play(t.feature.speak(voicemail.Recorded().Say), func() { t.machine.End("message left") })
}

// stop ends what was recorded.
func (t *taking) stop() {
	if t.timer != nil {
		t.timer.Stop()
	}
	if t.recorder != nil {
		t.recorder.Stop()
	}
}

// listening is a station at its mailbox. Its methods run on the call's queue.
type listening struct {
	feature *VoiceMail
	machine *call.Attendance
	tel     string
	menu    *voicemail.Menu
	timer   *time.Timer
	turn    int // counts scripts: what belongs to an earlier one comes too late
}

// perform says a script, and what follows from it when nobody presses a key.
func (v *listening) perform(s voicemail.Script) {
	v.stop()
	v.turn++
	turn := v.turn
	said := func() {
		if s.End {
			v.machine.End("voice mail heard")
			return
		}
		v.timer = time.AfterFunc(thinking, func() {
			v.machine.Post(func() {
				if v.turn == turn {
					v.perform(v.menu.Finished())
				}
			})
		})
	}
	before := v.feature.speak(s.Say)
	if s.Play == "" {
		v.machine.Play(before, said)
		return
	}
	v.machine.Hush()
	v.feature.writers.Go(func() { // ends when the file is read; waited for in Wait
		message, err := v.feature.read(v.tel, s.Play)
		if err != nil {
			v.feature.log.Error("voice mail cannot be read", "tel", v.tel, "err", err)
		}
		v.machine.Post(func() {
			if v.turn == turn {
				v.machine.Play(append(append(before, message...), v.feature.speak(s.Then)...), said)
			}
		})
	})
}

func (v *listening) pressed(p dtmf.Press) { v.perform(v.menu.Press(p.Key)) }

func (v *listening) stop() {
	if v.timer != nil {
		v.timer.Stop()
	}
}

// read decodes a message, at the loudness of everything else that is played.
func (f *VoiceMail) read(tel, id string) ([]int16, error) {
	file, err := f.boxes.File(tel, id)
	if err != nil {
		return nil, err
	}
	return moh.Samples(context.Background(), media.ProgramRate, file)
}

// speak joins prompts, with a moment of silence between them.
func (f *VoiceMail) speak(names []string) []int16 {
	pcm, err := prompt.Say(names...)
	if err != nil {
		f.log.Error("voice mail prompts", "err", err)
	}
	return pcm
}

// beep is the tone after which one speaks: 0.4 s of 1 kHz at -15 dBm0, with soft edges.
func beep() []int16 {
	const rate, edge = prompt.Rate, prompt.Rate / 100
	pcm := make([]int16, rate*2/5)
	for i := range pcm {
		ramp := min(1, float64(i)/edge, float64(len(pcm)-1-i)/edge)
		pcm[i] = int16(5700 * ramp * math.Sin(2*math.Pi*1000*float64(i)/rate))
	}
	return pcm
}
