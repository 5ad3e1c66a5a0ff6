package jitter

import (
	"math/rand/v2"
	"testing"
)

func TestQuantileOfKnownDistribution(t *testing.T) {
	var h histogram
	h.reset(0)
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		h.add(r.Int64N(100 * millisecond))
	}
	if q := h.quantile(); q < 92*millisecond || q > 102*millisecond {
		t.Errorf("0.97 quantile of 0..100 ms is %v us", q/1000)
	}
}

func TestFirstGuessYieldsAndOldDelaysAreForgotten(t *testing.T) {
	var h histogram
	h.reset(60 * millisecond)
	if q := h.quantile(); q != 62*millisecond {
		t.Fatalf("first guess %v us", q/1000)
	}
	for n := 1; h.quantile() > 2*millisecond; n++ {
		if h.add(0); n > 45 {
			t.Fatal("the first guess stays")
		}
	}
	for range 1000 {
		h.add(100 * millisecond)
	}
	for n := 1; h.quantile() > 2*millisecond; n++ {
		if h.add(0); n > 1600 {
			t.Fatal("what was 32 s ago is still remembered")
		}
	}
}

func TestWeightsAreRenormalised(t *testing.T) {
	var h histogram
	h.reset(0)
	for i := range 50000 {
		h.add(int64(i%10) * 10 * millisecond)
		if h.weight > renormalise || h.total <= 0 {
			t.Fatalf("weight %v, total %v", h.weight, h.total)
		}
	}
	if q := h.quantile(); q != 92*millisecond {
		t.Errorf("quantile %v us after renormalising", q/1000)
	}
}

func TestShiftMovesAllMass(t *testing.T) {
	for _, by := range []int{0, 1, 7, 255, 256, 1000, -1, -20, -256, -1000} {
		var h histogram
		h.reset(100 * millisecond)
		h.add(20 * millisecond)
		h.shift(by)
		var sum float32
		for _, b := range h.bins {
			sum += b
		}
		if sum != h.total {
			t.Errorf("shift by %d: mass %v of %v", by, sum, h.total)
		}
		if want := min(max(50+by, 0), histogramBins-1); h.bins[want] < startWeight {
			t.Errorf("shift by %d: nothing in bin %d", by, want)
		}
	}
}

// The quantile that moves along is the one found by adding up from the top.
func TestQuantileMovesWithTheDistribution(t *testing.T) {
	var h histogram
	h.reset(60 * millisecond)
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 60000 {
		h.add(int64(r.ExpFloat64() * float64(int64(1+i/500%7)*10*millisecond)))
		if i%777 == 0 {
			h.shift(r.IntN(9) - 4)
		}
		got := h.quantile()
		edge, above := histogramBins-1, float32(0)
		for ; edge > 0 && above+h.bins[edge] <= tail*h.total; edge-- {
			above += h.bins[edge]
		}
		if want := int64(edge+1) * binWidth; got < want-binWidth || got > want+binWidth {
			t.Fatalf("packet %d: %d us, added up %d us", i, got/1000, want/1000)
		}
	}
}

func TestDelayBeyondTheSpanGoesIntoTheLastBin(t *testing.T) {
	var h histogram
	h.reset(0)
	h.add(1 << 60)
	h.add(-5)
	if h.bins[histogramBins-1] != 1 || h.bins[0] != startWeight+1 {
		t.Errorf("%v, %v", h.bins[histogramBins-1], h.bins[0])
	}
}
