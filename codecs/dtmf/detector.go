package dtmf

import (
	"math"
	"time"
)

// Rate is the sample rate that a Detector works at, Hz.
const Rate = 8000

// The detector looks at 20 ms through a Hamming window, every 5 ms:
//
//	tones of 40 ms      ────████████████████────
//	windows             ▁▂▅███▅▂▁
//	                      ▁▂▅███▅▂▁ ...             at least 4 lie wholly within 40 ms, at most 1 within 23 ms
//
// In each of the eight bands the window gives amplitude and phase; the phase's advance from window to window gives the
// frequency to a fraction of a hertz, which a window this short could not tell from its amplitude.
const (
	window = 160
	hop    = 40
)

// What is a key (ITU-T Q.24, and what is usual beyond it). Levels are those of one tone.
const (
	quietest     = -40.0 // dBm0
	twistOver    = 5.0   // dB that the high tone may be above the low one; 4 must be accepted
	twistUnder   = 9.5   // and below it; 8 must be accepted
	purity       = 0.83  // share of the two tones in the power of the window; 15 dB of noise leave 0.97
	tolerance    = 0.025 // of the frequency; 1.5 % must be accepted and 3.5 % refused
	steady       = 0.5   // of the power at its highest, while a key begins: windows at the edges of a tone have less
	present      = 0.1   // of it, while a key goes on
	hitsToStart  = 5     // windows
	missesToStop = 8
)

// Detector finds keys in the voice. It belongs to one stream at Rate; the zero value is not ready, use NewDetector.
type Detector struct {
	samples [window]float64 // the newest window
	fill    int             // of the last hop
	before  [8]phasor       // of the window before

	key    byte // that is heard now, 0 = none
	told   bool
	hits   int
	misses int
	top    float64 // highest power since key began
}

// phasor is amplitude and phase of a band.
type phasor struct{ re, im float64 }

func (p phasor) power() float64 { return p.re*p.re + p.im*p.im }

// NewDetector makes the detector of a stream that begins after silence.
func NewDetector() *Detector { return &Detector{} }

// Latency is how long after its beginning a key is reported at most.
const Latency = 45 * time.Millisecond

// Write takes samples, any number of them, and reports the presses that are heard in them, each once, while the key is down. found must not
// keep anything.
// hot path: no allocation, lock, clock or log.
func (d *Detector) Write(pcm []int16, found func(Press)) {
	for len(pcm) > 0 {
		n := min(hop-d.fill, len(pcm))
		at := window - hop + d.fill
		for i, v := range pcm[:n] {
			d.samples[at+i] = float64(v)
		}
		pcm, d.fill = pcm[n:], d.fill+n
		if d.fill < hop {
			return
		}
		d.fill = 0
		if key, ok := d.look(); ok {
			found(Press{Key: key})
		}
		copy(d.samples[:], d.samples[hop:])
	}
}

// look judges a window and reports a key when it has been heard for long enough.
func (d *Detector) look() (byte, bool) {
	key, power := d.hear()
	if d.told {
		if key == d.key && power >= present*d.top {
			d.misses = 0
			return 0, false
		}
		if d.misses++; d.misses < missesToStop {
			return 0, false
		}
		d.told, d.key = false, 0
	}
	switch {
	case key == 0:
		d.key = 0
		return 0, false
	case key != d.key || power < steady*d.top:
		d.key, d.hits, d.top = key, 0, 0
	case power*steady > d.top:
		d.hits = 0 // what came before was the tone's edge
	}
	d.top = max(d.top, power)
	if d.hits++; d.hits < hitsToStart {
		return 0, false
	}
	d.told, d.misses = true, 0
	return key, true
}

// hear is the key in a window and the power of its tones; 0 when there is none.
func (d *Detector) hear() (key byte, power float64) {
	var total float64
	for i, v := range d.samples {
		total += v * v * shape[i]
	}
	if total < floor*weight { // not one tone would be loud enough
		d.before = [8]phasor{}
		return 0, 0
	}
	now := d.correlate()
	before := d.before
	d.before = now
	low, high := strongest(now[:4]), 4+strongest(now[4:])
	a, b := now[low].power(), now[high].power()
	if a < floor || b < floor || a > b*ratio(twistUnder) || b > a*ratio(twistOver) {
		return 0, 0
	}
	offLow, ok := offset(before[low], now[low], frequencies[low])
	if !ok {
		return 0, 0
	}
	offHigh, ok := offset(before[high], now[high], frequencies[high])
	if !ok {
		return 0, 0
	}
	// The window passes less of a tone that is off the middle of its band.
	a, b = a/passed(offLow), b/passed(offHigh)
	if (a+b)*weight < purity*total {
		return 0, 0
	}
	return rows[low*4+high-4], a + b
}

// strongest is the band with most power.
func strongest(bands []phasor) int {
	best := 0
	for i := range bands {
		if bands[i].power() > bands[best].power() {
			best = i
		}
	}
	return best
}

// offset is by how many hertz a tone is off its band's middle, and whether that is within tolerance.
func offset(before, now phasor, frequency float64) (hz float64, ok bool) {
	turn := math.Atan2(now.im*before.re-now.re*before.im, now.re*before.re+now.im*before.im)
	turn -= math.Mod(2*math.Pi*frequency*hop/Rate, 2*math.Pi)
	turn = math.Remainder(turn, 2*math.Pi)
	hz = turn / (2 * math.Pi) * Rate / hop
	return hz, math.Abs(hz) <= tolerance*frequency
}

func ratio(dB float64) float64 { return math.Pow(10, dB/10) }
