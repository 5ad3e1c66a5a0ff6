package moh

import "math"

// Music is brought to the loudness of speech at the usual level of a telephone network, -26 dBov (ITU-T G.168, P.56), which is
// also that of the built-in melody; more than mostGain is not added, and no sample comes nearer to full scale than mostPeak.
const (
	targetLoudness = -26.0 // LUFS
	mostGain       = 24.0  // dB
	mostPeak       = -1.0  // dBFS
)

// loudness is the gated programme loudness of one channel, ITU-R BS.1770-5 annex 1, in LUFS; 0 dBFS is an amplitude of full. It
// is -Inf when no block of 400 ms is louder than -70 LUFS. Less than one block is measured as a whole.
func loudness(x []int16, rate int, full float64) float64 {
	m := newMeter(rate, full)
	var parts []float64 // mean squares of 100 ms
	for _, v := range x {
		if part, whole := m.take(v); whole {
			parts = append(parts, part)
		}
	}
	if len(parts) < 4 {
		sum, n := m.sum, float64(m.taken)
		for _, p := range parts {
			sum += p * float64(m.hop)
			n += float64(m.hop)
		}
		return gated([]float64{sum / max(n, 1)})
	}
	var blocks []float64 // of 400 ms, three quarters overlapping
	for i := 3; i < len(parts); i++ {
		blocks = append(blocks, (parts[i-3]+parts[i-2]+parts[i-1]+parts[i])/4)
	}
	return gated(blocks)
}

// meter finds the mean square of each 100 ms, weighted as BS.1770 does.
type meter struct {
	pre, rlb biquad
	full     float64 // amplitude of 0 dBFS
	hop      int     // samples in 100 ms
	sum      float64
	taken    int // samples in sum
}

func newMeter(rate int, full float64) *meter {
	m := &meter{full: full, hop: rate / 10}
	m.pre, m.rlb = kWeighting(rate)
	return m
}

// take adds a sample and gives the mean square that it completes.
func (m *meter) take(v int16) (part float64, whole bool) {
	y := m.rlb.filter(m.pre.filter(float64(v) / m.full))
	m.sum += y * y
	if m.taken++; m.taken < m.hop {
		return 0, false
	}
	part = m.sum / float64(m.hop)
	m.sum, m.taken = 0, 0
	return part, true
}

// gated averages the blocks above -70 LUFS, and then those above 10 LU below that average.
func gated(blocks []float64) float64 {
	mean, ok := meanAbove(blocks, power(-70))
	if !ok {
		return math.Inf(-1)
	}
	mean, _ = meanAbove(blocks, max(mean/10, power(-70)))
	return units(mean)
}

func meanAbove(blocks []float64, threshold float64) (mean float64, any bool) {
	var sum, n float64
	for _, b := range blocks {
		if b > threshold {
			sum += b
			n++
		}
	}
	return sum / max(n, 1), n > 0
}

func units(power float64) float64 { return -0.691 + 10*math.Log10(power) }
func power(lufs float64) float64  { return math.Pow(10, (lufs+0.691)/10) }

// level brings samples, which are at the scale of headroom, to the target and returns the gain in dB.
func level(x []int16, rate int) float64 {
	const full = headroom * 32768
	var peak float64
	for _, v := range x {
		peak = max(peak, math.Abs(float64(v))/full)
	}
	gain := 0.0
	if l := loudness(x, rate, full); !math.IsInf(l, -1) {
		gain = min(targetLoudness-l, mostGain)
	}
	if peak > 0 {
		gain = min(gain, mostPeak-20*math.Log10(peak))
	}
	scale := math.Pow(10, gain/20) / headroom
	for i, v := range x {
		x[i] = toInt16(float64(v) * scale)
	}
	return gain
}

// biquad is a second-order filter, transposed direct form II.
type biquad struct{ b0, b1, b2, a1, a2, z1, z2 float64 }

func (q *biquad) filter(x float64) float64 {
	y := q.b0*x + q.z1
	q.z1 = q.b1*x - q.a1*y + q.z2
	q.z2 = q.b2*x - q.a2*y
	return y
}

// kWeighting makes the two filters of BS.1770 for any rate: the analogue prototypes whose bilinear transforms at 48 kHz are
// the recommendation's tables 1 and 2.
func kWeighting(rate int) (shelf, highPass biquad) {
	const shelfHz, shelfQ, shelfDB = 1681.974450955533, 0.7071752369554196, 3.999843853973347
	const passHz, passQ = 38.13547087602444, 0.5003270373238773
	k := math.Tan(math.Pi * shelfHz / float64(rate))
	vh := math.Pow(10, shelfDB/20)
	vb := math.Pow(vh, 0.4996667741545416)
	a0 := 1 + k/shelfQ + k*k
	shelf = biquad{b0: (vh + vb*k/shelfQ + k*k) / a0, b1: 2 * (k*k - vh) / a0, b2: (vh - vb*k/shelfQ + k*k) / a0,
		a1: 2 * (k*k - 1) / a0, a2: (1 - k/shelfQ + k*k) / a0}
	k = math.Tan(math.Pi * passHz / float64(rate))
	a0 = 1 + k/passQ + k*k
	highPass = biquad{b0: 1, b1: -2, b2: 1, a1: 2 * (k*k - 1) / a0, a2: (1 - k/passQ + k*k) / a0}
	return shelf, highPass
}
