package load

import (
	"context"
	"runtime/debug"
	"time"
)

// chunk is the most packets that are sent before the generator looks for received ones.
const chunk = batchSize

// patience is how many turns of the loop may pass before it looks whether it was cancelled.
const patience = 1024

// play is the loop: send what is due, take what has come, and do it again without ever sleeping, because a thread
// that sleeps wakes up late and makes the server under test pay for waking it. The order of things in time:
//
//	packet   0 … warm-1          warm … total-1
//	Meter                  read                  read
//	sink     ───────────────────────────────────────── until quiet
func (g *Generator) play(ctx context.Context, legs []*leg, meter func() (time.Duration, error), warm int, res *Result) error {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing here makes garbage worth a pause
	plan := g.sink.plan
	overrun := g.overrun()
	var begun, idle, last int64
	var before, handled int
	var first, second time.Duration
	idling, secure := false, 0
	for _, l := range legs {
		if l.secure {
			secure++
		}
	}
	read := func(into *time.Duration) (err error) {
		if meter != nil {
			*into, err = meter()
		}
		return err
	}
	next, place, round, wire := 0, 0, 0, 0
	for turn := 0; ; turn++ {
		if turn%patience == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		now := time.Now().UnixNano()
		if idling {
			idle += now - last
		}
		until := min(plan.DueBy(now), next+chunk)
		if next < warm {
			until = min(until, warm)
		}
		worked := next < until
		for ; next < until; next++ {
			if next == warm {
				if err := read(&first); err != nil {
					return err
				}
				before, begun, idle = g.sink.taken, now, 0
			}
			l := legs[place]
			var packet []byte
			if l.secure {
				packet = g.slab[(round*secure+l.sealed)*sealedSize:][:sealedSize]
			} else {
				packet = l.next(g.step, uint32(next))
			}
			if next >= warm {
				res.Late.Record(now - plan.Due(next))
			}
			l.wire.put(packet, &l.to)
			if place++; place == len(legs) {
				place = 0
				round++
			}
			if place == 0 || legs[place].wire != l.wire {
				l.wire.flush() // its next packet would overwrite this one; other sockets have batches of their own
			}
		}
		if worked {
			legs[max(place, 1)-1].wire.flush()
		}
		if next == plan.Total {
			break
		}
		arrivals := g.wires[wire].receive(now)
		if wire++; wire == len(g.wires) {
			wire = 0
		}
		for i := range arrivals {
			g.sink.take(&arrivals[i])
		}
		idling, last = !worked && len(arrivals) == 0, now
	}
	ended := time.Now().UnixNano()
	if err := read(&second); err != nil {
		return err
	}
	handled = g.sink.taken - before
	res.Elapsed, res.CPU, res.Handled = time.Duration(ended-begun), second-first, handled
	res.Busy = 1 - float64(idle)/float64(ended-begun)
	if err := g.drain(ctx); err != nil {
		return err
	}
	res.Sent = plan.Total - warm
	res.Overrun = g.overrun() - overrun
	for _, w := range g.wires {
		res.Unsent += w.failed
	}
	return nil
}

// drain takes what is still under way.
func (g *Generator) drain(ctx context.Context) error {
	start := time.Now().UnixNano()
	for heard, now := start, start; now-heard < int64(quiet) && now-start < int64(drain) && !g.sink.complete(); now = time.Now().UnixNano() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, w := range g.wires {
			arrivals := w.receive(now)
			for i := range arrivals {
				g.sink.take(&arrivals[i])
			}
			if len(arrivals) > 0 {
				heard = now
			}
		}
	}
	return nil
}

// overrun returns how many packets our sockets had no room for so far.
func (g *Generator) overrun() (n int) {
	for _, w := range g.wires {
		n += int(w.dropped)
	}
	return n
}
