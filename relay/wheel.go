package relay

import (
	"math/bits"
	"time"
)

// Ticker is something that runs every 20 ms on a shard's thread: a room, a player. It must be comparable.
type Ticker interface {
	// Tick is called once for every 20 ms. now is when the tick was due: exactly 20 ms after the one before,
	// also when ticks are late and caught up, unless some had to be given up.
	// Hot path: no allocation, lock, clock or log.
	Tick(now int64)
}

const (
	slotTime   = int64(time.Millisecond)
	wheelSlots = 20
	period     = wheelSlots * slotTime
	lateTick   = 2 * slotTime // a tick this long after its time counts as late
	maxBehind  = 5 * period   // a shard further behind than this gives up whole periods

	// slotFull is how many tickers a slot takes before another one is opened: rooms of five that all talk keep the shard for about a
	// quarter of a millisecond.
	slotFull = 16
)

// slotOrder is the order in which slots are opened: what is open is spread evenly, in steps of 10, 5, 2 or 1 ms.
var slotOrder = [wheelSlots]int{0, 10, 5, 15, 2, 12, 7, 17, 4, 14, 9, 19, 1, 11, 6, 16, 3, 13, 8, 18}

// wheel is a shard's tick: twenty slots of 1 ms that come round every 20 ms, so that tickers do not all run at once
// and hold relayed packets up. Few tickers share few slots, as a wake-up for each costs more than the little that most do.
//
//	slot  0    1    2         19
//	     [t t][   ][t  ] ... [   ]     next: the slot whose time has not come yet
type wheel struct {
	slots  [wheelSlots][]Ticker
	slotOf map[Ticker]int
	filled uint32 // bit s: slot s is not empty
	next   int64  // number of the next 1 ms slot since the clock's zero; its place is next % wheelSlots
	firing int    // the slot being run, -1 = none
	at     int    // index of the ticker being run

	late, missed uint64
}

func newWheel() wheel { return wheel{slotOf: map[Ticker]int{}, firing: -1} }

// add puts a ticker into the first slot of slotOrder that is not full, or the least filled. Adding one again changes nothing.
func (w *wheel) add(t Ticker, now int64) {
	if _, there := w.slotOf[t]; there {
		return
	}
	if len(w.slotOf) == 0 && w.firing < 0 {
		w.next = now/slotTime + 1
	}
	best := slotOrder[0]
	for _, s := range slotOrder {
		if len(w.slots[best]) < slotFull {
			break
		}
		if len(w.slots[s]) < len(w.slots[best]) {
			best = s
		}
	}
	w.slots[best] = append(w.slots[best], t)
	w.slotOf[t] = best
	w.filled |= 1 << best
}

// remove takes a ticker out, which may be the one that is being run.
func (w *wheel) remove(t Ticker) {
	s, there := w.slotOf[t]
	if !there {
		return
	}
	delete(w.slotOf, t)
	slot := w.slots[s]
	for i := range slot {
		if slot[i] != t {
			continue
		}
		copy(slot[i:], slot[i+1:])
		slot[len(slot)-1] = nil
		w.slots[s] = slot[:len(slot)-1]
		if w.firing == s && i <= w.at {
			w.at-- // the run goes on with the one that moved up
		}
		break
	}
	if len(w.slots[s]) == 0 {
		w.filled &^= 1 << s
	}
}

// advance runs every ticker whose time has come by now, in order of time. One that adds or removes tickers is
// served well; one that panics leaves the wheel able to go on with the next.
// Hot path: no allocation, lock, clock or log.
func (w *wheel) advance(now int64) {
	if w.filled == 0 && w.firing < 0 {
		return
	}
	if behind := now - w.next*slotTime; behind > maxBehind {
		periods := (behind-maxBehind)/period + 1
		w.next += periods * wheelSlots
		w.missed += uint64(periods) * uint64(len(w.slotOf))
	}
	for w.next*slotTime <= now {
		due := w.next * slotTime
		if w.firing < 0 {
			w.firing, w.at = int(w.next%wheelSlots), 0
		} else {
			w.at++ // after a panic: past the one that caused it
		}
		for ; w.at < len(w.slots[w.firing]); w.at++ {
			if now-due > lateTick {
				w.late++
			}
			w.slots[w.firing][w.at].Tick(due)
		}
		w.firing = -1
		w.next++
	}
}

// current returns the ticker that is being run.
func (w *wheel) current() (Ticker, bool) {
	if w.firing < 0 || w.at < 0 || w.at >= len(w.slots[w.firing]) {
		return nil, false
	}
	return w.slots[w.firing][w.at], true
}

// due returns when the next ticker is to run, ok false when there is none.
// Hot path: no allocation, lock, clock or log.
func (w *wheel) due() (at int64, ok bool) {
	if w.filled == 0 {
		return 0, false
	}
	place := int(w.next % wheelSlots)
	turned := w.filled>>place | w.filled<<(wheelSlots-place)
	return (w.next + int64(bits.TrailingZeros32(turned))) * slotTime, true
}
