package mixer

import (
	"math"
	"testing"
)

func TestFiveLoudTalkersNeverReachTheRail(t *testing.T) {
	const ticks = 400
	c := room(6)
	var said [][]int16
	var parties []*party
	for i := range 5 {
		said = append(said, talker(8000, ticks*160, -12, uint64(i+1)))
		parties = append(parties, join(t, c, string(rune('a'+i)), said[i], 0))
	}
	listener := join(t, c, "listener", nil, 0)
	run(c, ticks)
	said = append(said, nil)
	for i, p := range append(parties, listener) {
		heard := p.samples(t, l16, 97)
		want := sumOf(len(heard), except(said, i)...)
		for k, v := range heard {
			if (v == math.MaxInt16 || v == math.MinInt16) && want[k] != int32(v) {
				t.Fatalf("%s: sample %d at the rail", p.ID(), k)
			}
		}
		ours := segmentalSNR(heard, want)
		clamped := segmentalSNR(arithmetic(want, func(v int32) int16 { return int16(max(math.MinInt16, min(math.MaxInt16, v))) }), want)
		wrapped := segmentalSNR(arithmetic(want, func(v int32) int16 { return int16(v) }), want)
		saturated := segmentalSNR(saturateThenSubtract(sumOf(len(heard), said...), said[i]), want)
		t.Logf("%-8s hears the others at %4.1f dB segmental SNR; clamped %4.1f, saturated before the own voice is taken out %4.1f, wrapped %4.1f",
			p.ID(), ours, clamped, saturated, wrapped)
		if ours < clamped || ours < saturated || ours < wrapped {
			t.Errorf("%s: %.1f dB is not the best", p.ID(), ours)
		}
	}
	if s := c.Stats(); s.LimitedSamples == 0 || s.BentSamples > s.LimitedSamples/1000 {
		t.Errorf("%+v", s)
	}
}

func arithmetic(mix []int32, to16 func(int32) int16) []int16 {
	out := make([]int16, len(mix))
	for i, v := range mix {
		out[i] = to16(v)
	}
	return out
}

func saturateThenSubtract(all []int32, own []int16) []int16 {
	out := make([]int16, len(all))
	for i, v := range all {
		v = max(math.MinInt16, min(math.MaxInt16, v))
		if i >= lag8000 && i-lag8000 < len(own) {
			v -= int32(own[i-lag8000])
		}
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, v)))
	}
	return out
}

// segmentalSNR compares 4 ms segments with the ideal mix at whatever gain fits each best: loudness may differ, the
// waveform may not. Silent segments do not count; each counts for 40 dB at most.
func segmentalSNR(heard []int16, want []int32) float64 {
	var sum float64
	n := 0
	const segment = 32
	for at := faded; at+segment <= len(heard); at += segment {
		var hw, ww, hh float64
		for i := at; i < at+segment; i++ {
			h, w := float64(heard[i]), float64(want[i])
			hw, ww, hh = hw+h*w, ww+w*w, hh+h*h
		}
		if ww < segment*1000*1000 || hh == 0 {
			continue
		}
		residue := math.Max(hh-hw*hw/ww, hh*1e-4)
		sum += 10 * math.Log10(math.Max(1e-3, hw*hw/ww/residue))
		n++
	}
	return sum / float64(n)
}
