package tone

import "math"

// A sine of one turn in Q30, one entry more than a power of two for the interpolation. Linear
// interpolation over 1024 steps is exact to -106 dB, below the rounding to 16 bits.
const (
	sineBits = 10
	fracBits = 32 - sineBits
)

var sineTable = func() (t [1<<sineBits + 1]int32) {
	for i := range t {
		t[i] = int32(math.Round(math.Sin(2*math.Pi*float64(i)/(1<<sineBits)) * (1 << 30)))
	}
	return t
}()

// sine returns the sine of phase (a full turn is 2^32) in Q30.
func sine(phase uint32) int64 {
	i := phase >> fracBits
	frac := int64(phase & (1<<fracBits - 1))
	a, b := int64(sineTable[i]), int64(sineTable[i+1])
	return a + (b-a)*frac>>fracBits
}

// modulationDepth of an amplitude-modulated part. E.180 gives the two frequencies of such tones
// and no depth; at 0.85 the beat is plain and the carrier never vanishes.
const modulationDepth = 0.85

// oscillator makes one Part. Its phases run on while the part is silent, like those of an
// exchange's tone generator behind its interrupter.
type oscillator struct {
	part             Part
	phase, step      uint32
	modPhase, modBy  uint32
	amplitude, depth int64 // peak in sample units, Q14; modulation depth, Q15
}

func newOscillator(p Part, rate int) oscillator {
	o := oscillator{part: p, step: phaseStep(p.Frequency, rate)}
	peak := peakAmplitude(float64(p.Level))
	if p.Modulator != 0 {
		o.modBy = phaseStep(p.Modulator, rate)
		o.depth = int64(math.Round(modulationDepth * (1 << 15)))
		peak /= math.Sqrt(1 + modulationDepth*modulationDepth/2) // the level is that of the whole
	}
	o.amplitude = int64(math.Round(peak * (1 << 14)))
	return o
}

// add adds the part's next samples to acc, in Q14 sample units.
//
// hot path: no allocation, lock, clock or log
func (o *oscillator) add(acc []int64) {
	if o.modBy == 0 {
		for i := range acc {
			acc[i] += sine(o.phase) * o.amplitude >> 30
			o.phase += o.step
		}
		return
	}
	for i := range acc {
		gain := 1<<15 + sine(o.modPhase)*o.depth>>30
		acc[i] += (sine(o.phase) * o.amplitude >> 30) * gain >> 15
		o.phase += o.step
		o.modPhase += o.modBy
	}
}

// skip lets n samples of the part go by unheard.
func (o *oscillator) skip(n int) {
	o.phase += o.step * uint32(n)
	o.modPhase += o.modBy * uint32(n)
}

func phaseStep(frequency, rate int) uint32 {
	return uint32(math.Round(float64(frequency) / float64(rate) * (1 << 32)))
}

// peakAmplitude returns the peak, in 16-bit sample units, of a sine of the given level in dBm0.
// A sine whose peak is full scale, 32768, is +3.14 dBm0 (ITU-T G.711, A-law).
func peakAmplitude(dBm0 float64) float64 {
	return 32768 * math.Pow(10, (dBm0-3.14)/20)
}
