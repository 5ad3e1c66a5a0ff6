package ng

import (
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"sidetone/control/sdp"
)

// maxBranches is how many dialogues a call has at most; a further one takes the place of the oldest
// that was never answered.
const maxBranches = 32

// call is all dialogues of one call-id. Everything in it belongs to its actor; the closures of queue
// are the only ones to touch it.
type call struct {
	engine *engine
	id     string
	queue  queue
	log    *slog.Logger

	dialogues  []*dialogue
	shard      int // where the first leg was opened; -1 before that
	created    time.Time
	lastSignal time.Time
	closed     bool    // taken out of the engine's table
	changes    changes // of legs, not yet carried out
}

// forOffer finds the dialogue that an offer belongs to, or makes one, and says which side made it.
func (c *call) forOffer(o *options, now time.Time) (d *dialogue, from int) {
	if d, to := c.byTags(o.FromTag, o.ToTag); d != nil {
		return d, 1 - to
	}
	for _, d := range c.dialogues {
		switch a, b := &d.sides[0], &d.sides[1]; {
		case o.ToTag == "" && a.tag == o.FromTag && (o.ViaBranch == "" || d.branch == o.ViaBranch):
			return d, 0
		case o.ToTag != "" && b.tag == "" && a.tag == o.FromTag:
			return d, 0
		case o.ToTag != "" && b.tag == "" && a.tag == o.ToTag: // the other side offers before it has answered
			return d, 1
		}
	}
	d = &dialogue{branch: strings.Clone(o.ViaBranch), created: now}
	d.sides[0].become(strings.Clone(o.FromTag), now)
	d.sides[1].become(strings.Clone(o.ToTag), now)
	return d, 0
}

// byTags finds the dialogue of two known tags and which side the second is; a fork that is spoken to is
// the current one from then on.
func (c *call) byTags(fromTag, toTag string) (d *dialogue, to int) {
	if fromTag == "" || toTag == "" {
		return nil, 0
	}
	for _, d := range c.dialogues {
		for to := range d.sides {
			if d.sides[1-to].knows(fromTag) && d.sides[to].knows(toTag) {
				return d, to
			}
		}
	}
	return nil, 0
}

// forAnswer finds the dialogue that an answer belongs to and says which side gave it: the two tags, or
// an offer of from-tag that waits for its first answer, of the same branch if possible, or one that
// another fork has answered.
func (c *call) forAnswer(o *options) (found *dialogue, from int) {
	if d, to := c.byTags(o.FromTag, o.ToTag); d != nil {
		return d, to
	}
	best := 0
	for _, d := range c.dialogues {
		if d.sides[0].tag != o.FromTag {
			continue
		}
		score := 1
		if d.sides[1].tag == "" {
			score += 2
		}
		if o.ViaBranch != "" && d.branch == o.ViaBranch {
			score += 4
		}
		if score > best {
			found, best = d, score
		}
	}
	return found, 1
}

// add keeps a new dialogue.
func (c *call) add(d *dialogue) {
	if len(c.dialogues) >= maxBranches {
		i := max(slices.IndexFunc(c.dialogues, func(d *dialogue) bool { return !d.answered }), 0)
		c.log.Warn("ng branch given up, too many", "branch", c.dialogues[i].branch)
		c.drop(c.dialogues[i])
	}
	c.dialogues = append(c.dialogues, d)
}

// drop ends a dialogue.
func (c *call) drop(d *dialogue) {
	for _, s := range d.sections {
		s.shut(&c.changes)
	}
	c.forget(d)
}

// forget takes out a dialogue whose legs are closed or will be.
func (c *call) forget(d *dialogue) {
	d.stop()
	c.dialogues = slices.DeleteFunc(c.dialogues, func(x *dialogue) bool { return x == d })
}

// apply carries out what is to be changed about legs.
func (c *call) apply() {
	if len(c.changes) == 0 {
		return
	}
	todo := c.changes
	c.changes = nil
	if err := c.engine.cfg.Relay.Apply(todo); err != nil {
		c.log.Error("ng legs not as they should be", "err", err)
	}
}

// end takes the call out of the table when no dialogue is left.
func (c *call) end() {
	c.apply()
	if len(c.dialogues) == 0 && !c.closed {
		c.closed = true
		c.engine.remove(c)
	}
}

// endAll ends every dialogue and the call.
func (c *call) endAll() {
	for _, d := range slices.Clone(c.dialogues) {
		c.drop(d)
	}
	c.end()
}

// panicked ends a call whose actor has panicked, as far as that can still be done.
func (c *call) panicked(cause any) {
	c.engine.totals.panics.Add(1)
	c.log.Error("ng call ended by a panic", "err", cause, "stack", string(debug.Stack()))
	defer func() {
		if again := recover(); again != nil {
			c.log.Error("ng call could not be ended", "err", again)
			c.closed = true
			c.engine.remove(c)
		}
	}()
	c.changes = nil
	c.endAll()
}

// parse reads the description of a request.
func (c *call) parse(o *options) (*sdp.Session, error) {
	if o.SDP == "" {
		return nil, noSDP
	}
	s, err := sdp.Parse([]byte(o.SDP))
	if err != nil {
		c.log.Debug("ng description refused", "err", err)
		return nil, badSDP
	}
	return s, nil
}

// mediaStopped is told by the relay that a leg has been silent for its time. The dialogue ends when
// that is so for all its sections.
func (c *call) mediaStopped(d *dialogue, s *section, why string) {
	c.queue.post(func() {
		if c.closed || !d.answered || !slices.Contains(c.dialogues, d) {
			return
		}
		if s.stopped = true; !d.silent(&c.engine.cfg, time.Now()) {
			return
		}
		c.log.Info("ng dialogue ended", "reason", why, "from", d.sides[0].tag, "to", d.sides[1].tag)
		c.engine.totals.timedOut.Add(1)
		c.drop(d)
		c.end()
	})
}

// mediaFailed is told by the relay that a leg does not work. Its section is given up, and the dialogue when it was the last; an offer
// that has the section opens it anew.
func (c *call) mediaFailed(d *dialogue, s *section, why string) {
	c.queue.post(func() {
		if c.closed || !slices.Contains(c.dialogues, d) || !s.live() {
			return
		}
		c.log.Error("ng media failed", "media", s.kind, "reason", why, "from", d.sides[0].tag, "to", d.sides[1].tag)
		if s.close(&c.changes); len(d.legs()) == 0 {
			c.engine.totals.panics.Add(1)
			c.drop(d)
		}
		c.end()
	})
}
