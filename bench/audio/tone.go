package audio

import "math"

// FullScale is the amplitude of a sine at 0 dBFS.
const FullScale = 32767

// Tone is a named frequency: who speaks it, and where it lies in Hz.
type Tone struct {
	Name string  `json:"name"`
	Hz   float64 `json:"hz"`
}

// Voices returns six frequencies in Hz for six parties. They are at least 300 Hz from each other, 20 from
// DTMF and progress tones with their first harmonics, 90 from usual hold tones and off the notes of the
// tempered scale, and no sum or difference up to the third order that distortion makes of them falls
// within 15 Hz of one.
func Voices() [6]float64 { return [6]float64{1027, 1603, 1930, 2282, 2737, 3169} }

// Amplitude converts a level in dBFS to the peak value of a sine.
func Amplitude(dBFS float64) float64 { return FullScale * math.Pow(10, dBFS/20) }

// Oscillator is an endless sine of constant phase advance. The zero value is silence.
type Oscillator struct {
	amplitude, step, phase float64
}

// NewOscillator returns a sine of hz at rate (both in Hz) and level (dBFS). An hz of 0 is silence.
func NewOscillator(hz, dBFS float64, rate int) *Oscillator {
	if hz == 0 {
		return &Oscillator{}
	}
	return &Oscillator{amplitude: Amplitude(dBFS), step: 2 * math.Pi * hz / float64(rate)}
}

// Read fills dst with the next samples.
func (o *Oscillator) Read(dst []int16) {
	for i := range dst {
		dst[i] = int16(math.Round(o.amplitude * math.Sin(o.phase)))
		o.phase += o.step
		if o.phase > 2*math.Pi {
			o.phase -= 2 * math.Pi
		}
	}
}

// Sine returns n samples of a sine of hz at dBFS.
func Sine(hz, dBFS float64, rate, n int) []int16 {
	pcm := make([]int16, n)
	NewOscillator(hz, dBFS, rate).Read(pcm)
	return pcm
}

// Add sums src into dst, sample by sample, limited to int16.
func Add(dst, src []int16) {
	for i := range min(len(dst), len(src)) {
		dst[i] = int16(max(math.MinInt16, min(math.MaxInt16, int(dst[i])+int(src[i]))))
	}
}
