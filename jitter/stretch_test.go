package jitter

import (
	"math"
	"math/rand/v2"
	"testing"
)

const rate = 8000

// voice is a vowel-like sound: a pulse train of a pitch in Hz through two resonances.
func voice(n int, pitch float64) []int16 {
	pcm := make([]int16, n, n+rate/10)
	var phase float64
	type resonator struct{ a1, a2, y1, y2 float64 }
	formants := []*resonator{}
	for _, f := range []float64{600, 1700} {
		radius := 0.95
		formants = append(formants, &resonator{a1: 2 * radius * math.Cos(2*math.Pi*f/rate), a2: -radius * radius})
	}
	for i := range pcm {
		x := 0.0
		if phase += pitch / rate; phase >= 1 {
			phase--
			x = 3000
		}
		for _, r := range formants {
			x += r.a1*r.y1 + r.a2*r.y2
			r.y2, r.y1 = r.y1, x
		}
		pcm[i] = int16(min(max(x, -30000), 30000))
	}
	return pcm
}

func sine(n int, hz float64) []int16 {
	pcm := make([]int16, n, n+rate/10)
	for i := range pcm {
		pcm[i] = int16(10000 * math.Sin(2*math.Pi*hz/rate*float64(i)))
	}
	return pcm
}

func noise(n int, rms float64) []int16 {
	r := rand.New(rand.NewPCG(1, 1))
	pcm := make([]int16, n, n+rate/10)
	for i := range pcm {
		pcm[i] = int16(r.NormFloat64() * rms)
	}
	return pcm
}

// roughness is how badly a sine is broken at worst, against its amplitude.
func roughness(pcm []int16, hz float64) float64 {
	worst, c := 0.0, 2*math.Cos(2*math.Pi*hz/rate)
	for i := 2; i < len(pcm); i++ {
		worst = max(worst, math.Abs(float64(pcm[i])-c*float64(pcm[i-1])+float64(pcm[i-2])))
	}
	return worst / 10000
}

func TestStretchedToneIsUnbroken(t *testing.T) {
	for hz := 200.0; hz < 3500; hz += 37 {
		for _, lengthen := range []bool{false, true} {
			pcm := sine(500, hz)
			n := 0
			if lengthen {
				pcm, n = Lengthen(pcm, 200, 160, rate, 0.9)
			} else {
				pcm, n = Shorten(pcm, 200, 160, rate, 0.9)
			}
			if n < rate/shortestLagHz || n > rate/longestLagHz {
				t.Errorf("%v Hz, lengthen %v: by %d samples", hz, lengthen, n)
				continue
			}
			if want := 500 + n; lengthen && len(pcm) != want || !lengthen && len(pcm) != 500-n {
				t.Errorf("%v Hz, lengthen %v by %d: %d samples", hz, lengthen, n, len(pcm))
			}
			if r := roughness(pcm, hz); r > 0.04 {
				t.Errorf("%v Hz, lengthen %v by %d: broken by %.3f of the amplitude", hz, lengthen, n, r)
			}
			if level := highest(pcm[200:]); level < 9900 {
				t.Errorf("%v Hz, lengthen %v: amplitude falls to %v", hz, lengthen, level)
			}
		}
	}
}

func highest(pcm []int16) (p int16) {
	for _, v := range pcm {
		p = max(p, v)
	}
	return p
}

// A voice is stretched by whole pitch periods, so what comes out is the voice: alike from period to period.
func TestVoiceIsStretchedByItsPitch(t *testing.T) {
	for _, pitch := range []float64{80, 100, 125, 160, 200, 250} {
		period := rate / pitch
		for _, lengthen := range []bool{false, true} {
			pcm := voice(1000, pitch)
			n := 0
			if lengthen {
				pcm, n = Lengthen(pcm, 600, 120, rate, 0.9)
			} else {
				pcm, n = Shorten(pcm, 600, 120, rate, 0.9)
			}
			periods := float64(n) / period
			if n == 0 || math.Abs(periods-math.Round(periods))*period > 1.01 {
				t.Errorf("%v Hz, lengthen %v: by %d samples, %.2f periods", pitch, lengthen, n, periods)
				continue
			}
			lag := int(math.Round(period))
			a, b := pcm[500:800], pcm[500-lag:800-lag]
			like := dot(a, b, 1) / math.Sqrt(dot(a, a, 1)*dot(b, b, 1))
			if like < 0.9 {
				t.Errorf("%v Hz, lengthen %v by %d: periods are alike by %.2f only", pitch, lengthen, n, like)
			}
		}
	}
}

func TestNoiseIsStretchedOnlyWhenQuietOrAsked(t *testing.T) {
	if _, n := Shorten(noise(500, 3000), 200, 120, rate, 0.9); n != 0 {
		t.Errorf("loud noise shortened by %d", n)
	}
	if _, n := Lengthen(noise(500, 3000), 200, 120, rate, 0.9); n != 0 {
		t.Errorf("loud noise lengthened by %d", n)
	}
	if _, n := Shorten(noise(500, 40), 200, 120, rate, 0.9); n != 120 {
		t.Errorf("quiet noise shortened by %d", n)
	}
	if _, n := Shorten(noise(500, 3000), 200, 120, rate, 0); n == 0 {
		t.Error("loud noise not shortened at any price")
	}
}

// What is before the place is context only, and what is far behind it moves but stays as it is.
func TestStretchKeepsWhatIsAroundIt(t *testing.T) {
	whole := voice(1000, 110)
	short, n := Shorten(append(make([]int16, 0, 1100), whole...), 400, 100, rate, 0.8)
	long, m := Lengthen(append(make([]int16, 0, 1100), whole...), 400, 100, rate, 0.8)
	if n == 0 || m == 0 {
		t.Fatal("nothing done")
	}
	for i := range 400 {
		if short[i] != whole[i] || long[i] != whole[i] {
			t.Fatalf("sample %d before the place changed", i)
		}
	}
	for i := 700; i < 1000; i++ {
		if short[i-n] != whole[i] || long[i+m] != whole[i] {
			t.Fatalf("sample %d changed", i)
		}
	}
}

func TestStretchNeedsRoom(t *testing.T) {
	for _, tt := range []struct{ length, at, most int }{
		{0, 0, 100}, {10, 0, 100}, {10, 10, 100}, {60, 20, 100}, {500, 500, 100}, {500, 200, 19}, {500, 200, 0}, {500, 200, -5},
	} {
		if out, n := Shorten(sine(tt.length, 1000), tt.at, tt.most, rate, 0); n != 0 || len(out) != tt.length {
			t.Errorf("%+v: shortened by %d", tt, n)
		}
	}
	for _, tt := range []struct{ length, at, most int }{{0, 0, 100}, {500, 10, 100}, {500, 500, 100}, {500, 200, 19}, {500, 200, -5}} {
		if out, n := Lengthen(sine(tt.length, 1000), tt.at, tt.most, rate, 0); n != 0 || len(out) != tt.length {
			t.Errorf("%+v: lengthened by %d", tt, n)
		}
	}
	full := sine(500, 1000)
	if _, n := Lengthen(full[:500:510], 200, 100, rate, 0); n != 0 {
		t.Errorf("lengthened by %d into 10", n)
	}
}

func TestStretchAtFullScaleDoesNotWrap(t *testing.T) {
	square := make([]int16, 500, 700)
	for i := range square {
		square[i] = math.MinInt16
		if i/20%2 == 0 {
			square[i] = math.MaxInt16
		}
	}
	out, n := Shorten(square, 200, 120, rate, 0)
	if n == 0 || n%40 != 0 {
		t.Fatalf("shortened by %d", n)
	}
	for i, v := range out {
		if v != math.MinInt16 && v != math.MaxInt16 {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
}

func TestStretchNoAllocs(t *testing.T) {
	pcm := voice(600, 120)
	if n := testing.AllocsPerRun(50, func() {
		out, by := Shorten(pcm, 200, 120, rate, 0.5)
		Lengthen(out, 200, max(by, 20), rate, 0.5)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkShorten(b *testing.B) {
	pcm, work := voice(500, 120), make([]int16, 500)
	b.ReportAllocs()
	for b.Loop() {
		copy(work, pcm)
		Shorten(work, 200, 120, rate, 0.5)
	}
}

func FuzzStretch(f *testing.F) {
	f.Add(uint16(500), uint16(200), int16(120), 0.9, uint64(1))
	f.Add(uint16(100), uint16(100), int16(-1), 0.0, uint64(2))
	f.Fuzz(func(t *testing.T, length, at uint16, most int16, match float64, seed uint64) {
		length %= 2000
		at %= length + 1
		r := rand.New(rand.NewPCG(seed, 0))
		pcm := make([]int16, length, int(length)+int(seed%300))
		for i := range pcm {
			pcm[i] = int16(r.Uint64())
		}
		out, n := Shorten(pcm, int(at), int(most), rate, match)
		if n < 0 || n > max(int(most), 0) || len(out) != int(length)-n || len(out) < int(at) {
			t.Fatalf("shortened %d at %d by %d", length, at, n)
		}
		before := len(out)
		at = min(at, uint16(before))
		if out, n = Lengthen(out, int(at), int(most), rate, match); n < 0 || n > max(int(most), 0) || len(out) != before+n {
			t.Fatalf("lengthened %d at %d by %d", before, at, n)
		}
	})
}
