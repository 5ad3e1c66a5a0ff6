package jitter

// target turns the transits of packets into the delay that playout should keep behind the baseline.
type target struct {
	min, max int64
	fixed    int64 // the target when it does not move; 0 when adaptive

	base      baseline
	delays    histogram
	remainder int64 // of the baseline's moves, less than a bin

	late      int   // packets in a row that came later than max
	lateSince int64 // when the first of them came
	least     int64 // the least transit among them

	inSpike    bool
	plateau    bool // a spike that did not end: count its packets until it does
	spikeBegan int64
	spikePeak  int64
	peaks      [8]peak // the last spikes, a ring
	nextPeak   int

	calm  int64 // what the target would be without spikes
	value int64 // the target
}

type peak struct{ when, height int64 }

const (
	// tail is the share of packets that may come later than the target: 1 - 0.97.
	tail = 0.03
	// spikeRise above the target makes a packet the first of a spike.
	spikeRise = 60 * millisecond
	// spikeLimit is when a spike is no spike any more but what the network is like now.
	spikeLimit = 1000 * millisecond
	// outrunTime and outrunPackets make a run of late packets the new normal.
	outrunTime    = 500 * millisecond
	outrunPackets = 8
	// peakMemory is how long a spike is remembered; two in that time are expected to come again.
	peakMemory = 20 * 1000 * millisecond
	// suddenFall of the baseline is a new route, not a new minimum of the old one.
	suddenFall = 40 * millisecond
)

func (t *target) init(c Config) {
	t.min, t.max = int64(c.Min), int64(c.Max)
	// A whole tick of room under Max is for packets that the reader does not fetch at once.
	t.max = max(t.max-int64(c.Tick), t.min)
	if c.Mode == Fixed {
		t.fixed = int64(c.Normal)
	}
	t.delays.reset(int64(c.Normal))
	t.value = int64(c.Normal)
	t.calm = t.value
}

// restart takes a new baseline; the distribution of what is above it is kept.
func (t *target) restart(transit, now int64) {
	t.base.restart(transit, now)
	t.inSpike, t.plateau, t.late, t.remainder = false, false, 0, 0
}

// observe takes one arrival that was not a duplicate.
func (t *target) observe(transit, now int64) {
	settled := t.base.settled(now)
	moved := t.base.observe(transit, now)
	if moved > 0 || moved < 0 && settled && moved > -suddenFall {
		t.remainder -= moved
		if bins := t.remainder / binWidth; bins != 0 {
			t.remainder -= bins * binWidth
			t.delays.shift(int(bins))
		}
	}
	if t.outrun(transit, now) {
		t.restart(t.least, now)
	}
	late := transit - t.base.value
	if t.spike(late, now) {
		return
	}
	t.delays.add(late)
	t.update(now)
}

// outrun reports whether nothing has come in time to be played for a while: then that is how long the
// way is now. A stall is not: its packets come at once, and the last of them in time.
func (t *target) outrun(transit, now int64) bool {
	if transit-t.base.value <= t.max {
		t.late = 0
		return false
	}
	if t.late == 0 {
		t.lateSince, t.least = now, transit
	}
	t.late++
	t.least = min(t.least, transit)
	return t.late >= outrunPackets && now-t.lateSince >= outrunTime
}

// update takes the target from what was seen.
func (t *target) update(now int64) {
	if t.fixed == 0 {
		t.calm = min(max(t.delays.worthwhile(t.max), t.min), t.max)
		t.value = t.recurring(now)
	}
}

// spike follows sudden rises of the delay (a stall whose packets then come all at once), so that one
// stall does not hold the delay up for the many seconds the histogram remembers. It reports whether a
// packet belongs to a spike and should not be counted.
func (t *target) spike(late, now int64) bool {
	if !t.inSpike {
		if late < t.calm+spikeRise || t.plateau {
			t.plateau = t.plateau && late > t.calm
			return false
		}
		t.inSpike, t.spikeBegan, t.spikePeak = true, now, late
		return false // the first one counts, once
	}
	t.spikePeak = max(t.spikePeak, late)
	if late > t.calm && now-t.spikeBegan < spikeLimit {
		return true
	}
	t.inSpike, t.plateau = false, late > t.calm
	t.peaks[t.nextPeak] = peak{when: now, height: t.spikePeak}
	t.nextPeak = (t.nextPeak + 1) % len(t.peaks)
	return false
}

// recurring gives the target that spikes seen lately ask for: the height that at least two of them reached, or as much of it
// as costs less than it saves. Each millisecond saves as much speech at every spike.
func (t *target) recurring(now int64) int64 {
	var first, second, count int64
	for _, p := range t.peaks {
		if p.height <= t.calm || now-p.when > peakMemory {
			continue
		}
		count++
		if p.height > first {
			first, second = p.height, first
		} else {
			second = max(second, p.height)
		}
	}
	second = min(second, t.max)
	switch saved := float64(count) * float64(latenessCost) / float64(peakMemory); {
	case count < 2 || second <= t.calm || saved < 1:
		return t.calm
	case saved < noticedCosting:
		return max(min(second, noticedAfter), t.calm)
	}
	return second
}
