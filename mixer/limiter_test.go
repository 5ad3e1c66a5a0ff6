package mixer

import (
	"math"
	"math/rand/v2"
	"testing"
)

// limit runs a whole mix through a limiter in 20 ms frames and returns the output, the look-ahead
// taken off, and the gain of every sample.
func limit(rate int, mix []int32) (out []int16, gain []float64, limited, bent int) {
	frame := rate / 50
	l, s := newLimiter(rate), newLimiterScratch(rate, frame)
	mix = append(mix, make([]int32, 2*frame-len(mix)%frame)...)
	for at := 0; at < len(mix); at += frame {
		y := make([]int16, frame)
		for i := range s.gain {
			s.gain[i] = unity // stays on the fast path
		}
		a, b := l.process(y, mix[at:at+frame], &s)
		limited, bent = limited+a, bent+b
		out = append(out, y...)
		for _, g := range s.gain[:frame] {
			gain = append(gain, float64(g)/unity)
		}
	}
	n := lookAheadMilliseconds * rate / 1000
	return out[n:], gain[n:], limited, bent
}

// checkLimited finds samples at the rail, a gain that moves too fast, and, where the gain could reach, an output that
// is not the mix times the gain.
func checkLimited(t *testing.T, rate int, mix []int32, out []int16, gain []float64) (worstSlope float64) {
	t.Helper()
	perMillisecond := rate / 1000
	for i, v := range mix {
		if (v > math.MaxInt16 || v < math.MinInt16) && (out[i] == math.MaxInt16 || out[i] == math.MinInt16) {
			t.Fatalf("sample %d is at the rail: %d of %d", i, out[i], v)
		}
		if want := float64(v) * gain[i]; math.Abs(want) <= limiterCeiling && math.Abs(want-float64(out[i])) > 0.6 {
			t.Fatalf("sample %d is %d, want %.1f", i, out[i], want)
		}
		if i >= perMillisecond {
			worstSlope = max(worstSlope, math.Abs(20*math.Log10(gain[i]/gain[i-perMillisecond])))
		}
	}
	if worstSlope > 0.5 {
		t.Fatalf("the gain moves by %.3f dB in a millisecond", worstSlope)
	}
	return worstSlope
}

// tones sums sines of one level in dBov.
func tones(rate, n int, dBov float64, frequencies ...float64) []int32 {
	x := make([]int32, n)
	for _, f := range frequencies {
		add(x, sine(rate, n, dBov, f))
	}
	return x
}

// sine is a sine whose RMS is dBov.
func sine(rate, n int, dBov, f float64) []int16 {
	x := make([]int16, n)
	peak := 32768 * math.Sqrt2 * math.Pow(10, dBov/20)
	for i := range x {
		x[i] = int16(math.Round(peak * math.Sin(2*math.Pi*f*float64(i)/float64(rate))))
	}
	return x
}

// talker is a synthetic voice: a glottal pulse train that wanders in pitch, through two resonances that wander too, in
// syllables. Its level in dBov is that of the syllables (ITU-T P.56 active level); peaks beyond 16 bits are clipped, as a
// phone would.
func talker(rate, n int, dBov float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	pitch := 90 + 130*r.Float64()
	y := make([]float64, n)
	var phase float64
	var s1, s2, t1, t2 float64
	for i := range y {
		at := float64(i) / float64(rate)
		phase += pitch * (1 + 0.1*math.Sin(2*math.Pi*(2+float64(seed%3))*at)) / float64(rate)
		var pulse float64
		if phase >= 1 {
			phase--
			pulse = 1
		}
		pulse += 0.01 * r.NormFloat64()
		f1 := 500 + 250*math.Sin(2*math.Pi*1.3*at+float64(seed))
		f2 := 1500 + 600*math.Sin(2*math.Pi*0.9*at+2*float64(seed))
		a := math.Exp(-math.Pi * 90 / float64(rate))
		v := pulse + 2*a*math.Cos(2*math.Pi*f1/float64(rate))*s1 - a*a*s2
		s1, s2 = v, s1
		w := v + 2*a*math.Cos(2*math.Pi*f2/float64(rate))*t1 - a*a*t2
		t1, t2 = w, t1
		y[i] = w * math.Pow(math.Max(0, math.Sin(2*math.Pi*(3.1+0.2*float64(seed%5))*at+float64(seed))), 0.5)
	}
	var e float64
	active := 0
	for _, v := range y {
		if v != 0 {
			e, active = e+v*v, active+1
		}
	}
	k := 32768 * math.Pow(10, dBov/20) / math.Sqrt(e/float64(active))
	out := make([]int16, n)
	for i, v := range y {
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(v*k))))
	}
	return out
}

func talkers(rate, n int, dBov float64, count int) []int32 {
	x := make([]int32, n)
	for seed := range count {
		add(x, talker(rate, n, dBov, uint64(seed+1)))
	}
	return x
}

func TestLimiterIsTransparentBelowFullScale(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		r := rand.New(rand.NewPCG(1, uint64(rate)))
		mix := make([]int32, rate*2)
		for i := range mix {
			mix[i] = int32(r.IntN(65536) - 32768)
		}
		mix[5], mix[rate] = math.MaxInt16, math.MinInt16
		out, _, limited, _ := limit(rate, mix)
		for i, v := range mix {
			if int32(out[i]) != v {
				t.Fatalf("%d Hz: sample %d is %d, want %d", rate, i, out[i], v)
			}
		}
		if limited != 0 {
			t.Errorf("%d Hz: %d samples limited", rate, limited)
		}
	}
}

func TestLimiterHoldsFiveTalkers(t *testing.T) {
	for rate, seconds := range map[int]int{8000: 10, 48000: 3} {
		n := seconds * rate
		for _, c := range []struct {
			name string
			mix  []int32
			bent float64 // share of samples at most
		}{
			{"five tones at -12 dBov", tones(rate, n, -12, 397, 503, 613, 709, 811), 0.0005},
			{"five voices at -12 dBov", talkers(rate, n, -12, 5), 0.01},
			{"five voices at -18 dBov", talkers(rate, n, -18, 5), 0.002},
			{"nine full-scale tones", tones(rate, n, -3.01, 200, 301, 403, 507, 601, 709, 801, 907, 1009), 0.01},
		} {
			out, gain, limited, bent := limit(rate, c.mix)
			slope := checkLimited(t, rate, c.mix, out, gain)
			if limited == 0 {
				t.Errorf("%s: nothing limited", c.name)
			}
			share := float64(bent) / float64(n)
			t.Logf("%5d Hz, %s: gain below 1 in %4.1f %%, bent %.3f %%, steepest %.3f dB/ms",
				rate, c.name, 100*float64(limited)/float64(n), 100*share, slope)
			if share > c.bent {
				t.Errorf("%d Hz, %s: %.4f of the samples are bent, want at most %.4f", rate, c.name, share, c.bent)
			}
		}
	}
}

func TestLimiterRecovers(t *testing.T) {
	const rate = 8000
	mix := tones(rate, rate, -4, 300, 400) // beyond full scale
	quiet := tones(rate, 2*rate, -30, 500)
	out, gain, _, _ := limit(rate, append(mix, quiet...))
	if lowest := gain[rate-100]; lowest > 0.9 {
		t.Errorf("gain of %.2f under overload", lowest)
	}
	for i := 2 * rate; i < 3*rate; i++ {
		if gain[i] != 1 || int32(out[i]) != quiet[i-rate] {
			t.Fatalf("a second later the gain is %v, sample %d, want %d", gain[i], out[i], quiet[i-rate])
		}
	}
}

func TestLimiterOnsetOutOfReachIsBentNotClipped(t *testing.T) {
	const rate = 8000
	mix := make([]int32, rate)
	for i := rate / 2; i < rate; i++ {
		mix[i] = int32(150000 * math.Sin(2*math.Pi*440*float64(i-rate/2)/rate))
	}
	out, gain, _, bent := limit(rate, mix)
	checkLimited(t, rate, mix, out, gain)
	if bent == 0 || bent > rate/25 { // 13 dB at 0.48 dB/ms take 27 ms; well inside 40
		t.Errorf("%d samples bent", bent)
	}
}

func TestBendIsSmoothAndStaysUnderTheRoof(t *testing.T) {
	before := int64(limiterCeiling)
	for y := int64(limiterCeiling); y < 1<<31; y += 1 + y/1000 {
		v := bend(y)
		if v < before || v >= limiterRoof || v > y || bend(-y) != -v {
			t.Fatalf("bend(%d) = %d after %d", y, v, before)
		}
		before = v
	}
	if v := bend(limiterCeiling + 10); v != limiterCeiling+9 && v != limiterCeiling+10 {
		t.Errorf("slope at the ceiling: %d", v)
	}
}

func TestLimiterStateCanBeCopiedAnywhere(t *testing.T) {
	const rate, frame = 8000, 160
	mix := talkers(rate, rate, -10, 5)
	a, s := newLimiter(rate), newLimiterScratch(rate, frame)
	x, y := make([]int16, frame), make([]int16, frame)
	for at := 0; at+frame <= len(mix); at += frame {
		b := newLimiter(rate)
		b.copyState(&a)
		a.process(x, mix[at:at+frame], &s)
		b.process(y, mix[at:at+frame], &s)
		for i := range x {
			if x[i] != y[i] {
				t.Fatalf("frame at %d: sample %d is %d and %d", at, i, x[i], y[i])
			}
		}
		if !a.sameState(&b) {
			t.Fatalf("frame at %d: states differ after the same input", at)
		}
	}
}

func TestLimiterNoAllocs(t *testing.T) {
	mix := tones(8000, 160, -4, 300, 400)
	l, s, out := newLimiter(8000), newLimiterScratch(8000, 160), make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() { l.process(out, mix, &s) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkLimiterTransparent(b *testing.B) { benchmarkLimiter(b, -20) }
func BenchmarkLimiterLimiting(b *testing.B)    { benchmarkLimiter(b, -4) }

func benchmarkLimiter(b *testing.B, dBov float64) {
	mix := tones(8000, 160, dBov, 300, 400)
	l, s, out := newLimiter(8000), newLimiterScratch(8000, 160), make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		l.process(out, mix, &s)
	}
}
