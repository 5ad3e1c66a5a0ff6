package dtmf

import "math"

// correlator is a band's sine and cosine, in the window.
type correlator struct{ cos, sin [window]float64 }

// The tables are filled before main and never written again.
var (
	hamming  = makeWindow()
	shape    = squares(hamming) // how much each sample counts in the power of the window
	bands    = makeBands()
	floor    = math.Pow(peak(quietest), 2)
	response = makeResponse()
	// weight makes the power of a phasor, the square of its tone's peak, that of the tone in the window.
	weight = sum(shape) / 2
)

func makeWindow() (w [window]float64) {
	for i := range w {
		w[i] = 0.54 - 0.46*math.Cos(2*math.Pi*(float64(i)+0.5)/window)
	}
	return w
}

func squares(w [window]float64) (s [window]float64) {
	for i, v := range w {
		s[i] = v * v
	}
	return s
}

func sum(w [window]float64) (total float64) {
	for _, v := range w {
		total += v
	}
	return total
}

func makeBands() (b [8]correlator) {
	scale := 2 / sum(hamming) // a tone gives its peak
	for k, f := range frequencies {
		for i := range hamming {
			turn := 2 * math.Pi * f * float64(i) / Rate
			b[k].cos[i], b[k].sin[i] = scale*hamming[i]*math.Cos(turn), -scale*hamming[i]*math.Sin(turn)
		}
	}
	return b
}

// correlate gives amplitude and phase of each band.
func (d *Detector) correlate() (p [8]phasor) {
	for k := range bands {
		b := &bands[k]
		var re, im float64
		for i, v := range d.samples {
			re += v * b.cos[i]
			im += v * b.sin[i]
		}
		p[k] = phasor{re, im}
	}
	return p
}

// makeResponse tabulates the power that the window passes of a tone, by how many hertz it is off.
func makeResponse() (r [64]float64) {
	for hz := range r {
		var re, im float64
		for i, w := range hamming {
			turn := 2 * math.Pi * float64(hz) * float64(i) / Rate
			re, im = re+w*math.Cos(turn), im+w*math.Sin(turn)
		}
		r[hz] = (re*re + im*im) / math.Pow(sum(hamming), 2)
	}
	return r
}

func passed(hz float64) float64 { return response[min(int(math.Abs(hz)+0.5), len(response)-1)] }
