package plc

import "math"

// Concealer conceals the losses of one stream.
type Concealer struct {
	scale int     // sample rate over 8 kHz
	ring  []int16 // the history
	end   int     // of it in ring, which is where it begins as well

	lost    int       // frames since the last good one
	period  int       // pitch period at the start of the loss
	overlap int       // a quarter of it
	repeat  int       // length of what is repeated: one to three periods
	offset  int       // where in it the next sample is
	past    []float64 // the history when the loss began; its end is what is repeated
	seam    []float64 // the last quarter period before the loss
	ahead   []int16   // the repetition going on beneath what is merged over it
}

// New makes a concealer for a sample rate, a multiple of 8 kHz in Hz.
func New(sampleRate int) *Concealer {
	s := max(sampleRate/8000, 1)
	return &Concealer{
		scale: s,
		ring:  make([]int16, historyLen*s),
		past:  make([]float64, historyLen*s),
		seam:  make([]float64, overlapMax*s),
		ahead: make([]int16, frame*s),
	}
}

// Delay gives how many samples the output lags behind the input.
func (c *Concealer) Delay() int { return overlapMax * c.scale }

// FrameLen gives the samples of the 10 ms step in which losses are counted.
func (c *Concealer) FrameLen() int { return frame * c.scale }

// Concealing reports whether the last frame was a lost one.
func (c *Concealer) Concealing() bool { return c.lost > 0 }

// Faded reports whether concealment has come down to silence.
func (c *Concealer) Faded() bool { return c.lost > fadedAfter }

// fadedAfter is the frames after which a loss is silence.
const fadedAfter = 6

// Good takes received samples, any number, and replaces them by the output, Delay samples older.
// hot path: no allocation, lock, clock or log.
func (c *Concealer) Good(samples []int16) {
	if c.lost > 0 && len(samples) > 0 {
		c.merge(samples)
	}
	for len(samples) > 0 {
		step := samples[:min(len(samples), len(c.ring)-c.Delay())]
		c.push(step)
		samples = samples[len(step):]
	}
}

// Lost fills dst with concealment in steps of 10 ms (a shorter last step counts as a whole one).
// hot path: no allocation, lock, clock or log.
func (c *Concealer) Lost(dst []int16) {
	for len(dst) > 0 {
		step := dst[:min(len(dst), c.FrameLen())]
		c.synthesise(step)
		c.push(step)
		dst = dst[len(step):]
	}
}

// synthesise makes the next step of a loss.
func (c *Concealer) synthesise(out []int16) {
	switch {
	case c.lost == 0:
		c.begin()
		c.repetition(out)
	case c.lost <= 2:
		// Another period joins; the old repetition is faded out over the first quarter period.
		at := c.offset
		c.repetition(c.ahead[:c.overlap])
		for c.offset = at; c.offset > c.period; {
			c.offset -= c.period
		}
		c.repeat += c.period
		c.join()
		c.repetition(out)
		n := min(c.overlap, len(out))
		fade(out[:n], c.ahead[:n])
		c.attenuate(out)
	case c.lost >= fadedAfter:
		clear(out)
	default:
		c.repetition(out)
		c.attenuate(out)
	}
	c.lost = min(c.lost+1, fadedAfter+1)
}

// begin takes the last pitch period of the history as what is repeated, and blends the seam between
// its end and its beginning, in the history too: those samples have not been given out yet.
func (c *Concealer) begin() {
	for i := range c.past {
		c.past[i] = float64(c.ring[c.at(i)])
	}
	c.period = c.pitch()
	c.overlap = c.period / 4
	copy(c.seam, c.past[len(c.past)-c.overlap:])
	c.offset, c.repeat = 0, c.period
	c.join()
	for i := len(c.past) - c.overlap; i < len(c.past); i++ {
		c.ring[c.at(i)] = int16(c.past[i])
	}
}

// at gives where in the ring sample i of the history is, the oldest being 0.
func (c *Concealer) at(i int) int {
	if i += c.end; i >= len(c.ring) {
		i -= len(c.ring)
	}
	return i
}

// join blends the last quarter period before the loss into the quarter period before what is
// repeated, so that its end runs into its beginning.
func (c *Concealer) join() {
	start := len(c.past) - c.repeat - c.overlap
	end := len(c.past) - c.overlap
	step := 1 / float64(c.overlap)
	left, right := 1-step, step
	for i := range c.overlap {
		v := left*c.seam[i] + right*c.past[start+i]
		c.past[end+i] = min(max(v, math.MinInt16), math.MaxInt16)
		left -= step
		right += step
	}
}

// repetition copies what is repeated, round and round.
func (c *Concealer) repetition(out []int16) {
	loop := c.past[len(c.past)-c.repeat:]
	for i := range out {
		out[i] = int16(loop[c.offset])
		if c.offset++; c.offset == len(loop) {
			c.offset = 0
		}
	}
}

// attenuate takes a fifth off the level over 10 ms, continuing from the frame before.
func (c *Concealer) attenuate(out []int16) {
	gain := 1 - float64(c.lost-1)*fadeFrame
	step := fadeFrame / float64(c.FrameLen())
	for i, v := range out {
		out[i] = int16(float64(v) * gain)
		gain -= step
	}
}

const fadeFrame = float64(0.2)

// merge fades the repetition over into the first samples after a loss.
func (c *Concealer) merge(samples []int16) {
	n := min(c.overlap+(c.lost-1)*mergeStep*c.scale, c.FrameLen(), len(samples))
	c.repetition(c.ahead[:n])
	gain := max(1-float64(c.lost-1)*fadeFrame, 0)
	step := 1 / float64(n)
	left, right := (1-step)*gain, step
	for i, v := range c.ahead[:n] {
		samples[i] = clip(left*float64(v) + right*float64(samples[i]))
		left -= step * gain
		right += step
	}
	c.lost = 0
}

// fade fades from over into to.
func fade(to, from []int16) {
	step := 1 / float64(len(to))
	left, right := 1-step, step
	for i := range to {
		to[i] = clip(left*float64(from[i]) + right*float64(to[i]))
		left -= step
		right += step
	}
}

func clip(v float64) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }

// push appends samples, Delay less than the history at most, to the history and replaces them by what is now Delay samples old.
func (c *Concealer) push(samples []int16) {
	from := c.at(len(c.ring) - c.Delay())
	n := copy(c.ring[c.end:], samples)
	copy(c.ring, samples[n:])
	c.end = c.at(len(samples))
	n = copy(samples, c.ring[from:])
	copy(samples[n:], c.ring)
}
