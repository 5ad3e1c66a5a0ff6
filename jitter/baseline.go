package jitter

// baseline is the least transit time (arrival less media time) of the last seconds, the zero that
// delays are counted from. It falls at once and rises as old minima leave the window, so clock drift
// between the two ends moves it along.
type baseline struct {
	minima [baselineParts]int64 // of each part of the window, a ring
	part   int                  // the current one
	began  int64                // of the current part
	value  int64
	fresh  int64 // time of the last restart
}

const (
	baselineParts = 8
	baselinePart  = 500 * millisecond
	// settle is how long after a restart packets may still show that it began with a late one.
	settle = 1000 * millisecond
	never  = 1<<62 - 1
)

// restart forgets everything and takes a transit as the least.
func (b *baseline) restart(transit, now int64) {
	for i := range b.minima {
		b.minima[i] = never
	}
	b.minima[b.part], b.began, b.value, b.fresh = transit, now, transit, now
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
	return moved
}

// settled reports whether the restart is long enough ago for a new minimum to be news.
func (b *baseline) settled(now int64) bool { return now-b.fresh >= settle }
