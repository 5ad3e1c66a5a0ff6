package jitter

// baseline is the least transit time (arrival less media time) of the last seconds, the zero that
// delays are counted from. It falls at once and rises as old minima leave the window, so clock drift
// between the two ends moves it along.
type baseline struct {
	minima [baselineParts]int64 // of each part of the window, a ring
	part   int                  // the current one
	began  int64                // of the current part
	value  int64
	fresh  int // packets since the last restart, up to settle
}

const (
	baselineParts = 8
	baselinePart  = 500 * millisecond
	// settle is how many packets after a restart may still be the early ones of a late start.
	settle = 16
	never  = 1<<62 - 1
)

// restart forgets everything and takes a transit as the least.
func (b *baseline) restart(transit, now int64) {
	for i := range b.minima {
		b.minima[i] = never
	}
	b.minima[b.part], b.began, b.value, b.fresh = transit, now, transit, 0
}

// observe takes a packet's transit and gives how far the baseline moved.
func (b *baseline) observe(transit, now int64) (moved int64) {
	if passed := (now - b.began) / baselinePart; passed >= baselineParts {
		// A long silence: the last known value is the best guess until the window has filled again.
		for i := range b.minima {
			b.minima[i] = never
		}
		b.minima[b.part], b.began = b.value, now
		b.part = (b.part + 1) % baselineParts
	} else {
		for range passed {
			b.part = (b.part + 1) % baselineParts
			b.minima[b.part] = never
			b.began += baselinePart
		}
	}
	b.minima[b.part] = min(b.minima[b.part], transit)
	least := int64(never)
	for _, m := range b.minima {
		least = min(least, m)
	}
	moved = least - b.value
	b.value = least
	if b.fresh < settle {
		b.fresh++
	}
	return moved
}

// settled reports whether enough packets came since the restart for a new minimum to be news.
func (b *baseline) settled() bool { return b.fresh >= settle }

// recent gives the least transit of the part of the window now filling and the one before it.
func (b *baseline) recent() int64 {
	return min(b.minima[b.part], b.minima[(b.part+baselineParts-1)%baselineParts])
}
