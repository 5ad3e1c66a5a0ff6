package relay

import (
	"fmt"
	"slices"
	"time"
)

// Several legs at once. What a control goroutine wants of a shard costs a wake-up of its thread, and waiting for it another one
// of the goroutine; a call has two legs or more, and three things to tell each:
//
//	OpenLegs ────► ports ──┐                     ┌──► attach
//	ApplyLater ────────────┼──► one function ──► ├──► remote, route, timeouts of each leg     nobody waits
//	Apply, LegStats ───────┘    in the mailbox   └──► close, count                           ◄── waits, ports are given back
//
// The mailbox keeps the order: what comes after OpenLegs and ApplyLater finds the legs as they left them.

// Change is what is to be changed about a leg; nil leaves it as it is. It is done in the order of the fields.
type Change struct {
	Leg      *Leg
	Remote   *Remote   // what signalling says about the peer. Saying the same again keeps what the latch has learned
	Route    *Route    // what becomes of the packets that arrive. To must be on the same shard
	Timeouts *Timeouts // how long silence may last, counted from now (SPEC R10: other times on hold)
	Close    bool      // ends the leg: routes to it are cut, its ports go into quarantine. Closing twice is harmless
}

// something reports whether there is anything to be done.
func (c *Change) something() bool {
	return c.Remote != nil || c.Route != nil || c.Timeouts != nil || c.Close
}

// Timeouts are how long silence may last; 0 = for ever.
type Timeouts struct {
	NoMedia time.Duration // from both sides
	OneWay  time.Duration // from this side while the other is heard
}

// Apply carries out changes in their order, with one trip to each shard that the legs are on, and waits for it. Each change that
// can be done is; the error is the first of the others: ErrOtherShard of a route, ErrClosed of a leg that has been
// closed. Not from a shard's thread.
func (r *Relay) Apply(changes []Change) error {
	r.topology.RLock()
	defer r.topology.RUnlock()
	closers := 0
	for i := range changes {
		if c := &changes[i]; c.Close {
			if c.Close = c.Leg.ending.CompareAndSwap(false, true); c.Close {
				closers++
			} else {
				defer c.Leg.ended.Wait()
				*c = Change{Leg: c.Leg}
			}
		}
	}
	first := crossing(changes)
	for _, shard := range shardsOf(changes) {
		work := func(s *Shard) { first = either(first, s.change(changes, shard)) }
		if !r.do(shard, work) {
			r.after(func() { work(r.shards[shard]) })
		}
	}
	for i := range changes {
		if closers > 0 && changes[i].Close {
			changes[i].Leg.leave()
		}
	}
	return first
}

// ApplyLater is Apply for those who need not wait: the changes are done as soon as the shard comes to them, before whatever
// is asked of the legs next. Nobody hears of a leg that is closed, nor is one closed here. The changes belong to the relay
// from now on. From any goroutine but a shard's.
func (r *Relay) ApplyLater(changes []Change) {
	r.topology.RLock()
	defer r.topology.RUnlock()
	for i := range changes {
		changes[i].Close = false
	}
	_ = crossing(changes)
	for _, shard := range shardsOf(changes) {
		r.Post(shard, func(s *Shard) { _ = s.change(changes, shard) })
	}
}

// LegStats returns what each leg has seen up to now, or up to its end. It waits as Apply does, but not for legs that are
// closed.
func (r *Relay) LegStats(legs []*Leg) []LegStats {
	all, seen := make([]LegStats, len(legs)), make([]bool, len(legs))
	r.look(legs, all, seen)
	for i, l := range legs {
		if !seen[i] {
			l.Close() // waits for a Close under way, or of the relay; does nothing more
			all[i] = *l.final
		}
	}
	return all
}

// look asks the shards about those legs that are open.
func (r *Relay) look(legs []*Leg, all []LegStats, seen []bool) {
	r.topology.RLock()
	defer r.topology.RUnlock()
	var shards []int
	for _, l := range legs {
		if !l.ending.Load() {
			shards = withShard(shards, l)
		}
	}
	for _, shard := range shards {
		r.do(shard, func(s *Shard) {
			for i, l := range legs {
				if l.shard == shard && l.on == s {
					all[i], seen[i] = l.snapshot(), true
				}
			}
		})
	}
}

// crossing takes out the routes to other shards, and returns the error of the first. topology is locked.
func crossing(changes []Change) (first error) {
	for i := range changes {
		c := &changes[i]
		if c.Route != nil && c.Route.To != nil && c.Route.To.shard != c.Leg.shard {
			first = either(first, fmt.Errorf("leg %s: route to leg %s: %w", c.Leg.id, c.Route.To.id, ErrOtherShard))
			c.Route = nil
		}
	}
	return first
}

// shardsOf returns the shards with something to do, nearly always one. topology is locked.
func shardsOf(changes []Change) (shards []int) {
	for i := range changes {
		if c := &changes[i]; c.something() {
			shards = withShard(shards, c.Leg)
		}
	}
	return shards
}

// withShard adds the leg's shard, once.
func withShard(shards []int, l *Leg) []int {
	if slices.Contains(shards, l.shard) {
		return shards
	}
	return append(shards, l.shard)
}

func either(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// change carries out those of the changes whose legs are on the shard of that number.
func (s *Shard) change(changes []Change, shard int) (first error) {
	for i := range changes {
		c := &changes[i]
		if c.Leg.shard != shard || !c.something() {
			continue
		}
		if c.Close {
			c.Leg.end(s)
		} else {
			first = either(first, c.Leg.change(s, c))
		}
	}
	return first
}

// change carries out one.
func (l *Leg) change(s *Shard, c *Change) error {
	if l.on != s {
		return fmt.Errorf("leg %s: %w", l.id, ErrClosed)
	}
	if c.Remote != nil {
		l.setRemote(s, c.Remote)
	}
	if t := c.Timeouts; t != nil {
		l.timeouts = timeouts{noMedia: int64(t.NoMedia), oneWay: int64(t.OneWay), since: s.now}
	}
	if c.Route == nil {
		return nil
	}
	if to := c.Route.To; to != nil && to.on != s {
		return fmt.Errorf("leg %s: route to leg %s: %w", l.id, to.id, ErrClosed)
	}
	l.timeouts.since, l.timeouts.reported = s.now, false
	l.setRoute(*c.Route)
	return nil
}
