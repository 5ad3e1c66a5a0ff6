package quality

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// burstsOf finds bursts and gaps in a whole stream at once: true is a packet that was not played.
func burstsOf(bad []bool) (b Bursts) {
	var gapPackets uint32
	endGap := func() {
		if gapPackets > 0 {
			b.Gaps++
			b.GapPackets += gapPackets
		}
		gapPackets = 0
	}
	for i := 0; i < len(bad); {
		if !bad[i] {
			i, gapPackets = i+1, gapPackets+1
			continue
		}
		last, n := i, 0
		for j := i; j < len(bad) && j-last <= leastBetween; j++ {
			if bad[j] {
				last, n = j, n+1
			}
		}
		if n == 1 {
			b.GapBad++
			gapPackets++
		} else {
			endGap()
			b.Bursts++
			b.BurstBad += uint32(n)
			b.BurstPackets += uint32(last - i + 1)
		}
		i = last + 1
	}
	endGap()
	return b
}

// TestBurstsAndGaps follows streams with losses of all kinds, packets out of order and packets that come too late, and finds what
// one finds who looks at all of it afterwards.
func TestBurstsAndGaps(t *testing.T) {
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 1))
		length := 1 + random.IntN(3000)
		bad := make([]bool, length)
		loss := []float64{0, 0.001, 0.02, 0.1, 0.5}[random.IntN(5)]
		for i := 1; i < length; i++ { // the first always comes
			if random.Float64() < loss {
				for range 1 + random.IntN(1+random.IntN(200)) {
					if i < length {
						bad[i] = true
						i++
					}
				}
			}
		}
		var order []int // of what comes
		discarded := make([]bool, length)
		for i := range length {
			if !bad[i] {
				order = append(order, i)
			} else if i > 0 && random.IntN(3) == 0 {
				discarded[i] = true
				order = append(order, i)
			}
		}
		for i := 1; i+1 < len(order); i++ { // some change places
			if random.IntN(20) == 0 && order[i+1]-order[i] < 20 {
				order[i], order[i+1] = order[i+1], order[i]
			}
		}
		var r Receiver
		var l Losses
		for _, i := range order {
			b := voice(1, 65000+i)
			missing := r.Packet(b, 8, int64(i)*20*ms)
			n, ok := r.Number(b)
			if !ok || n != uint64(i) {
				t.Fatalf("seed %d: packet %d has the number %d %v", seed, i, n, ok)
			}
			if missing > 0 {
				l.Missing(n, missing)
			} else if missing < 0 {
				l.Came(n)
			}
			if discarded[i] {
				l.Discarded(n)
			}
		}
		newest := slices.Max(order)
		got, want := l.Bursts(r.Counts().Expected), burstsOf(bad[:newest+1])
		if got != want {
			t.Fatalf("seed %d: %+v, want %+v", seed, got, want)
		}
		if again := l.Bursts(r.Counts().Expected); again != got {
			t.Fatalf("seed %d: looking changed %+v to %+v", seed, got, again)
		}
	}
}

// TestBurstsOverABreak goes on counting when the stream begins anew, elsewhere or after a while away.
func TestBurstsOverABreak(t *testing.T) {
	var r Receiver
	var l Losses
	give := func(ssrc uint32, numbers ...int) {
		for _, i := range numbers {
			b := voice(ssrc, i)
			if missing := r.Packet(b, 8, ms); missing > 0 {
				n, _ := r.Number(b)
				l.Missing(n, missing)
			}
		}
	}
	give(1, 100, 101, 105)          // three lost
	give(2, 50_000, 50_001)         // another stream
	give(2, 20_000, 20_001, 20_002) // it begins anew: one is not believed
	r.Interrupt()                   // it is elsewhere
	give(2, 30_000, 30_001, 30_003) // one more in the same burst
	give(3, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	want := Bursts{Bursts: 1, BurstPackets: 11, BurstBad: 4, Gaps: 2, GapPackets: 12}
	if got := l.Bursts(r.Counts().Expected); got != want {
		t.Errorf("%+v of %d, want %+v", got, r.Counts().Expected, want)
	}
}

func TestFrameOfAStream(t *testing.T) {
	var r Receiver
	if r.Frame() != 20*time.Millisecond {
		t.Errorf("unknown: %v", r.Frame())
	}
	for i := range 10 {
		r.Packet(voice(1, i), 16, ms) // 160 of 16 kHz
	}
	r.Packet(voice(1, 3000), 16, ms) // a loss, and a pause
	if r.Frame() != 10*time.Millisecond {
		t.Errorf("%v, want 10ms", r.Frame())
	}
}

func TestLossesNoAllocs(t *testing.T) {
	var r Receiver
	var l Losses
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		i += 1 + i%7
		b := [12]byte{0x80, 0, byte(i >> 8), byte(i)}
		if missing := r.Packet(b[:], 8, int64(i)*20*ms); missing > 0 {
			n, _ := r.Number(b[:])
			l.Missing(n, missing)
			l.Discarded(n)
		}
		reception := Reception{Expected: r.Counts().Expected, Lost: r.Counts().Lost(), Bursts: l.Bursts(r.Counts().Expected)}
		reception.Metrics(Impairment{})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkLosses is the worst that a packet can bring: the most packets that may be missing before it.
func BenchmarkLosses(b *testing.B) {
	b.ReportAllocs()
	var l Losses
	for i := range b.N {
		l.Missing(uint64(i+1)*maxDropout, maxDropout-1)
	}
}
