package relay

import "time"

// window decides how long a shard lets packets gather before it reads on, so that a busy shard makes few wake-ups and
// an idle one adds no delay. It sets how long a packet may take through the shard: it waits for the batch, and then for the packets
// before it. So the pause is what remains of the period when the last batch's work is taken off, one and a half times: once as
// it is part of the time from batch to batch, and half of it as a packet in the middle of a batch waits for so much.
//
//	period
//	limit ┤            ┌─────────
//	      │          ／
//	      │        ／
//	    0 ┼──────┘· ·
//	      └──────┬─────┬──────── packets a millisecond
//	         idleRate fullRate
//
// What nothing but sinks take (rooms, which look at it on their next tick) can wait: behind a batch of only such packets the
// period is the limit at any rate, and sinkTimes as long once nothing else has come for restTime, from which the work is taken once.
// The shard's pause ends with the next tick in any case.
//
// A pause that would gather less than worthwhile packets is left out: it is a system call and a wake-up more and saves
// less than one.
type window struct {
	limit time.Duration // BatchWindow; 0 = never pauses
	rate  float64       // packets a millisecond, smoothed over rateTime
	last  int64         // when the shard last came back with packets or without
	pause float64       // since then, ns
	sunk  int           // packets since then that went to a sink alone
	work  float64       // what handling packets has taken since the last pause, ns
	other int64         // when there was a packet last that did not go to a sink alone
}

const (
	idleRate = 10.0 // packets a millisecond up to which a packet never waits
	fullRate = 50.0 // ... and from which on it may wait for the whole limit
	rateTime = float64(5 * time.Millisecond)
	// worthwhile is how many packets a pause must be expected to gather.
	worthwhile = 2.0

	sinkTimes = 10
	restTime  = int64(time.Second)
)

// next takes the number of packets that the shard has just received and returns how long it lets the next ones
// gather; not at all when there may be more waiting.
// Hot path: no allocation, lock, clock or log.
func (w *window) next(received int, more bool, now int64) time.Duration {
	if w.limit <= 0 {
		return 0
	}
	elapsed := float64(max(now-w.last, 1))
	w.last = now
	share := min(elapsed/rateTime, 1)
	w.rate += share * (float64(received)*float64(time.Millisecond)/elapsed - w.rate)
	w.work += max(elapsed-w.pause, 0)
	w.pause = 0
	patient := received > 0 && w.sunk >= received
	if w.sunk < received {
		w.other = now
	}
	w.sunk = 0
	if more {
		return 0
	}
	work := w.work
	w.work = 0
	period := float64(w.limit)
	switch {
	case !patient:
		period *= min(max(w.rate-idleRate, 0)/(fullRate-idleRate), 1)
	case now-w.other >= restTime:
		period *= sinkTimes
	}
	if w.rate*period < worthwhile*float64(time.Millisecond) {
		return 0
	}
	// Work of more than half the period is overload, or somebody else's: shorter pauses would not help.
	if work = min(work, period/2); !patient {
		work *= 1.5
	}
	w.pause = period - work
	return time.Duration(w.pause)
}
