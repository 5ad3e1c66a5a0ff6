package tone

import (
	"math"
	"testing"
)

// render reads n samples in 20 ms frames.
func render(t testing.TB, cadence string, rate, n int) []int16 {
	t.Helper()
	c, err := Parse(cadence)
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGenerator(c, rate)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int16, n)
	for at := 0; at < n; at += rate / 50 {
		g.Read(out[at:min(n, at+rate/50)])
	}
	return out
}

// level returns the level of frequency f in x in dBm0, by correlation over the whole of x.
func level(x []int16, f float64, rate int) float64 {
	var re, im float64
	for i, v := range x {
		a := 2 * math.Pi * f * float64(i) / float64(rate)
		re += float64(v) * math.Cos(a)
		im += float64(v) * math.Sin(a)
	}
	return 20*math.Log10(2*math.Hypot(re, im)/float64(len(x))/32768) + 3.14
}

func rmsLevel(x []int16) float64 {
	var e float64
	for _, v := range x {
		e += float64(v) * float64(v)
	}
	return 10*math.Log10(2*e/float64(len(x))/32768/32768) + 3.14
}

func TestLevelAndFrequencyAreExact(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		x := render(t, "350@-13+440@-20", rate, rate*2)[rate:] // a whole number of periods of both
		for f, want := range map[float64]float64{350: -13, 440: -20} {
			if got := level(x, f, rate); math.Abs(got-want) > 0.02 {
				t.Errorf("%d Hz sampling: %g Hz at %.3f dBm0, want %g", rate, f, got, want)
			}
		}
		residue := rmsLevel(without(x, rate, 350, 440))
		if residue > -80 {
			t.Errorf("%d Hz sampling: what is not the two tones is at %.1f dBm0, want below -80", rate, residue)
		}
	}
}

// without takes the frequencies fs out of x, which must hold whole periods of each.
func without(x []int16, rate int, fs ...float64) []int16 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	for _, f := range fs {
		var re, im float64
		for i, v := range x {
			a := 2 * math.Pi * f * float64(i) / float64(rate)
			re += float64(v) * math.Cos(a)
			im += float64(v) * math.Sin(a)
		}
		n := float64(len(x))
		for i := range y {
			a := 2 * math.Pi * f * float64(i) / float64(rate)
			y[i] -= 2 / n * (re*math.Cos(a) + im*math.Sin(a))
		}
	}
	out := make([]int16, len(x))
	for i := range out {
		out[i] = int16(math.Round(y[i]))
	}
	return out
}

func TestModulatedPartHasTheStatedLevel(t *testing.T) {
	x := render(t, "400*25@-15", 8000, 16000)[8000:]
	if got := rmsLevel(x); math.Abs(got+15) > 0.05 {
		t.Errorf("400*25@-15: %.2f dBm0", got)
	}
	carrier, side := level(x, 400, 8000), level(x, 425, 8000)
	if d := carrier - side; math.Abs(d-20*math.Log10(2/modulationDepth)) > 0.1 {
		t.Errorf("side band %.2f dB below the carrier", d)
	}
}

func TestCadenceIsSampleExact(t *testing.T) {
	const rate = 8000
	x := render(t, "480+620/500,0/300", rate, rate*4)
	for i, v := range x {
		at := i % (rate * 800 / 1000)
		if at >= rate*500/1000 && v != 0 {
			t.Fatalf("sample %d is %d in the silence", i, v)
		}
	}
	for round := range 5 {
		on := x[round*6400 : round*6400+4000]
		if got := rmsLevel(on[80:3920]); math.Abs(got+15) > 0.3 {
			t.Errorf("round %d at %.2f dBm0, want -15", round, got)
		}
	}
}

func TestEdgesAreSmooth(t *testing.T) {
	// A hard edge steps by up to the whole amplitude; a sine of 425 Hz by at most 0.33 of it, and a
	// raised cosine over 5 ms adds almost nothing to that.
	const rate = 8000
	x := render(t, "425@0/500,0/250,1000@0/100,425@0/100", rate, rate*3)
	bound := 2 * math.Pi * 1000 / rate * peakAmplitude(0) * 1.02
	for i := 1; i < len(x); i++ {
		if step := math.Abs(float64(x[i]) - float64(x[i-1])); step > bound {
			t.Fatalf("step of %.0f at sample %d, bound %.0f", step, i, bound)
		}
	}
	if peak := x[0]; peak > 100 || peak < -100 {
		t.Errorf("first sample %d", peak)
	}
	if x[3999] > 200 || x[3999] < -200 {
		t.Errorf("last sample of the sound %d", x[3999])
	}
}

func TestPhaseIsContinuousAcrossSegments(t *testing.T) {
	const rate = 8000
	whole := render(t, "440@-6", rate, rate)
	for _, cadence := range []string{"440@-6/100,440@-6/37", "440@-6/10", "!440@-6/33,440@-6/100", "!440@-6/20,440@-6"} {
		x := render(t, cadence, rate, rate)
		for i := range x {
			if x[i] != whole[i] {
				t.Fatalf("%s differs from a continuous tone at sample %d: %d, %d", cadence, i, x[i], whole[i])
			}
		}
	}
}

func TestFrameSizeDoesNotMatter(t *testing.T) {
	c, _ := Parse("!(350+440/100,0/100)*3,480*20/33,620/11,0/7")
	a, _ := NewGenerator(c, 8000)
	b, _ := NewGenerator(c, 8000)
	x, y := make([]int16, 24000), make([]int16, 24000)
	a.Read(x)
	for at, n := 0, 1; at < len(y); at, n = at+n, n%173+1 {
		b.Read(y[at:min(len(y), at+n)])
	}
	for i := range x {
		if x[i] != y[i] {
			t.Fatalf("sample %d: %d in one read, %d in many", i, x[i], y[i])
		}
	}
}

func TestOnceSegmentsAreHeardOnce(t *testing.T) {
	x := render(t, "!1000/100,!0/100,500/100,0/100", 8000, 8000)
	loud := func(fromMs int, f float64) bool {
		at := fromMs * 8
		return level(x[at+80:at+720], f, 8000) > -20
	}
	for at, want := range map[int]float64{0: 1000, 200: 500, 400: 500, 600: 500, 800: 500} {
		if !loud(at, want) || loud(at, 1500-want) {
			t.Errorf("at %d ms: not %g Hz alone", at, want)
		}
	}
}

func TestEndedIsFollowedBySilence(t *testing.T) {
	c, _ := Parse("!(440/100,0/100)*3")
	g, _ := NewGenerator(c, 8000)
	x := make([]int16, 160)
	for frame := range 40 {
		if ended := g.Ended(); ended != (frame >= 30) {
			t.Fatalf("frame %d: ended %v", frame, ended)
		}
		g.Read(x)
		if frame >= 30 {
			for _, v := range x {
				if v != 0 {
					t.Fatal("sound after the end")
				}
			}
		}
	}
}

func TestNewGeneratorErrors(t *testing.T) {
	c, _ := Parse("440")
	for _, rate := range []int{0, -1, 7999, 192001} {
		if _, err := NewGenerator(c, rate); err == nil {
			t.Errorf("rate %d accepted", rate)
		}
	}
	if _, err := NewGenerator(Cadence{}, 8000); err == nil {
		t.Error("empty cadence accepted")
	}
}

func TestLoudestSumIsClippedNotWrapped(t *testing.T) {
	const rate = 8000
	x := render(t, "500@3+1100@3", rate, rate)
	clipped := 0
	for i := 40; i < len(x); i++ {
		at := 2 * math.Pi * float64(i) / rate
		want := peakAmplitude(3) * (math.Sin(500*at) + math.Sin(1100*at))
		if math.Abs(want) > 32768 {
			clipped++
		}
		want = math.Max(math.MinInt16, math.Min(math.MaxInt16, want))
		if math.Abs(float64(x[i])-want) > 2 {
			t.Fatalf("sample %d is %d, want %.0f", i, x[i], want)
		}
	}
	if clipped == 0 {
		t.Error("nothing was loud enough to clip")
	}
}

func TestReadNoAllocs(t *testing.T) {
	c, _ := Parse("!440/7,350+440/100,400*25/33,0/55")
	g, _ := NewGenerator(c, 8000)
	x := make([]int16, 160)
	if n := testing.AllocsPerRun(1000, func() { g.Read(x) }); n != 0 {
		t.Errorf("%v allocations a Read", n)
	}
}

func BenchmarkRead(b *testing.B) {
	c, _ := Parse("480+620/500,0/500")
	g, _ := NewGenerator(c, 8000)
	x := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		g.Read(x)
	}
}
