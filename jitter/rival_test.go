package jitter

import (
	"encoding/binary"
	"slices"
	"sort"
	"time"
)

// The other ways of choosing a playout delay, written from what their projects document of them. A rival plays whole
// packets of 20 ms and comes for them when the reader of trace_test.go does, so that it pays for a tick as we do.

// rival decides at every tick. now is the tick's time; lateness is of arrivals, above the least transit so far.
type rival interface {
	arrive(lateness, now int64)
	// turn says what to do before the packet whose turn it is, which would be heard after delay (from when it would
	// have come undelayed), here being whether it has come.
	turn(delay, now int64, here bool, ahead int64) act
}

type act uint8

const (
	playOn  act = iota // play the packet, or conceal it and pass over it when it is not here
	insert             // conceal 20 ms; the packet keeps its turn
	discard            // leave the packet out and look at the next
	stretchDown
	stretchUp
)

// leastDelay is what all keep at least, as we do by default; Speex calls it the margin.
const leastDelay = 20 * millisecond

// pitchPeriod is what one stretch of a rival that can stretch takes out or puts in.
const pitchPeriod = 8 * millisecond

// outcome is what a listener gets: the mean delay of what was played and the share of time that was spoiled.
type outcome struct{ delay, loss float64 } // ms, 0 to 1

// judge makes an outcome of what was played. An interruption spoils the longer of two times: that in which nothing of the
// sender's was heard, and that of the packets which were sent meanwhile and never heard. Where the sender was silent the
// first does not count.
type judge struct {
	numbers         map[int64]uint16 // slot, 20 ms of media time, to sequence number
	slot            int64
	began           bool
	delay           float64
	played          float64
	spoiled, length time.Duration
}

func newJudge(t trace) *judge {
	j := &judge{numbers: map[int64]uint16{}}
	for _, a := range t {
		j.numbers[slotOf(undelayed(a.packet.Payload))] = a.packet.SequenceNumber
	}
	return j
}

// undelayed reads when a packet would have come on an idle network.
func undelayed(payload []byte) int64 { return int64(binary.BigEndian.Uint64(payload)) }

func slotOf(undelayed int64) int64 { return (undelayed - origin + 5*millisecond) / (20 * millisecond) }

// play takes a packet that is heard after delay, gap after the end of the one before.
func (j *judge) play(undelayed int64, delay, gap time.Duration) {
	slot := slotOf(undelayed)
	if j.began {
		steps := int64(int16(j.numbers[slot] - j.numbers[j.slot]))
		missed := time.Duration(steps-1) * 20 * time.Millisecond
		j.length += time.Duration(steps) * 20 * time.Millisecond
		if slot-j.slot > steps {
			gap = 0
		}
		j.spoiled += max(missed, gap)
	}
	j.began, j.slot = true, slot
	j.delay += delay.Seconds() * 1000
	j.played++
}

func (j *judge) outcome() outcome {
	return outcome{j.delay / max(j.played, 1), float64(j.spoiled) / float64(max(j.length, 1))}
}

// compete runs a trace of 20 ms packets through a rival.
func compete(r rival, t trace) outcome {
	t = slices.Clone(t)
	sort.SliceStable(t, func(i, k int) bool { return t[i].at < t[k].at })
	const tick = 20 * millisecond
	j := newJudge(t)
	arrivals := map[int64]arrival{}
	first, last := int64(1)<<62, int64(0)
	for _, a := range t {
		slot := slotOf(undelayed(a.packet.Payload))
		if _, again := arrivals[slot]; !again {
			arrivals[slot] = a
		}
		first, last = min(first, slot), max(last, slot)
	}
	silent := silentSlots(j.numbers, first, last)
	next, turn, offset, newest := 0, first, int64(0), int64(-1) // offset: of what is heard within the tick, by stretching
	base, gap := int64(1)<<62, time.Duration(0)
	for now := origin + 7*millisecond; turn <= last && now < t[len(t)-1].at+second; now += tick {
		for ; next < len(t) && t[next].at <= now; next++ {
			due := undelayed(t[next].packet.Payload)
			base = min(base, t[next].at-due)
			r.arrive(t[next].at-due-base, t[next].at)
			newest = max(newest, slotOf(due))
		}
		for guard := 0; newest >= 0 && turn <= last && guard < 50; guard++ {
			a, sent := arrivals[turn]
			due := origin + (turn+1)*tick + 10*millisecond
			if sent {
				due = undelayed(a.packet.Payload)
			}
			here, delay := sent && a.at <= now, now+offset-due
			act := playOn
			if !silent[turn] { // while the sender is silent time goes by
				act = r.turn(delay, now, here, newest-turn)
			}
			if act == discard {
				turn++
				continue
			}
			if act == insert {
				gap += time.Duration(tick)
				break
			}
			switch act {
			case stretchDown:
				offset -= pitchPeriod
			case stretchUp:
				offset += pitchPeriod
			}
			if here {
				j.play(due, time.Duration(delay), gap)
				gap = 0
			} else {
				gap += time.Duration(tick)
			}
			turn++
			if offset >= 0 {
				break
			}
			offset += tick // a whole packet's time was saved: another is needed for this tick
		}
		if offset >= tick { // and here gained
			offset -= tick
			now += tick
		}
	}
	return j.outcome()
}

// silentSlots finds the slots in which the sender sent nothing, those whose sequence numbers are not missing.
func silentSlots(numbers map[int64]uint16, first, last int64) map[int64]bool {
	silent := map[int64]bool{}
	from := first
	for slot := first + 1; slot <= last; slot++ {
		if _, sent := numbers[slot]; !sent {
			continue
		}
		if int64(numbers[slot]-numbers[from]) < slot-from {
			for s := from + 1; s < slot; s++ {
				silent[s] = true
			}
		}
		from = slot
	}
	return silent
}

// fixedRival waits 60 ms, whatever comes.
type fixedRival struct{ wait int64 }

func (f *fixedRival) arrive(int64, int64) {}
func (f *fixedRival) turn(delay, _ int64, _ bool, _ int64) act {
	if delay < f.wait-10*millisecond {
		return insert
	}
	if delay > f.wait+20*millisecond {
		return discard
	}
	return playOn
}

// asteriskRival is Asterisk's adaptive buffer: of the last 500 delays it drops the highest and the lowest 3 %; what is
// between them and 40 ms more is the target. It grows by a concealed frame at most every 40 ms, and shrinks by leaving out a
// frame when 40 ms over.
type asteriskRival struct {
	history  []int64
	target   int64
	adjusted int64
}

func (r *asteriskRival) arrive(lateness, _ int64) {
	if r.history = append(r.history, lateness); len(r.history) > 500 {
		r.history = r.history[1:]
	}
	sorted := slices.Sorted(slices.Values(r.history))
	drop := len(sorted) * 3 / 100
	r.target = min(sorted[len(sorted)-1-drop]+40*millisecond, 200*millisecond)
}

func (r *asteriskRival) turn(delay, now int64, _ bool, _ int64) act {
	off := r.target - delay
	switch {
	case off > 0 && now-r.adjusted >= 40*millisecond:
		r.adjusted = now
		return insert
	case off < -40*millisecond && now-r.adjusted >= 40*millisecond:
		r.adjusted = now
		return discard
	}
	return playOn
}

// speexRival is the Speex jitter buffer: of the 1,000 latest arrivals it keeps the 40 latest and takes the delay at which
// delay and the packets that would be late cost least, a late packet costing what the spread of those 40 says.
type speexRival struct {
	window []int64
	target int64
}

func (r *speexRival) arrive(lateness, _ int64) {
	if r.window = append(r.window, lateness); len(r.window) > 1000 {
		r.window = r.window[1:]
	}
	sorted := slices.Sorted(slices.Values(r.window))
	slices.Reverse(sorted)
	top := sorted[:min(40, len(sorted))]
	late := 1*millisecond + (top[0]-top[len(top)-1])/40
	late = late * 100 / int64(max(len(sorted)/10, 10)) // as fewer were seen, each weighs more
	best, bestCost := top[0], int64(1)<<62
	for i, d := range top {
		if cost := d + late*int64(i); cost < bestCost {
			best, bestCost = d, cost
		}
	}
	r.target = max(best, leastDelay)
}

func (r *speexRival) turn(delay, _ int64, _ bool, _ int64) act {
	switch {
	case delay < r.target:
		return insert
	case delay >= r.target+30*millisecond:
		return discard
	}
	return playOn
}

// netEQRival is WebRTC's: a histogram in steps of 20 ms of the delays relative to the least of the last 2 s, forgetting with
// 0.983 a packet, whose 0.95 quantile is the target; the level of the buffer is kept between three quarters of it and it by
// time-stretching, at most every 50 ms; what has not come is expanded and waited for.
type netEQRival struct {
	bins      [100]float64
	recent    []arrived
	target    int64
	begun     bool
	stretched int64
	level     float64
}

type arrived struct{ when, lateness int64 }

func (r *netEQRival) arrive(lateness, now int64) {
	r.recent = append(r.recent, arrived{now, lateness})
	least := lateness
	for len(r.recent) > 0 && now-r.recent[0].when > 2*second {
		r.recent = r.recent[1:]
	}
	for _, a := range r.recent {
		least = min(least, a.lateness)
	}
	if !r.begun {
		r.begun, r.bins[2] = true, 1
	}
	for i := range r.bins {
		r.bins[i] *= 0.983
	}
	r.bins[min((lateness-least)/(20*millisecond), 99)] += 1 - 0.983
	sum := 0.0
	for i, b := range r.bins {
		if sum += b; sum >= 0.95 {
			r.target = int64(i+1) * 20 * millisecond
			break
		}
	}
}

func (r *netEQRival) turn(_, now int64, here bool, ahead int64) act {
	low := max(r.target*3/4, r.target-85*millisecond)
	high := max(r.target, low+20*millisecond)
	r.level += (float64((ahead+1)*20*millisecond) - r.level) / 16
	if !here && ahead <= 0 {
		return insert // expand
	}
	if now-r.stretched >= 50*millisecond {
		switch {
		case int64(r.level) > high:
			r.stretched = now
			r.level -= float64(pitchPeriod)
			return stretchDown
		case int64(r.level) < low:
			r.stretched = now
			r.level += float64(pitchPeriod)
			return stretchUp
		}
	}
	return playOn
}
