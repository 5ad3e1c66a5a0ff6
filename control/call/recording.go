package call

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"sidetone/control/media"
	"sidetone/control/sip"
	"sidetone/mixer/record"
)

// The reasons for which nothing is recorded.
var (
	ErrNotTalking   = errors.New("nobody talks yet")
	ErrNoRecordings = errors.New("recordings are not kept")
	ErrObliged      = errors.New("the configuration has it recorded") // and no phone ends that
	errBusy         = errors.New("the call is busy")
)

// recordPatience is how long whoever asks from outside waits for a call's queue.
const recordPatience = 5 * time.Second

// RecordCall is Record for whoever knows the call by its id; false when there is none.
func (x *Exchange) RecordCall(id string, on bool) (found bool, err error) {
	x.mu.Lock()
	c := x.calls[id]
	x.mu.Unlock()
	if c == nil {
		return false, nil
	}
	return answered(func(done func(bool, error)) {
		c.queue.Post(func() {
			l := cmp.Or(c.a, c.b)
			switch {
			case c.ended:
				done(false, nil)
			case l == nil:
				done(true, ErrNotTalking)
			default:
				done(true, c.Record(l, on))
			}
		})
	})
}

// RecordRoom begins or ends the recording of a room's mix; false when there is no such room.
func (x *Exchange) RecordRoom(id string, on bool) (found bool, err error) {
	x.mu.Lock()
	r := x.dialIn[id]
	for _, other := range x.rooms {
		if other.ID == id && !other.over() {
			r = other
		}
	}
	x.mu.Unlock()
	if r == nil {
		return false, nil
	}
	legs := r.Legs()
	if len(legs) == 0 {
		if on {
			err = media.ErrEmpty
		}
		return true, err
	}
	return answered(func(done func(bool, error)) {
		legs[0].Do(func(c *Call) { done(true, r.record(c, on)) }, func() { done(true, media.ErrEmpty) })
	})
}

// answered waits for what ask has a queue say.
func answered(ask func(done func(bool, error))) (found bool, err error) {
	type answer struct {
		found bool
		err   error
	}
	said := make(chan answer, 1)
	ask(func(found bool, err error) { said <- answer{found, err} })
	select {
	case a := <-said:
		return a.found, a.err
	case <-time.After(recordPatience):
		return true, errBusy
	}
}

// Record begins or ends the recording of what a leg takes part in: its call, each phone in a channel of its own, or the mix of the
// room it is in. Saying the same twice changes nothing. On the call's queue.
func (c *Call) Record(l *Leg, on bool) error {
	if l.room != nil {
		return l.room.record(c, on)
	}
	if !on {
		c.stopRecording()
		c.settle()
		return nil
	}
	if c.recording() {
		return nil
	}
	err := c.startRecording()
	if err == nil {
		c.settle()
	}
	return err
}

// startRecording opens a file for the two phones; settle makes them write to it.
func (c *Call) startRecording() error {
	if c.a == nil || c.b == nil || !c.a.live() || !c.b.live() || !c.b.answered {
		return ErrNotTalking
	}
	if c.x.cfg.StartRecording == nil {
		return ErrNoRecordings
	}
	if c.takePort(c.a) != nil || c.takePort(c.b) != nil {
		c.count()
		return ErrCapacity
	}
	r, err := c.x.cfg.StartRecording(c.id, max(c.a.media.RecordRate(), c.b.media.RecordRate()), 2)
	if err != nil {
		c.count()
		return err
	}
	c.recorder = r
	c.recorded(r)
	return nil
}

// mustRecord: the configuration wants what a leg takes part in recorded.
func (c *Call) mustRecord(l *Leg) bool {
	return c.x.cfg.Recorded || l.station.Recorded || l.room != nil && l.room.obliges
}

// oblige begins the recording that the configuration wants. What cannot be recorded is logged and goes on, and is not
// tried again.
func (c *Call) oblige() {
	for _, l := range [...]*Leg{c.a, c.b} {
		if !l.live() || !l.answered || !c.mustRecord(l) {
			continue
		}
		var err error
		switch r := l.room; {
		case r != nil && !l.holding():
			err = r.oblige(c)
		case r != nil:
		case !c.obliged && !c.recording():
			err = c.startRecording()
			c.obliged = !errors.Is(err, ErrNotTalking)
		}
		if err != nil && !errors.Is(err, ErrNotTalking) {
			c.x.cfg.Logger.Error("not recorded", "call_id", c.id, "err", err)
		}
	}
}

// oblige is for the call of a member that must be recorded.
func (r *Room) oblige(c *Call) error {
	r.mu.Lock()
	seen := r.obliged
	r.mu.Unlock()
	if seen {
		return nil
	}
	err := r.record(c, true)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.obliged = true
	return err
}

// obligedBy: what a leg takes part in is being recorded because the configuration wants it.
func (c *Call) obligedBy(l *Leg) bool {
	r := l.room
	if r == nil {
		return c.obliged && c.recording()
	}
	r.mu.Lock()
	obliged := r.obliged
	r.mu.Unlock()
	return obliged && r.Recording() != ""
}

// ToggleRecording is what the recording code does: the first time on, the second off. On the call's queue.
func (c *Call) ToggleRecording(l *Leg) error {
	if c.obligedBy(l) {
		return ErrObliged
	}
	if l.room != nil {
		return l.room.record(c, l.room.Recording() == "")
	}
	return c.Record(l, !c.recording())
}

// recording: the call is being recorded. A recorder that its disk has ended is not.
func (c *Call) recording() bool { return c.recorder != nil && c.recorder.Info().Active }

// recorded notes a file for the call's record.
func (c *Call) recorded(r *record.Recorder) {
	c.recordings = append(c.recordings, r.Info().Path)
	c.x.cfg.Logger.Info("recording", "call_id", c.id, "path", r.Info().Path)
}

func (c *Call) stopRecording() {
	if c.recorder != nil {
		c.recorder.Stop()
		c.recorder = nil
	}
}

// tape gives each leg of a recorded call its channel: the caller the first.
func (c *Call) tape() {
	for i, l := range [...]*Leg{c.a, c.b} {
		if !l.live() {
			continue
		}
		var t *record.Track
		if c.recorder != nil {
			t = c.recorder.Track(i)
		}
		if l.track != t {
			l.track = t
			c.check(l.media.Record(t))
		}
	}
}

// askedToRecord takes the INFO with "Record: on" or "Record: off" that a phone's record key sends.
func (c *Call) askedToRecord(l *Leg, r *sip.Request) {
	if l.outside != nil {
		r.Reply(403, "")
		return
	}
	var on bool
	switch value := strings.ToLower(strings.TrimSpace(r.Header("Record"))); value {
	case "on":
		on = true
	case "off":
	default:
		r.Reply(400, "Record is neither on nor off")
		return
	}
	if !on && c.obligedBy(l) {
		r.Reply(403, ErrObliged.Error())
		return
	}
	switch err := c.Record(l, on); {
	case err == nil:
		r.Reply(200, "")
	case errors.Is(err, ErrNotTalking):
		r.Reply(480, "")
	default:
		c.x.cfg.Logger.Warn("cannot record", "call_id", c.id, "err", err)
		r.Reply(503, "")
	}
}

// record begins or ends the recording of a room, for a call of it.
func (r *Room) record(c *Call, on bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	active := r.recorder != nil && r.recorder.Info().Active
	if on == active {
		return nil
	}
	r.recorder = nil
	if !on {
		return r.media.Record(nil)
	}
	if c.x.cfg.StartRecording == nil {
		return ErrNoRecordings
	}
	rec, err := c.x.cfg.StartRecording("room-"+r.ID, media.RoomRecordRate, 1)
	if err != nil {
		return err
	}
	if err := r.media.Record(rec); err != nil {
		return err
	}
	r.recorder = rec
	c.recorded(rec)
	return nil
}

// Recording is the file that the room is recorded to now, "" for none.
func (r *Room) Recording() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recorder == nil || !r.recorder.Info().Active {
		return ""
	}
	return r.recorder.Info().Path
}
