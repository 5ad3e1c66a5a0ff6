package plc

import "math"

// Lengths at 8 kHz, G.711 Appendix I section I.2; a Concealer multiplies them by its rate.
const (
	pitchMin    = 40  // 200 Hz
	pitchMax    = 120 // 66 Hz
	frame       = 80  // 10 ms, the step of the algorithm
	overlapMax  = pitchMax / 4
	correlation = 160 // 20 ms
	historyLen  = 3*pitchMax + overlapMax
	mergeStep   = 32 // 4 ms more of merging for each frame lost
	coarse      = 2  // step of the first search

	minPower = 250 // of the correlated segment, so that silence does not correlate with itself
)

// pitch gives the lag at which the newest 20 ms of the history resemble what went before best, by
// normalised correlation: a search at every second lag and sample, then at every one around the best.
func (c *Concealer) pitch() int {
	s := c.scale
	span, length, step := (pitchMax-pitchMin)*s, correlation*s, coarse*s
	newest := c.past[len(c.past)-length:]
	earlier := c.past[len(c.past)-length-pitchMax*s:]

	best := search(newest, earlier, 0, span, step, length)
	from, to := max(best-(step-1), 0), min(best+(step-1), span)
	return pitchMax*s - search(newest, earlier, from, to, 1, length)
}

// search gives the offset in earlier, from from to to by step, whose segment correlates best with
// newest; every step-th sample is looked at. With step 1 the first of equals wins, else the last.
func search(newest, earlier []float64, from, to, step, length int) (best int) {
	var energy float64
	for i := 0; i < length; i += step {
		energy += earlier[from+i] * earlier[from+i]
	}
	var most float64
	for at := from; ; {
		var sum float64
		for i := 0; i < length; i += step {
			sum += earlier[at+i] * newest[i]
		}
		match := sum / math.Sqrt(max(energy, minPower))
		if at == from || match > most || match == most && step > 1 {
			best, most = at, match
		}
		if at += step; at > to {
			return best
		}
		old, new := earlier[at-step], earlier[at-step+length]
		energy -= old * old
		energy += new * new
	}
}
