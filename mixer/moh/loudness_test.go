package moh

import (
	"math"
	"testing"
)

// sines joins sines of 1 kHz: pairs of a level in dBFS and fifths of seconds.
func sines(rate int, hz float64, parts ...float64) []int16 {
	var x []int16
	for i := 0; i < len(parts); i += 2 {
		a := 32767 * math.Pow(10, parts[i]/20)
		for range int(parts[i+1] * float64(rate) / 5) { // a fifth: the gates work on averages
			x = append(x, toInt16(a*math.Sin(2*math.Pi*hz*float64(len(x))/float64(rate))))
		}
	}
	return x
}

func TestLoudnessIsThatOfBS1770(t *testing.T) {
	for name, c := range map[string]struct {
		x    []int16
		want float64
	}{
		// BS.1770: a sine of 997 Hz at full scale in one channel is -3.01 LUFS.
		"full scale": {sines(48000, 997, 0, 25), -3.01},
		// EBU Tech 3341, cases 1 to 5, for one channel instead of two: 3 LU less.
		"-23 dBFS":                     {sines(48000, 1000, -23, 20), -26.0},
		"-33 dBFS":                     {sines(48000, 1000, -33, 20), -36.0},
		"quiet ends are gated":         {sines(48000, 1000, -36, 10, -23, 60, -36, 10), -26.0},
		"silent ends are gated":        {sines(48000, 1000, -72, 10, -36, 10, -23, 60, -36, 10, -72, 10), -26.0},
		"one louder in the middle":     {sines(48000, 1000, -26, 20, -20, 20.1, -26, 20), -26.0},
		"shorter than a block":         {sines(48000, 997, 0, 1.25), -3.01},
		"the same at telephone's rate": {sines(8000, 997, 0, 25), -3.01},
	} {
		rate := 48000
		if name == "the same at telephone's rate" {
			rate = 8000
		}
		if got := loudness(c.x, rate, 32768); math.Abs(got-c.want) > 0.12 {
			t.Errorf("%s: %.2f LUFS, want %.2f", name, got, c.want)
		}
	}
	if got := loudness(make([]int16, 48000), 48000, 32768); !math.IsInf(got, -1) {
		t.Errorf("silence: %.1f LUFS", got)
	}
}

func TestEverythingComesToOneLevelAndNothingClips(t *testing.T) {
	impulses := make([]int16, 80000) // loud clicks in near silence: the peak decides
	for i := 0; i < len(impulses); i += 4000 {
		impulses[i] = 16000
	}
	for name, c := range map[string]struct {
		x    []int16 // at the scale of headroom
		want float64 // LUFS; 0 when the peak or the limit of gain decides
	}{
		"loud":    {sines(8000, 1000, -7, 10), targetLoudness},
		"quiet":   {sines(8000, 1000, -50, 10), targetLoudness},
		"faint":   {sines(8000, 1000, -66, 10), -66 + 6 - 3 + mostGain},
		"clicks":  {impulses, 0},
		"silence": {make([]int16, 8000), math.Inf(-1)},
	} {
		level(c.x, 8000)
		var peak float64
		for _, v := range c.x {
			peak = max(peak, math.Abs(float64(v)))
		}
		if peak > 32768*math.Pow(10, mostPeak/20)+1 {
			t.Errorf("%s: peak %.0f", name, peak)
		}
		got := loudness(c.x, 8000, 32768)
		if c.want != 0 && !(got == c.want || math.Abs(got-c.want) < 0.5) {
			t.Errorf("%s: %.1f LUFS, want %.1f", name, got, c.want)
		}
	}
}

func TestTheMelodyIsAtTheTarget(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		if got := loudness(Melody(rate).audio(), rate, 32768); math.Abs(got-targetLoudness) > 1.5 {
			t.Errorf("%d Hz: %.1f LUFS, files are brought to %.0f", rate, got, targetLoudness)
		}
	}
}

func BenchmarkLoudness(b *testing.B) {
	x := sines(8000, 1000, -20, 60)
	b.ReportAllocs()
	for b.Loop() {
		loudness(x, 8000, 32768)
	}
}
