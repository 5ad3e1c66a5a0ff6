package relay

import (
	"testing"
	"time"
)

// batches runs a window against a steady stream of packets, each of which takes work to handle, and returns the last time from
// one pause to the next, and that pause.
func batches(w *window, perMs int, work time.Duration) (period, pause time.Duration) {
	var behind float64 // packets that have come and not been received
	var last int64     // when the last pause began
	for now := int64(0); now < 300*ms; {
		n := min(int(behind), batchSize)
		behind -= float64(n)
		d := w.next(n, n == batchSize, now)
		busy := time.Duration(n) * work
		if d > 0 {
			period, pause, last = time.Duration(now-last)+busy, d, now+int64(busy)
		} else if n == 0 {
			busy = time.Millisecond / time.Duration(perMs) // the shard sleeps until a packet comes
		}
		behind += float64(perMs) * float64(d+busy) / float64(time.Millisecond)
		now += int64(d + busy)
	}
	return period, pause
}

func TestWindowIsZeroAtLowLoadAndGrowsWithIt(t *testing.T) {
	const limit = time.Millisecond
	last := time.Duration(0)
	for _, perMs := range []int{1, 5, 10, 11, 12, 20, 30, 40, 50} {
		w := window{limit: limit}
		_, pause := batches(&w, perMs, 0)
		if perMs <= 12 && pause != 0 { // at 12 it would gather less than a packet
			t.Errorf("%d packets a ms: pause %v, want none", perMs, pause)
		}
		if perMs > 12 && pause <= last {
			t.Errorf("%d packets a ms: pause %v after %v", perMs, pause, last)
		}
		last = pause
	}
	if last < limit*95/100 {
		t.Errorf("at full load %v", last)
	}
}

func TestWindowLeavesTimeForTheWork(t *testing.T) {
	const limit = time.Millisecond
	for _, c := range []struct {
		perMs      int
		work       time.Duration
		pause      time.Duration // as it should come out
		overloaded bool
	}{
		{50, 4 * time.Microsecond, 727 * time.Microsecond, false},
		{100, 4 * time.Microsecond, 500 * time.Microsecond, false},
		{100, 5500 * time.Nanosecond, 353 * time.Microsecond, false},
		{100, 8 * time.Microsecond, 250 * time.Microsecond, true}, // it works for most of the time: a quarter of the limit is left
	} {
		w := window{limit: limit}
		period, pause := batches(&w, c.perMs, c.work)
		if near := pause > c.pause*95/100 && pause < c.pause*105/100; !near {
			t.Errorf("%d packets a ms of %v: pause %v, want %v", c.perMs, c.work, pause, c.pause)
		}
		if whole := period + (period-pause)/2; !c.overloaded && (whole < limit*95/100 || whole > limit*105/100) {
			t.Errorf("%d packets a ms of %v: %v from batch to batch, %v of it pause", c.perMs, c.work, period, pause)
		}
	}
}

func TestWindowSwitchedOffNeverPauses(t *testing.T) {
	w := window{}
	for now := int64(0); now < 100*ms; now += ms {
		if d := w.next(1000, false, now); d != 0 {
			t.Fatalf("pauses %v", d)
		}
	}
}

func TestWindowAfterARest(t *testing.T) {
	// One packet after a long rest is handled at once, and so is a burst after it.
	w := window{limit: time.Millisecond}
	w.next(1, false, 0)
	if d := w.next(127, false, 10_000*ms); d != 0 {
		t.Errorf("a burst after a rest: %v", d)
	}
}

func TestWindowNoAllocs(t *testing.T) {
	w := window{limit: time.Millisecond}
	now := int64(0)
	if n := testing.AllocsPerRun(100, func() {
		now += ms
		w.next(100, false, now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWindowIsWholeForWhatOnlySinksTake(t *testing.T) {
	const limit = time.Millisecond
	for _, c := range []struct {
		perMs, sunk int
		want        bool // the limit, of which work may take half
	}{{5, 5, true}, {5, 4, false}, {5, 0, false}, {1, 1, false}, {15, 15, true}} {
		w := window{limit: limit}
		var pause time.Duration
		for now := int64(0); now < 50*ms; now += ms {
			w.sunk = c.sunk
			pause = w.next(c.perMs, false, now)
		}
		if got := pause >= limit/2; got != c.want {
			t.Errorf("%d packets a ms, %d for sinks: pause %v", c.perMs, c.sunk, pause)
		}
	}
}

func TestSinksAloneWaitLongerOnceNothingElseComes(t *testing.T) {
	const limit = time.Millisecond
	w := window{limit: limit}
	run := func(until int64, sunk int) (pause time.Duration) {
		for now := w.last + ms; now <= until; now += ms {
			w.sunk = sunk
			pause = w.next(20, false, now)
		}
		return pause
	}
	if d := run(2000*ms, 20); d <= 2*limit {
		t.Errorf("rooms alone: pause %v", d)
	}
	if d := run(2001*ms, 19); d > limit {
		t.Errorf("with a relayed packet: pause %v", d)
	}
	if d := run(2990*ms, 20); d > limit {
		t.Errorf("in the second after it: pause %v", d)
	}
	if d := run(3010*ms, 20); d <= 2*limit {
		t.Errorf("a second after it: pause %v", d)
	}
}
