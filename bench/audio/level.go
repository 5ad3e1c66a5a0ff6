package audio

import (
	"math"
	"slices"
	"time"
)

// Silence is the level in dBFS reported for no signal at all.
const Silence = -120.0

// Level returns the level of one frequency in dBFS over the whole of pcm, by the Goertzel recurrence
// under a Hann window. The resolution is about 2·rate/len(pcm) Hz to either side.
func Level(pcm []int16, rate int, hz float64) float64 {
	n := len(pcm)
	if n < 2 {
		return Silence
	}
	coefficient := 2 * math.Cos(2*math.Pi*hz/float64(rate))
	var s1, s2, sum float64
	for i, v := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n))
		sum += w
		s1, s2 = w*float64(v)+coefficient*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coefficient*s1*s2
	return decibel(2 * math.Sqrt(max(0, power)) / sum / FullScale)
}

// RMS returns the level of everything in pcm in dBFS: a lone sine has the same RMS as Level.
func RMS(pcm []int16) float64 {
	if len(pcm) == 0 {
		return Silence
	}
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return decibel(math.Sqrt(2*sum/float64(len(pcm))) / FullScale)
}

// Levels returns the level of one frequency in windows of the given length, one every hop.
func Levels(pcm []int16, rate int, hz float64, window, hop time.Duration) []float64 {
	w, h := samples(window, rate), samples(hop, rate)
	var levels []float64
	for at := 0; at+w <= len(pcm); at += h {
		levels = append(levels, Level(pcm[at:at+w], rate, hz))
	}
	return levels
}

// Duration is the time n samples take at rate.
func Duration(n, rate int) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(rate)
}

func samples(d time.Duration, rate int) int {
	return max(1, int(d*time.Duration(rate)/time.Second))
}

func decibel(ratio float64) float64 {
	if ratio <= 0 {
		return Silence
	}
	return max(Silence, 20*math.Log10(ratio))
}

// median returns the middle of v, which it leaves alone; Silence for nothing.
func median(v []float64) float64 {
	if len(v) == 0 {
		return Silence
	}
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
