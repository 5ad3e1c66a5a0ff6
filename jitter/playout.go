package jitter

// playout watches how much time is to spare at each fetch and says when the stream should be
// stretched.
//
// The reader comes once a tick; a packet is fetched at the first tick that finds less than a tick of
// audio left. Two figures describe a fetch: spare, the time since the packet should have come at the
// latest were there no jitter, and rest, the audio still left downstream. What the listener waits for
// is the sum; what protects from jitter is spare alone, and spare moves in whole ticks. So the best
// delay is the least spare (modulo a tick) that reaches the target, with no rest.
type playout struct {
	tick    int64
	fetches [8]fetch // the last ones, a ring
	next    int
	count   int
}

// fetch is one observation; spare is kept without the baseline subtracted, which moves.
type fetch struct{ spare, rest int64 }

const (
	shortenMargin = 2 * millisecond // above the target, so that the two directions do not alternate
	lengthenSlack = 4 * millisecond // below the target, before anything is done
	worthwhile    = 5 * millisecond // less rest than this is left alone
)

func (p *playout) reset() { p.count, p.next = 0, 0 }

// observe takes a packet fetched at now with so much audio downstream.
func (p *playout) observe(now, downstream, mediaTime int64) {
	ticks := downstream / p.tick // fetched ahead of its turn: count from that turn
	p.fetches[p.next] = fetch{spare: now + ticks*p.tick - mediaTime, rest: downstream - ticks*p.tick}
	p.next = (p.next + 1) % len(p.fetches)
	p.count = min(p.count+1, len(p.fetches))
}

// stretched accounts for audio added to (or taken from) what is downstream.
func (p *playout) stretched(by int64) {
	for i := range p.fetches[:p.count] {
		f := &p.fetches[i]
		f.rest += by
		for f.rest < 0 {
			f.rest += p.tick
			f.spare -= p.tick
		}
		for f.rest >= p.tick {
			f.rest -= p.tick
			f.spare += p.tick
		}
	}
}

// wanted gives by how much the audio should be lengthened, or shortened when negative, in
// nanoseconds, for the delay to come to the target above the baseline.
func (p *playout) wanted(base, target int64) int64 {
	if p.count < len(p.fetches)/2 {
		return 0
	}
	spare, least, most := int64(never), p.tick, int64(0)
	for _, f := range p.fetches[:p.count] {
		spare = min(spare, f.spare-base)
		least, most = min(least, f.rest), max(most, f.rest)
	}
	if spare < target-lengthenSlack {
		return p.tick - most
	}
	excess := least
	if over := spare - target - shortenMargin; over >= p.tick {
		excess += over / p.tick * p.tick
	}
	if excess < worthwhile {
		return 0
	}
	return -excess
}
