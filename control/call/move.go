package call

import (
	"slices"

	"sidetone/control/media"
)

// How legs change calls. Two calls are two queues, and neither ever waits for the other: a leg is given away, as a
// message is, and belongs to the other call from then on.
//
//	call 1's queue                         call 2's queue
//	give(x, call 2, take)
//	  its media falls silent
//	  its dialog's actor is queue 2 ─────► take: place(x) and join, or
//	  (nothing of x may be touched here)         give(x, call 1, …): it goes back
//
// Transfer, pickup, retrieval and recall are all made of it. What a phone sends meanwhile comes to queue 2 after take,
// because Queue.Take lets nothing in between. A call that ends takes along what has arrived and has no place.

// give moves a leg of this call to another one, whose queue then runs take. It is called on this call's queue, never
// within an event of that leg's own dialog.
func (c *Call) give(l *Leg, to *Call, take func()) {
	c.part(l)
	to.queue.Take(func() {
		l.in.Store(to)
		l.dialog.SetActor(&to.queue)
	}, func() {
		to.arriving = append(to.arriving, l)
		take()
	})
}

// part takes a leg out of this call and keeps what it has seen here for the record.
func (c *Call) part(l *Leg) {
	l.stopPatience()
	if l == c.a || l == c.b {
		if peer := c.other(l); peer != nil && !peer.gone {
			c.check(media.Connect(l.media, peer.media, media.Plan{}, media.Plan{}))
		} else {
			c.check(media.Connect(l.media, nil, media.Plan{}, media.Plan{}))
		}
		if l.answered {
			c.keepStats(l)
			l.before = l.media.Relay().Stats()
		}
	}
	c.forget(l)
	c.count()
	c.publish()
}

// forget takes a leg out of whatever place it has in this call.
func (c *Call) forget(l *Leg) {
	switch l {
	case c.a:
		c.a = nil
	case c.b:
		c.b = nil
	}
	is := func(m *Leg) bool { return m == l }
	c.arriving = slices.DeleteFunc(c.arriving, is)
	c.tries = slices.DeleteFunc(c.tries, is)
}

// place gives a leg that has arrived the free place of the call; false when the call is over or has none.
func (c *Call) place(l *Leg) bool {
	if c.ended || c.a != nil && c.b != nil {
		return false
	}
	c.forget(l)
	if c.a == nil {
		c.a = l
	} else {
		c.b = l
	}
	return true
}

// replace puts a leg that has arrived where another one is, which is ended.
func (c *Call) replace(old, l *Leg, reason string) {
	if !old.answered {
		old.dialog.End(487, "")
	}
	c.drop(old, reason)
	c.place(l)
}

// join makes the call's two parties hear each other: who has not been answered is, who rings for nothing any more is
// cancelled, and settle does the rest. On error nobody has been told anything.
func (c *Call) join() error {
	a, b := c.a, c.b
	var toA, toB []byte
	var err error
	if !a.answered {
		if toA, err = c.firstAnswer(a, b); err != nil {
			return err
		}
	}
	if !b.answered {
		if toB, err = c.firstAnswer(b, a); err != nil {
			return err
		}
	}
	c.stopRinging()
	if c.answered.IsZero() {
		c.answered = c.x.cfg.Now()
	}
	fresh := slices.DeleteFunc([]*Leg{a, b}, func(l *Leg) bool { return l.answered })
	c.attended()
	c.accept(a, toA)
	c.accept(b, toB)
	c.x.cfg.Logger.Info("joined", "call_id", c.id, "a", a.tel, "b", b.tel)
	c.settle()
	for _, l := range fresh {
		c.x.legAnswered(l)
	}
	return nil
}

// firstAnswer is what a caller who has not been answered is answered with.
func (c *Call) firstAnswer(l, peer *Leg) ([]byte, error) {
	e := c.x.cfg.Media
	switch {
	case l == c.a && c.early:
		return c.answer, nil
	case !l.described && !peer.described:
		return l.media.Offer(media.Local{Codecs: e.Everything()}), nil
	case !l.described:
		return l.media.Offer(media.Local{Codecs: e.Extended(peer.media.Remote()), Silent: peer.media.Silent(), Sections: l.media.Shared(peer.media, false, false)}), nil
	case !peer.described:
		return l.media.Answer(media.Local{Codecs: e.Bridged(l.media.Remote(), e.Everything())})
	}
	return l.media.Answer(media.Local{Codecs: c.bridged(l, peer), Silent: peer.media.Silent(), Sections: l.media.Settled(peer.media, quiet(l, peer), false)})
}

// accept answers a leg that called and has not been answered.
func (c *Call) accept(l *Leg, body []byte) {
	if l.answered {
		return
	}
	l.answered, l.lateOffer = true, !l.described
	if peer := c.other(l); peer != nil {
		l.display(peer)
	}
	l.dialog.Answer(body)
}
