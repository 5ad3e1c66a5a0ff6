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

// player is one step while it runs. The order of things in time:
//
//	packet   0 … warm-1          warm … total-1
//	meter                  read                  read
//	sink     ───────────────────────────────────────── until quiet
type player struct {
	g     *Generator
	legs  []*leg // in their turns
	plan  Schedule
	warm  int // packets before the window
	meter func() (time.Duration, error)
	res   *Result

	secure int // how many of the legs are
	next   int // packet to be sent
	place  int // of its leg
	round  int // of the legs
	wire   int // where to listen next
	failed error

	begun  int64         // when the window began
	used   time.Duration // by the server until then
	before int           // packets that had arrived by then
	idle   int64         // ns of the window with nothing to do
}

// play runs a step: send what is due, take what has come, and do it again without ever sleeping, because a thread
// that sleeps wakes up late and makes the server under test pay for waking it.
func (g *Generator) play(ctx context.Context, legs []*leg, step Step, warm int, res *Result) error {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing here makes garbage worth a pause
	p := &player{g: g, legs: legs, plan: g.sink.plan, warm: warm, meter: step.Meter, res: res}
	for _, l := range legs {
		if l.secure {
			p.secure++
		}
	}
	overrun := g.overrun()
	last, idling := int64(0), false
	for turn := 0; p.next < p.plan.Total && p.failed == nil; turn++ {
		if turn%patience == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		now := time.Now().UnixNano()
		if idling {
			p.idle += now - last
		}
		sent := p.send(now)
		heard := p.listen(now)
		idling, last = !sent && !heard, now
	}
	if p.failed != nil {
		return p.failed
	}
	if err := p.finish(); err != nil {
		return err
	}
	if !step.abrupt {
		if err := g.drain(ctx); err != nil {
			return err
		}
	}
	res.Sent = p.plan.Total - warm
	res.Overrun = g.overrun() - overrun
	for _, w := range g.wires {
		res.Unsent += w.failed
	}
	return nil
}

// send sends what is due, at most chunk packets, and reports whether anything was.
// Hot path: no allocation, lock, clock or log, but at the first packet of the window.
func (p *player) send(now int64) bool {
	until := min(p.plan.DueBy(now), p.next+chunk)
	if p.next < p.warm {
		until = min(until, p.warm)
	} else if p.next == p.warm && until > p.next {
		p.begin(now)
	}
	if p.next >= until {
		return false
	}
	var wire *wire
	for ; p.next < until; p.next++ {
		l := p.legs[p.place]
		if wire != nil && (wire != l.wire || p.place == 0) {
			wire.flush() // before its legs come again: a leg has memory for one packet
		}
		wire = l.wire
		if p.next >= p.warm {
			p.res.Late.Record(now - p.plan.Due(p.next))
		}
		p.g.sink.sent[p.next%recentPackets] = now
		wire.put(p.packet(l), &l.to)
		if p.place++; p.place == len(p.legs) {
			p.place = 0
			p.round++
		}
	}
	wire.flush()
	return true
}

// packet returns what a leg sends next. Hot path: no allocation, lock, clock or log.
func (p *player) packet(l *leg) []byte {
	if l.secure {
		return p.g.slab[(p.round*p.secure+l.sealed)*sealedSize:][:sealedSize]
	}
	return l.next(p.g.step, uint32(p.next))
}

// listen takes what has come on one socket, and reports whether anything had.
// Hot path: no allocation, lock, clock or log.
func (p *player) listen(now int64) bool {
	arrivals := p.g.wires[p.wire].receive(now)
	for i := range arrivals {
		p.g.sink.take(&arrivals[i])
	}
	if p.wire++; p.wire == len(p.g.wires) {
		p.wire = 0
	}
	return len(arrivals) > 0
}

// begin opens the window.
func (p *player) begin(now int64) {
	p.begun, p.idle, p.before = now, 0, p.g.sink.taken
	if p.meter != nil {
		p.used, p.failed = p.meter()
	}
}

// finish closes the window.
func (p *player) finish() error {
	ended := time.Now().UnixNano()
	if p.meter != nil {
		used, err := p.meter()
		if err != nil {
			return err
		}
		p.res.CPU = used - p.used
	}
	p.res.Handled = p.g.sink.taken - p.before
	p.res.Elapsed = time.Duration(ended - p.begun)
	p.res.Busy = 1 - float64(p.idle)/float64(ended-p.begun)
	return nil
}

// drain takes what is still under way.
func (g *Generator) drain(ctx context.Context) error {
	start := time.Now().UnixNano()
	last, idle := start, int64(0)
	for now := start; idle < int64(quiet) && now-start < int64(drain) && !g.sink.complete(); now = time.Now().UnixNano() {
		if err := ctx.Err(); err != nil {
			return err
		}
		idle += min(now-last, int64(glance))
		last = now
		for _, w := range g.wires {
			arrivals := w.receive(now)
			for i := range arrivals {
				g.sink.take(&arrivals[i])
			}
			if len(arrivals) > 0 {
				idle = 0
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
