package audio

import (
	"math"
	"slices"
	"time"
)

// Heard is one tone in a recording.
type Heard struct {
	Tone
	Level    float64 `json:"level"`    // dBFS over the whole recording
	Usual    float64 `json:"usual"`    // dBFS, the median of its 20 ms windows: holes do not lower it
	Min      float64 `json:"min"`      // dBFS, lowest and highest of its 200 ms windows
	Max      float64 `json:"max"`      //
	Gap      Gap     `json:"gap"`      // the longest
	Presence float64 `json:"presence"` // the part of the 20 ms windows within 6 dB of the usual level
}

// Hearing is what one party heard.
type Hearing struct {
	Length   time.Duration `json:"length"`
	Total    float64       `json:"total"`    // dBFS of everything
	Residual float64       `json:"residual"` // dBFS of what none of the tones explains
	Tones    []Heard       `json:"tones"`    // in the order asked for
}

// floor is the level in dBFS under which a tone counts as absent.
const floor = -60.0

// Listen judges a recording for each of the tones.
func Listen(pcm []int16, rate int, tones []Tone) Hearing {
	h := Hearing{Length: Duration(len(pcm), rate), Total: RMS(pcm)}
	var hz []float64
	for _, t := range tones {
		hz = append(hz, t.Hz)
		long := Levels(pcm, rate, t.Hz, 200*time.Millisecond, 100*time.Millisecond)
		if len(long) == 0 {
			long = []float64{Level(pcm, rate, t.Hz)}
		}
		short := Levels(pcm, rate, t.Hz, gapWindow, gapHop)
		usual, present := median(short), 0
		for _, level := range short {
			if level >= max(floor, usual-gapDepth) {
				present++
			}
		}
		h.Tones = append(h.Tones, Heard{
			Tone:     t,
			Level:    Level(pcm, rate, t.Hz),
			Usual:    usual,
			Min:      slices.Min(long),
			Max:      slices.Max(long),
			Gap:      Longest(Gaps(pcm, rate, t.Hz, floor)),
			Presence: float64(present) / float64(max(1, len(short))),
		})
	}
	h.Residual = Residual(pcm, rate, hz)
	return h
}

// Named returns the tone of that name, with a level of Silence when it was not asked for.
func (h Hearing) Named(name string) Heard {
	for _, t := range h.Tones {
		if t.Name == name {
			return t
		}
	}
	return Heard{Level: Silence, Usual: Silence, Min: Silence, Max: Silence}
}

// Spread returns the difference in dB between the loudest and the softest of the named tones.
func (h Hearing) Spread(names ...string) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, name := range names {
		level := h.Named(name).Usual
		low, high = min(low, level), max(high, level)
	}
	if len(names) == 0 {
		return 0
	}
	return high - low
}
