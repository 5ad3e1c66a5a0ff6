package moh

import "math"

// The resampler's low-pass: flat to 0.425 of the lower rate (3.4 kHz at 8), 80 dB down from half of it on.
const (
	resampleCutoff    = 0.4625 // of the lower rate: the middle of the transition
	resampleCrossings = 34     // zero crossings of the sinc on each side
	resampleBeta      = 7.86   // of the Kaiser window: 80 dB
	resamplePhases    = 256    // at most; between them the taps are interpolated, which is exact to -96 dB
)

// resampler converts a stream of samples from one rate to another by up/down: a windowed sinc in
// `up` phases (Crochiere and Rabiner, Multirate Digital Signal Processing, section 3.3), used when files are loaded.
type resampler struct {
	up, down int
	taps     [][]float64 // [phase][tap], one phase more than there are
	history  []float64   // input from sample index first on
	first    int
	next     int // numerator of the next output's time: next/up input samples
}

func newResampler(from, to int) *resampler {
	g := gcd(from, to)
	r := &resampler{up: to / g, down: from / g}
	if r.up == r.down {
		r.taps = [][]float64{{1}, {1}}
		return r
	}
	low := math.Min(1, float64(to)/float64(from)) // the lower rate, in units of the input rate
	half := int(math.Ceil(resampleCrossings / low))
	cutoff := resampleCutoff * low
	phases := min(r.up, resamplePhases)
	for phase := range phases + 1 {
		taps := make([]float64, 2*half)
		var sum float64
		for k := range taps {
			x := float64(k-half+1) - float64(phase)/float64(phases) // input sample's distance from the output
			taps[k] = 2 * cutoff * sinc(2*cutoff*x) * kaiser(x/float64(half))
			sum += taps[k]
		}
		for k := range taps {
			taps[k] /= sum // exactly unity at 0 Hz in every phase: no tone at the phases' rate
		}
		r.taps = append(r.taps, taps)
	}
	r.history = make([]float64, half-1) // silence before the first sample
	r.first = -(half - 1)
	return r
}

// write takes input and appends to out what it makes possible.
func (r *resampler) write(out []int16, in []float64) []int16 {
	r.history = append(r.history, in...)
	n := len(r.taps[0])
	for {
		base := r.next/r.up - (n/2 - 1)
		if n == 1 {
			base = r.next / r.up
		}
		at := base - r.first
		if at+n > len(r.history) {
			r.history = append(r.history[:0], r.history[at:]...) // at <= len: a step is shorter than the taps
			r.first += at
			return out
		}
		out = append(out, toInt16(r.at(r.history[at:at+n])))
		r.next += r.down
	}
}

// at computes the next output from the input around it.
func (r *resampler) at(x []float64) float64 {
	phases := len(r.taps) - 1
	time := r.next % r.up * phases
	phase, rest := time/r.up, time%r.up
	y := dot(r.taps[phase], x)
	if rest != 0 {
		y += (dot(r.taps[phase+1], x) - y) * float64(rest) / float64(r.up)
	}
	return y
}

func dot(h, x []float64) (y float64) {
	x = x[:len(h)]
	for k := range h {
		y += h[k] * x[k]
	}
	return y
}

// flush ends the input, of which there were n samples, and completes the output to the same duration.
func (r *resampler) flush(out []int16, n int) []int16 {
	out = r.write(out, make([]float64, len(r.taps[0])))
	return out[:min(len(out), (n*r.up+r.down-1)/r.down)]
}

func toInt16(y float64) int16 {
	return int16(max(math.MinInt16, min(math.MaxInt16, math.Round(y))))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the Kaiser window over -1 to 1.
func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel0(resampleBeta * math.Sqrt(1-x*x)) // the taps are scaled afterwards
}

// bessel0 is the modified Bessel function of the first kind and order 0, by its power series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-16; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
