package cn

import (
	"math"
	"testing"

	"sidetone/codecs/pcm"
)

// octet gives the octet of a reflection coefficient (RFC 3389 section 3.2).
func octet(k float64) byte { return byte(math.Round(k*32768/258) + 127) }

func TestNoiseHasTheLevelThatWasSaid(t *testing.T) {
	for _, tt := range []struct {
		name    string
		payload []byte
		want    float64
	}{
		{"white, -40", []byte{40}, -40},
		{"white, -70", []byte{70}, -70},
		{"low-passed, -40", []byte{40, octet(-0.8)}, -40},
		{"shaped, -50", []byte{50, octet(-0.9), octet(0.6), octet(-0.2), octet(0.1)}, -50},
		{"the reserved bit is ignored", []byte{0x80 | 45}, -45},
	} {
		var g Generator
		g.Update(tt.payload)
		out := make([]int16, 40000)
		g.Generate(out)
		if got := pcm.Level(out[160:]); math.Abs(got-tt.want) > 0.7 {
			t.Errorf("%s: %.2f dBov", tt.name, got)
		}
	}
}

func TestReflectionCoefficientsShapeTheSpectrum(t *testing.T) {
	tilt := func(payload ...byte) float64 {
		var g Generator
		g.Update(payload)
		out := make([]int16, 40000)
		g.Generate(out)
		var same, shifted float64
		for i := 1; i < len(out); i++ {
			same += float64(out[i]) * float64(out[i])
			shifted += float64(out[i]) * float64(out[i-1])
		}
		return shifted / same
	}
	// With one coefficient the correlation of neighbours is its negative: 1/(1 + k/z).
	for _, k := range []float64{-0.9, -0.4, 0, 0.5} {
		if got := tilt(30, octet(k)); math.Abs(got+k) > 0.03 {
			t.Errorf("k %.1f: neighbours correlate by %.3f", k, got)
		}
	}
}

func TestSilenceIsSilent(t *testing.T) {
	for name, payload := range map[string][]byte{"none": nil, "the lowest level": {127}} {
		var g Generator
		g.Update(payload)
		out := make([]int16, 1000)
		g.Generate(out)
		if pcm.Level(out) != pcm.Silent {
			t.Errorf("%s: %.1f dBov", name, pcm.Level(out))
		}
	}
	var zero Generator
	out := []int16{5}
	if zero.Generate(out); out[0] != 0 {
		t.Error("the zero value is not silent")
	}
}

func TestNewDescriptionIsReachedWithoutAStep(t *testing.T) {
	var g Generator
	g.Update([]byte{60})
	out := make([]int16, 8000)
	g.Generate(out)
	g.Update([]byte{40})
	g.Generate(out[:40])
	if level := pcm.Level(out[:40]); level > -41 {
		t.Errorf("the first 5 ms are at %.1f dBov already", level)
	}
	g.Generate(out)
	if level := pcm.Level(out[80:]); math.Abs(level+40) > 0.7 {
		t.Errorf("then %.1f dBov", level)
	}
}

func TestUpdateGenerateNoAllocs(t *testing.T) {
	var g Generator
	payload, out := []byte{40, 100, 120, 130}, make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() { g.Update(payload); g.Generate(out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever is described, the filter stays stable: a quiet description brings quiet.
func FuzzGenerator(f *testing.F) {
	f.Add([]byte{0, 255, 255, 255, 0, 0, 0, 255, 0, 255, 0, 255, 0, 255, 0})
	f.Add([]byte{127})
	f.Fuzz(func(t *testing.T, payload []byte) {
		var g Generator
		out := make([]int16, 160)
		for range 20 {
			g.Update(payload)
			g.Generate(out)
		}
		for _, s := range g.state {
			if math.IsNaN(s) || math.IsInf(s, 0) {
				t.Fatal("the filter is unstable")
			}
		}
		g.Update([]byte{80})
		for range 100 {
			g.Generate(out)
		}
		if level := pcm.Level(out); level > -60 {
			t.Fatalf("%.1f dBov, -80 was said", level)
		}
	})
}

func BenchmarkGenerate(b *testing.B) {
	var g Generator
	g.Update([]byte{40, 100, 120, 130, 127, 127, 120})
	out := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		g.Generate(out)
	}
}
