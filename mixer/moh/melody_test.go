package moh

import (
	"math"
	"testing"
)

func rmsdBm0(x []int16) float64 {
	var e float64
	for _, v := range x {
		e += float64(v) * float64(v)
	}
	return 20 * math.Log10(math.Sqrt(e/float64(len(x)))/zerodBm0)
}

func TestEveryBarOfTheTuneIsFull(t *testing.T) {
	for bar, notes := range tune {
		n := 0
		for _, x := range notes {
			n += x.length
			if x.pitch != 0 && (x.pitch < 60 || x.pitch > 84) {
				t.Errorf("bar %d: pitch %d", bar+1, x.pitch)
			}
		}
		if n != quavers {
			t.Errorf("bar %d has %d quavers", bar+1, n)
		}
	}
}

func TestMelodyLevel(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		m := Melody(rate)
		if m.Rate() != rate || m.Len() != rate*4608/100 {
			t.Fatalf("%d samples at %d Hz", m.Len(), m.Rate())
		}
		x := m.audio()
		if got := rmsdBm0(x); math.Abs(got+20) > 0.1 {
			t.Errorf("%d Hz: %.2f dBm0, want -20", rate, got)
		}
		var peak, sum float64
		for _, v := range x {
			peak = math.Max(peak, math.Abs(float64(v)))
			sum += float64(v)
		}
		if peak > 16384 {
			t.Errorf("%d Hz: peak %.0f, want 6 dB of room", rate, peak)
		}
		if dc := sum / float64(len(x)); math.Abs(dc) > 2 {
			t.Errorf("%d Hz: mean %.1f", rate, dc)
		}
		// Never quiet for long and never sudden: every second within 8 dB of the whole.
		for at := 0; at+rate <= len(x); at += rate / 4 {
			if got := rmsdBm0(x[at : at+rate]); got < -28 || got > -13 {
				t.Errorf("%d Hz: %.1f dBm0 in the second from %.2f s", rate, got, float64(at)/float64(rate))
			}
		}
	}
}

func TestMelodyGoesOverIntoItself(t *testing.T) {
	x := Melody(8000).audio()
	step := func(i int) float64 { return math.Abs(float64(x[(i+1)%len(x)]) - float64(x[i%len(x)])) }
	var largest float64
	for i := range len(x) - 1 {
		largest = math.Max(largest, step(i))
	}
	for i := len(x) - 8; i < len(x)+8; i++ {
		if s := step(i); s > largest/2 {
			t.Errorf("step of %.0f at the seam, the largest within is %.0f", s, largest)
		}
	}
	// What rings on from the last bar is there at the beginning: the first 8 ms are the attack of the
	// first notes, and would be near silent without it.
	if got := rmsdBm0(x[:40]); got < -45 {
		t.Errorf("%.1f dBm0 in the first 5 ms", got)
	}
}

// band returns the power of x between two frequencies, by a plain DFT over 1 s blocks at 1 Hz.
func band(x []int16, rate int, low, high float64) float64 {
	var p float64
	for f := low; f < high; f += 20 {
		var re, im float64
		for i, v := range x {
			a := 2 * math.Pi * f * float64(i) / float64(rate)
			w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(x)))
			re += w * float64(v) * math.Cos(a)
			im += w * float64(v) * math.Sin(a)
		}
		p += re*re + im*im
	}
	return p
}

func TestMelodyLiesInTheTelephoneBand(t *testing.T) {
	x := Melody(8000).audio()
	var voice, below, above float64
	for bar := range 4 {
		part := x[bar*4*23040 : bar*4*23040+1600]
		voice += band(part, 8000, 300, 3400)
		below += band(part, 8000, 20, 300)
		above += band(part, 8000, 3400, 4000)
	}
	if d := 10 * math.Log10(voice/below); d < 3 {
		t.Errorf("300 to 3400 Hz is only %.1f dB above what lies below", d)
	}
	if d := 10 * math.Log10(voice/above); d < 35 {
		t.Errorf("300 to 3400 Hz is only %.1f dB above what lies above", d)
	}
}

func BenchmarkMelody(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Melody(8000)
	}
}
