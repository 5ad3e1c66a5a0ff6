package ng

import (
	"slices"
	"time"
)

// delete ends what the tags and the branch name: a fork, a dialogue, all of one side, or the whole
// call. The reply tells what had passed through the call until then.
func (c *call) delete(o *options, w *reply) error {
	for _, d := range c.dialogues {
		if d.dropFork(o) {
			w.ok()
			return nil
		}
	}
	doomed := c.named(o)
	if len(doomed) == 0 {
		return tagMismatch
	}
	delay := o.DeleteDelay
	if delay < 0 {
		delay = c.engine.cfg.DeleteDelay
	}
	if delay > 0 {
		for _, d := range doomed {
			d.keep()
			d.deletion = time.AfterFunc(delay, func() { c.deleted(d) })
		}
		c.report(doomed, w)
		return nil
	}
	for _, d := range doomed {
		c.drop(d)
	}
	c.apply() // the counters are final then
	c.report(doomed, w)
	c.engine.totals.deleted.Add(uint64(len(doomed)))
	c.end()
	return nil
}

// dropFork takes a tag out of a dialogue that other forks still hold, if that is all that is meant.
func (d *dialogue) dropFork(o *options) bool {
	for i := range d.sides {
		s := &d.sides[i]
		if o.ToTag != "" && s.tag != o.ToTag && d.sides[1-i].knows(o.FromTag) && slices.Contains(s.forks, o.ToTag) {
			s.forks = slices.DeleteFunc(s.forks, func(t string) bool { return t == o.ToTag })
			return true
		}
	}
	return false
}

// named are the dialogues that a request means: all of from-tag, of them those with to-tag if there
// are any, of those the one of the branch if it is there. A request without tags means all.
func (c *call) named(o *options) []*dialogue {
	var found []*dialogue
	for _, d := range c.dialogues {
		a, b := &d.sides[0], &d.sides[1]
		switch {
		case o.FromTag == "" && (o.ToTag == "" || a.knows(o.ToTag) || b.knows(o.ToTag)):
		case o.FromTag == "":
			continue
		case a.knows(o.FromTag) && (o.ToTag == "" || b.tag == "" || b.knows(o.ToTag)):
		case b.knows(o.FromTag) && (o.ToTag == "" || a.knows(o.ToTag)):
		default:
			continue
		}
		found = append(found, d)
	}
	if exact := filter(found, func(d *dialogue) bool {
		return o.ToTag != "" && (d.sides[0].knows(o.ToTag) || d.sides[1].knows(o.ToTag))
	}); len(exact) > 0 {
		found = exact
	}
	if exact := filter(found, func(d *dialogue) bool { return o.ViaBranch != "" && d.branch == o.ViaBranch }); len(exact) > 0 {
		found = exact
	}
	return found
}

func filter(list []*dialogue, keep func(*dialogue) bool) (kept []*dialogue) {
	for _, d := range list {
		if keep(d) {
			kept = append(kept, d)
		}
	}
	return kept
}

// deleted ends a dialogue whose deletion was delayed.
func (c *call) deleted(d *dialogue) {
	c.queue.post(func() {
		if !c.closed && d.deletion != nil && slices.Contains(c.dialogues, d) {
			c.drop(d)
			c.engine.totals.deleted.Add(1)
			c.end()
		}
	})
}
