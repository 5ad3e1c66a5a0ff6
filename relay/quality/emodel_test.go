package quality

import (
	"math"
	"testing"
	"time"
)

var g711 = ImpairmentOf("PCMA")

func TestRatingWithoutImpairment(t *testing.T) {
	if got := Rating(g711, 0, 0); math.Abs(got-93.2) > 0.05 {
		t.Errorf("R = %.2f, want the default 93.2 of G.107", got)
	}
}

// TestDelayLowersTheRating compares with the straight lines that Cole and Rosenbluth drew through the E-model's delay curve (2001):
// 0.024 d, and 0.11 more for each millisecond over 177.3.
func TestDelayLowersTheRating(t *testing.T) {
	for _, d := range []float64{25, 50, 100, 150, 200, 250, 300, 400} {
		got := Rating(g711, 0, 0) - Rating(g711, 0, time.Duration(d*float64(time.Millisecond)))
		want := 0.024*d + 0.11*max(d-177.3, 0)
		if math.Abs(got-want) > 3.5 {
			t.Errorf("%v ms cost %.1f, want about %.1f", d, got, want)
		}
	}
	last := Rating(g711, 0, 0)
	for d := time.Millisecond; d < 2*time.Second; d += time.Millisecond {
		r := Rating(g711, 0, d)
		if r > last+1e-9 {
			t.Fatalf("at %v the rating rises from %v to %v", d, last, r)
		}
		last = r
	}
}

// TestLossLowersTheRating uses the effective impairment of G.107, 7.5, by hand.
func TestLossLowersTheRating(t *testing.T) {
	for _, c := range []struct {
		codec string
		loss  float64
		want  float64 // Ie,eff
	}{
		{"PCMU", 0, 0}, {"PCMU", 0.01, 3.64}, {"PCMU", 0.05, 15.78}, {"PCMU", 0.20, 42.13}, {"PCMU", 1, 75.94},
		{"G729", 0, 11}, {"g729", 0.05, 28.5}, {"GSM", 0.02, 32.5},
	} {
		if got := Rating(g711, 0, 0) - Rating(ImpairmentOf(c.codec), c.loss, 0); math.Abs(got-c.want) > 0.02 {
			t.Errorf("%s at %v lost: %.2f, want %.2f", c.codec, c.loss, got, c.want)
		}
	}
	if got := Rating(g711, -1, -time.Second); got != Rating(g711, 0, 0) {
		t.Errorf("below nothing: %v", got)
	}
	if got := Rating(ImpairmentOf("GSM"), 7, time.Minute); got != 0 {
		t.Errorf("beyond everything: %v", got)
	}
}

// TestMOS: the points of G.107, table B.1, which rounds up.
func TestMOS(t *testing.T) {
	for _, c := range []struct{ r, mos float64 }{{-5, 1}, {0, 1}, {3, 1}, {50, 2.58}, {60, 3.10}, {70, 3.60}, {80, 4.03}, {90, 4.34}, {93.2, 4.41}, {100, 4.5}, {120, 4.5}} {
		if got := MOS(c.r); math.Abs(got-c.mos) > 0.0065 {
			t.Errorf("MOS of %v is %.3f, want %v", c.r, got, c.mos)
		}
	}
}

func TestDelayEstimate(t *testing.T) {
	if got := Delay(80*time.Millisecond, 5*time.Millisecond); got != 70*time.Millisecond {
		t.Errorf("%v", got)
	}
}
