package jitter

// playout watches how much time is to spare when packets are fetched and says when the stream should
// be stretched.
//
// The reader comes once a tick, and packets last their own time; grid is the greatest common divisor
// of the two. With downstream audio left at a tick, what of it does not fill the grid (rest) is delay
// that protects from nothing: the least time that a packet has to spare over the ticks to come,
// counted from the baseline, is
//
//	spare = delay - (tick - grid) - rest        delay = now + downstream - media time
//
// and moves by whole grids as audio is taken out or put in. The best delay is the least spare that
// reaches the target, with no rest.
type playout struct {
	tick    int64
	grid    int64
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

// packets tells how long packets are, in nanoseconds.
func (p *playout) packets(length int64) {
	if p.tick%length == 0 {
		p.grid = length
		return
	}
	a, b := p.tick, length
	for b != 0 {
		a, b = b, a%b
	}
	p.grid = a
}

// observe takes a packet fetched at now with so much audio downstream.
func (p *playout) observe(now, downstream, mediaTime int64) {
	rest := downstream % p.grid
	p.fetches[p.next] = fetch{spare: now + downstream - mediaTime - (p.tick - p.grid) - rest, rest: rest}
	p.next = (p.next + 1) % len(p.fetches)
	p.count = min(p.count+1, len(p.fetches))
}

// stretched accounts for audio added to (or taken from) what is downstream.
func (p *playout) stretched(by int64) {
	for i := range p.fetches[:p.count] {
		f := &p.fetches[i]
		whole := f.spare + f.rest + by
		f.rest = (f.rest + by) % p.grid
		if f.rest < 0 {
			f.rest += p.grid
		}
		f.spare = whole - f.rest
	}
}

// wanted gives by how much the audio should be lengthened, or shortened when negative, in
// nanoseconds, for the delay to come to the target above the baseline.
func (p *playout) wanted(base, target int64) int64 {
	if p.count < len(p.fetches)/2 {
		return 0
	}
	spare, least, most := int64(never), p.grid, int64(0)
	for _, f := range p.fetches[:p.count] {
		spare = min(spare, f.spare-base)
		least, most = min(least, f.rest), max(most, f.rest)
	}
	if short := target - lengthenSlack - spare; short > 0 {
		return (short/p.grid+1)*p.grid - most
	}
	excess := least
	if over := spare - target - shortenMargin; over >= p.grid {
		excess += over / p.grid * p.grid
	}
	if excess < worthwhile {
		return 0
	}
	return -excess
}
