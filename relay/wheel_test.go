package relay

import (
	"math/bits"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

// metronome notes when it is ticked.
type metronome struct {
	due []int64
	do  func()
}

func (m *metronome) Tick(now int64) {
	m.due = append(m.due, now)
	if m.do != nil {
		m.do()
	}
}

func (m *metronome) wantSteps(t *testing.T) {
	t.Helper()
	for i := 1; i < len(m.due); i++ {
		if m.due[i] != m.due[i-1]+20*ms {
			t.Errorf("tick at %d after %d", m.due[i]/ms, m.due[i-1]/ms)
		}
	}
}

func TestTickersRunEvery20ms(t *testing.T) {
	w := newWheel()
	var ms20 [20*slotFull + 20]metronome
	for i := range ms20 {
		w.add(&ms20[i], 0)
		w.add(&ms20[i], 0) // once is enough
	}
	for now := int64(0); now <= 1000*ms; now += ms / 4 {
		w.advance(now)
	}
	phases := map[int64]bool{}
	for i := range ms20 {
		if len(ms20[i].due) != 50 {
			t.Fatalf("ticker %d ticked %d times in 1 s", i, len(ms20[i].due))
		}
		ms20[i].wantSteps(t)
		phases[ms20[i].due[0]%(20*ms)] = true
	}
	if len(phases) != 20 {
		t.Errorf("%d tickers share %d slots", len(ms20), len(phases))
	}
	for i := range w.slots {
		if n := len(w.slots[i]); n != slotFull+1 {
			t.Errorf("slot %d has %d", i, n)
		}
	}
	if w.late != 0 || w.missed != 0 {
		t.Errorf("late %d, missed %d", w.late, w.missed)
	}
}

func TestFewTickersShareFewSlotsEvenlySpread(t *testing.T) {
	for _, c := range []struct{ tickers, step int }{{1, 20}, {2 * slotFull, 10}, {4 * slotFull, 5}, {20 * slotFull, 1}} {
		w := newWheel()
		all := make([]metronome, c.tickers)
		for i := range all {
			w.add(&all[i], 0)
		}
		for s := range w.slots {
			if got := len(w.slots[s]) > 0; got != (s%c.step == 0) {
				t.Errorf("%d tickers: slot %d has %d", c.tickers, s, len(w.slots[s]))
			}
		}
		for i := range all[:len(all)-1] { // places are taken again
			w.remove(&all[i])
			w.add(&all[i], 0)
		}
		if n := 20 / c.step; bits.OnesCount32(w.filled) != n {
			t.Errorf("%d tickers: %d slots after they came and went, want %d", c.tickers, bits.OnesCount32(w.filled), n)
		}
	}
}

func TestLateTicksAreCaughtUpAndCounted(t *testing.T) {
	w := newWheel()
	m := &metronome{}
	w.add(m, 0)
	w.advance(40 * ms)
	n := len(m.due)
	w.advance(120 * ms) // 80 ms late
	if len(m.due) != n+4 || w.late != 4 && w.late != 3 || w.missed != 0 {
		t.Errorf("%d ticks, %d late, %d missed", len(m.due)-n, w.late, w.missed)
	}
	m.wantSteps(t)
}

func TestAFarTooLateWheelGivesPeriodsUp(t *testing.T) {
	w := newWheel()
	a, b := &metronome{}, &metronome{}
	w.add(a, 0)
	w.add(b, 0)
	w.advance(100 * ms)
	before := len(a.due) + len(b.due)
	w.advance(10_100 * ms)
	got := uint64(len(a.due) + len(b.due) - before)
	if got < 8 || got > 12 {
		t.Errorf("%d ticks after a stall of 10 s, want about 5 each", got)
	}
	if got+w.missed != 1000 {
		t.Errorf("%d ticks and %d missed, want 1000 together", got, w.missed)
	}
	if a.due[len(a.due)-1]%(20*ms) != a.due[0]%(20*ms) {
		t.Error("the stall changed the ticker's place")
	}
	if len(a.due) != len(b.due) {
		t.Errorf("%d and %d ticks", len(a.due), len(b.due))
	}
}

func TestTickersMayComeAndGoWithinATick(t *testing.T) {
	w := newWheel()
	var others [40]metronome
	for i := range others { // two in each slot
		w.add(&others[i], 0)
	}
	suicide, late := &metronome{}, &metronome{}
	suicide.do = func() { w.remove(suicide); w.remove(&others[0]); w.add(late, 0) }
	w.add(suicide, 0)
	w.advance(100 * ms)
	if len(suicide.due) != 1 {
		t.Errorf("the one that removed itself ticked %d times", len(suicide.due))
	}
	if len(late.due) < 4 {
		t.Errorf("the one added ticked %d times", len(late.due))
	}
	for i := range others {
		if i > 0 && len(others[i].due) != 5 {
			t.Errorf("ticker %d ticked %d times in 100 ms", i, len(others[i].due))
		}
		w.remove(&others[i])
	}
	w.remove(late)
	w.remove(late)
	if _, ok := w.due(); ok || w.filled != 0 {
		t.Error("an empty wheel has something due")
	}
}

func TestDueIsWhenTheNextTickerRuns(t *testing.T) {
	w := newWheel()
	if _, ok := w.due(); ok {
		t.Error("an empty wheel has something due")
	}
	m := &metronome{}
	w.add(m, 1003*ms)
	for range 50 {
		due, ok := w.due()
		if !ok {
			t.Fatal("nothing due")
		}
		n := len(m.due)
		w.advance(due - 1)
		if len(m.due) != n {
			t.Fatal("ticked before it was due")
		}
		w.advance(due)
		if len(m.due) != n+1 || m.due[n] != due {
			t.Fatalf("due at %d, ticked %v", due, m.due[n:])
		}
	}
	m.wantSteps(t)
}

func TestWheelGoesOnAfterAPanic(t *testing.T) {
	w := newWheel()
	var all [3]metronome
	all[1].do = func() { panic("tick") }
	for i := range all {
		w.slots[5] = append(w.slots[5], &all[i])
		w.slotOf[&all[i]] = 5
	}
	w.filled = 1 << 5
	step := func(now int64) (done bool) {
		defer func() {
			if recover() != nil {
				c, ok := w.current()
				if !ok || c != Ticker(&all[1]) {
					t.Errorf("current is %v", c)
				}
				w.remove(c)
			}
		}()
		w.advance(now)
		return true
	}
	for !step(30 * ms) {
	}
	if len(all[0].due) != 2 || len(all[1].due) != 1 || len(all[2].due) != 2 {
		t.Errorf("%d, %d and %d ticks", len(all[0].due), len(all[1].due), len(all[2].due))
	}
}

func TestWheelNoAllocs(t *testing.T) {
	w := newWheel()
	count := 0
	for range 100 {
		w.add(&counter{n: &count}, 0)
	}
	now := int64(0)
	if n := testing.AllocsPerRun(200, func() {
		due, _ := w.due()
		now = due
		w.advance(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if count == 0 {
		t.Error("nothing ticked")
	}
}

type counter struct{ n *int }

func (c *counter) Tick(int64) { *c.n++ }

func BenchmarkWheel1000Tickers(b *testing.B) {
	w := newWheel()
	count := 0
	for range 1000 {
		w.add(&counter{n: &count}, 0)
	}
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() {
		now += ms
		w.advance(now)
	}
}
