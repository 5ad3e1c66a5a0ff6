package mixer

import (
	"slices"
	"time"

	"sidetone/codecs/resample"
)

// conversion is how late a converter is, whatever its rates: what the longest filter needs (48 to 8 kHz, 1.98 ms),
// and between equal rates as much. So a voice has the same way through a room of any rate, and a room that changes its
// rate moves nothing in time.
const conversion = 2 * time.Millisecond

// converter takes one stream of frames from one rate to another.
type converter struct {
	resampler *resample.Resampler // nil between equal rates
	before    bool                // the delay line is in front of the resampler, at the higher rate
	line      []int16             // delay line, then room for a frame
	late      int                 // samples of the delay line
}

// newConverter makes one for frames of one tick, late by so much; with 0 by no more than its filter takes.
func newConverter(from, to int, wait time.Duration) (*converter, error) {
	c := &converter{before: from > to}
	rate := max(from, to)
	if from != to {
		var err error
		if c.resampler, err = resample.New(from, to); err != nil {
			return nil, err
		}
		wait -= c.resampler.Delay()
	}
	c.late = int((int64(max(wait, 0))*int64(rate) + int64(time.Second)/2) / int64(time.Second))
	c.line = make([]int16, c.late+samplesPerTick(rate))
	return c, nil
}

// samplesPerTick is the length of a frame.
func samplesPerTick(rate int) int { return rate * int(tick/time.Millisecond) / 1000 }

// convert fills dst, one tick long at the rate it goes to, from src, one tick long at the other.
//
// hot path: no allocation, lock, clock or log
func (c *converter) convert(dst, src []int16) {
	switch {
	case c.resampler == nil:
		n := len(dst) - c.late
		copy(dst, c.line[:c.late])
		copy(dst[c.late:], src[:n])
		copy(c.line, src[n:])
	case c.before:
		copy(c.line[c.late:], src)
		c.resampler.Resample(dst, c.line[:len(src)])
		copy(c.line, c.line[len(src):])
	default:
		c.resampler.Resample(c.line[c.late:], src)
		copy(dst, c.line)
		copy(c.line, c.line[len(dst):])
	}
}

// reset forgets the stream.
func (c *converter) reset() {
	clear(c.line[:c.late])
	if c.resampler != nil {
		c.resampler.Reset()
	}
}

// copyState makes c go on exactly as from, of the same rates, would.
func (c *converter) copyState(from *converter) {
	copy(c.line, from.line[:from.late])
	if c.resampler != nil {
		c.resampler.CopyState(from.resampler)
	}
}

// sameState tells whether c and with will make the same samples of the same samples.
func (c *converter) sameState(with *converter) bool {
	return slices.Equal(c.line[:c.late], with.line[:with.late]) && (c.resampler == nil || c.resampler.SameState(with.resampler))
}
