package dtmf

import (
	"math"
	"time"
)

// The frequencies of ITU-T Q.23, Hz: rows, then columns.
var frequencies = [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633}

// rows are the keys as they lie.
const rows = "123A456B789C*0#D"

// toneLevel is the level of each of the two tones that are sent, dBm0; the high one is 2 dB stronger, for lines that
// attenuate high frequencies.
const (
	lowLevel  = -9.0
	highLevel = -7.0
)

// Tone makes the two tones of one press, then silence.
type Tone struct {
	low, high   oscillator
	on, at, end int // samples: of the tone, made so far, of tone and pause
	ramp        int // over which it fades in and out, so that it does not click
}

// pause follows each tone, so that the same key twice is heard twice (Q.24: 40 ms).
const pause = 60 * time.Millisecond

// oscillator is a sine, turned on by a complex multiplication a sample.
type oscillator struct{ re, im, cos, sin, amplitude float64 }

func newOscillator(frequency, dBm0 float64, rate int) oscillator {
	turn := 2 * math.Pi * frequency / float64(rate)
	return oscillator{re: 1, cos: math.Cos(turn), sin: math.Sin(turn), amplitude: peak(dBm0)}
}

// peak is that of a sine in samples; a full-scale one is +3.14 dBm0 (ITU-T G.711).
func peak(dBm0 float64) float64 { return 32768 * math.Pow(10, (dBm0-3.14)/20) }

func (o *oscillator) next() float64 {
	o.re, o.im = o.re*o.cos-o.im*o.sin, o.re*o.sin+o.im*o.cos
	return o.im * o.amplitude
}

// NewTone makes the tones of a press at a sample rate in Hz. Flash and characters that are no keys have no tones: they give one that is
// Done.
func NewTone(p Press, rate int) Tone {
	code, ok := Code(p.Key)
	if !ok || p.Key == Flash {
		return Tone{}
	}
	key, _ := Key(code)
	low, high := pair(key)
	samples := func(d time.Duration) int { return int(int64(d) * int64(rate) / int64(time.Second)) }
	on := samples(p.Length())
	return Tone{low: newOscillator(frequencies[low], lowLevel, rate), high: newOscillator(frequencies[high], highLevel, rate),
		on: on, end: on + samples(pause), ramp: samples(2 * time.Millisecond)}
}

// pair gives the places of a key's tones in frequencies.
func pair(key byte) (low, high int) {
	for i := range len(rows) {
		if rows[i] == key {
			return i / 4, 4 + i%4
		}
	}
	return 0, 4
}

// Done tells that tone and pause are over.
func (t *Tone) Done() bool { return t.at >= t.end }

// Read fills dst.
// hot path: no allocation, lock, clock or log.
func (t *Tone) Read(dst []int16) {
	for i := range dst {
		if t.at >= t.on {
			dst[i] = 0
		} else {
			v := t.low.next() + t.high.next()
			if edge := min(t.at, t.on-t.at); edge < t.ramp {
				v *= float64(edge) / float64(t.ramp)
			}
			dst[i] = int16(math.Round(v))
		}
		t.at++
	}
}
