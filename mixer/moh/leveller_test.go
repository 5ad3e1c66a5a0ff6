package moh

import (
	"math"
	"testing"
)

// levelled gives samples to a leveller in frames of 20 ms, and its gain after each.
func levelled(l *Leveller, rate int, x []int16) (out []int16, gains []float64) {
	for n := rate / 50; len(x) >= n; x = x[n:] {
		out = append(out, l.Next(append([]int16(nil), x[:n]...))...)
		gains = append(gains, l.gain)
	}
	return out, gains
}

// music is a chord whose loudness goes up and down by depth dB each four seconds, with peaks as music has them.
func music(rate int, dBFS, depth, seconds float64) []int16 {
	x := make([]int16, int(seconds*float64(rate)))
	for i := range x {
		at := float64(i) / float64(rate)
		a := 32767 * math.Pow(10, (dBFS+depth/2*math.Sin(2*math.Pi*at/4))/20)
		x[i] = toInt16(a / 3 * (math.Sin(2*math.Pi*440*at) + math.Sin(2*math.Pi*554*at) + math.Sin(2*math.Pi*659*at)))
	}
	return x
}

// TestStreamsComeToTheLoudnessOfFiles plays streams of all levels: within seconds each is as loud as files are, or as much louder as is
// allowed.
func TestStreamsComeToTheLoudnessOfFiles(t *testing.T) {
	for name, c := range map[string]struct {
		rate int
		x    []int16
		want float64
	}{
		"quiet":         {16000, music(16000, -40, 6, 20), targetLoudness},
		"loud":          {16000, music(16000, -6, 6, 20), targetLoudness},
		"at the target": {8000, music(8000, -18, 6, 20), targetLoudness},
		"at 48 kHz":     {48000, music(48000, -35, 6, 20), targetLoudness},
		"faint":         {16000, sines(16000, 1000, -60, 100), -60 - 3 + mostGain},
	} {
		out, gains := levelled(NewLeveller(c.rate), c.rate, c.x)
		tail := out[12*c.rate:]
		if got := loudness(tail, c.rate, 32768); math.Abs(got-c.want) > 1 {
			t.Errorf("%s: %.1f LUFS after 12 s, want %.1f", name, got, c.want)
		}
		for i, g := range gains[1:] {
			if step := math.Abs(g - gains[i]); step > levelSlope/50+1e-9 {
				t.Fatalf("%s: the gain goes by %.2f dB in a frame", name, step)
			}
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, g := range gains[len(gains)-400:] { // two swells
			low, high = min(low, g), max(high, g)
		}
		if high-low > 1 {
			t.Errorf("%s: the gain pumps from %.1f to %.1f dB", name, low, high)
		}
	}
}

// TestPausesRaiseNothing has music with pauses, of silence and of noise.
func TestPausesRaiseNothing(t *testing.T) {
	for _, pause := range []float64{-120, -55} {
		x := append(music(8000, -20, 0, 10), sines(8000, 300, pause, 40)...)
		_, gains := levelled(NewLeveller(8000), 8000, x)
		before, after := gains[10*50-1], gains[len(gains)-1]
		if math.Abs(after-before) > 0.5 {
			t.Errorf("a pause of %.0f dBFS: the gain goes from %.1f to %.1f dB", pause, before, after)
		}
	}
}

// TestAnotherStreamIsLevelledAnew: a station that changes to something far softer, or far louder, and another sender.
func TestAnotherStreamIsLevelledAnew(t *testing.T) {
	for _, restart := range []bool{false, true} {
		for _, levels := range [][2]float64{{-8, -35}, {-35, -8}} {
			l := NewLeveller(8000)
			levelled(l, 8000, music(8000, levels[0], 3, 20))
			if restart {
				l.Restart()
			}
			out, _ := levelled(l, 8000, music(8000, levels[1], 3, 40))
			if got := loudness(out[30*8000:], 8000, 32768); math.Abs(got-targetLoudness) > 1.5 {
				t.Errorf("from %.0f to %.0f dBFS: %.1f LUFS after half a minute, want %.0f", levels[0], levels[1], got, targetLoudness)
			}
		}
	}
}

// TestPeaksOfStreamsStayBelowFullScale has a burst at full scale in music that was raised, and one at the very beginning.
func TestPeaksOfStreamsStayBelowFullScale(t *testing.T) {
	burst := sines(8000, 500, 0, 0.5)
	x := append(append(append([]int16(nil), burst...), music(8000, -50, 3, 20)...), burst...)
	out, gains := levelled(NewLeveller(8000), 8000, append(x, music(8000, -50, 3, 5)...))
	for i, v := range out {
		if math.Abs(float64(v)) > 32768*math.Pow(10, mostPeak/20)+1 {
			t.Fatalf("%d at sample %d", v, i)
		}
	}
	if g := gains[20*50]; g < 20 {
		t.Errorf("the soft music is raised by %.1f dB only", g)
	}
}
