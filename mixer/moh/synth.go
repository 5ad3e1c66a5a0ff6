package moh

import "math"

// melodyLevel is the RMS level of the built-in melody in dBm0, that of quiet speech.
const melodyLevel = -20

// zerodBm0 is the RMS, in 16-bit sample units, of 0 dBm0: a full-scale sine is +3.14 dBm0 (ITU-T G.711, A-law).
const zerodBm0 = 16140

// instrument is a struck string: harmonics that die away, the higher the sooner.
type instrument struct {
	loudness  float64
	harmonics []float64 // amplitudes
	decay     float64   // seconds to 1/e of the fundamental at A4; lower notes last longer
}

var (
	tuneString  = instrument{1, []float64{1, 0.42, 0.18, 0.10, 0.05}, 0.75}
	chordString = instrument{0.34, []float64{1, 0.30, 0.10, 0.03}, 0.50}
	bassString  = instrument{0.55, []float64{1, 0.60, 0.35, 0.15, 0.08}, 0.60}
)

const (
	attackSeconds  = 0.008 // rise of a note, raised cosine
	releaseSeconds = 0.060 // fall of a note when its time is up
	ringSeconds    = 0.35  // how long a note rings beyond its written length
	detune         = 0.0007
)

// echoes are the reflections of a small room: delays in ms, gains.
var echoes = [...]struct{ delay, gain float64 }{{29, 0.22}, {47, 0.17}, {71, 0.13}, {113, 0.08}, {173, 0.05}}

// Melody returns the built-in melody, synthesised at a rate in Hz: 46 s that go over into themselves, since what rings on
// beyond the end is played at the beginning.
func Melody(rate int) *Track {
	ring := make([]float64, bars*quavers*quaver*rate/1000)
	at := func(bar, q int) int { return (bar*quavers + q) * quaver * rate / 1000 }
	for bar := range bars {
		q := 0
		for _, n := range tune[bar] {
			if n.pitch != 0 {
				tuneString.play(ring, at(bar, q), n.pitch, n.length, rate)
			}
			q += n.length
		}
		for q, pitch := range chords[bar] {
			chordString.play(ring, at(bar, q), pitch, 2, rate)
		}
		for half, pitch := range basses[bar] {
			bassString.play(ring, at(bar, half*quavers/2), pitch, quavers/2, rate)
		}
	}
	return NewTrack("melody", rate, finish(ring, rate))
}

// play adds a note to the ring, around its end.
func (in instrument) play(ring []float64, start, pitch, length, rate int) {
	f := 440 * math.Pow(2, float64(pitch-69)/12)
	n := int((float64(length*quaver)/1000 + ringSeconds) * float64(rate))
	attack, release := attackSeconds*float64(rate), releaseSeconds*float64(rate)
	note := make([]float64, n)
	for h, amplitude := range in.harmonics {
		harmonic := f * float64(h+1)
		if harmonic > 0.42*float64(rate) {
			break
		}
		decay := in.decay * math.Sqrt(440/f) / (1 + 0.6*float64(h))
		// Two strings a hair apart, as in a piano: the beat keeps a long note alive.
		addDecaying(note, harmonic*(1-detune), amplitude*in.loudness/2, decay, rate)
		addDecaying(note, harmonic*(1+detune), amplitude*in.loudness/2, decay, rate)
	}
	for i, v := range note {
		v *= cosineRise(float64(i)/attack) * cosineRise(float64(n-i)/release)
		ring[(start+i)%len(ring)] += v
	}
}

// addDecaying adds a damped sine, made by its two-term recurrence.
func addDecaying(x []float64, f, amplitude, decay float64, rate int) {
	r := math.Exp(-1 / (decay * float64(rate)))
	w := 2 * math.Pi * f / float64(rate)
	a, b := 2*r*math.Cos(w), r*r
	y0, y1 := 0.0, amplitude*r*math.Sin(w) // y(0), y(1)
	for i := range x {
		x[i] += y0
		y0, y1 = y1, a*y1-b*y0
	}
}

func cosineRise(x float64) float64 {
	if x >= 1 {
		return 1
	}
	return 0.5 - 0.5*math.Cos(math.Pi*x)
}

// finish adds the room and brings the piece to its level.
func finish(dry []float64, rate int) []int16 {
	wet := make([]float64, len(dry))
	copy(wet, dry)
	for _, e := range echoes {
		shift := int(e.delay * float64(rate) / 1000)
		for i := range dry {
			wet[(i+shift)%len(wet)] += e.gain * dry[i]
		}
	}
	var power float64
	for _, v := range wet {
		power += v * v
	}
	scale := zerodBm0 * math.Pow(10, melodyLevel/20.0) / math.Sqrt(power/float64(len(wet)))
	out := make([]int16, len(wet))
	for i, v := range wet {
		out[i] = toInt16(v * scale)
	}
	return out
}
