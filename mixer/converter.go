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

// converter takes one stream of frames from one rate to another. Its delay line is behind its input or in front of its output, so that
// between equal rates nothing is copied but the delay:
//
//	equal rates            line: │ late │ input ... │      output: the first frame of line
//	                              ◄── output ──►
//	to a lower rate        line: │ late │ input ... │ ─► resampler ─► other
//	to a higher rate       other ─► resampler ─► line: │ late │ ... │      output: the first frame of line
type converter struct {
	resampler *resample.Resampler // nil between equal rates
	rises     bool                // to a higher rate
	line      []int16             // delay line, then room for a frame; at the higher rate
	late      int                 // samples of the delay line
	other     []int16             // the frame at the lower rate; nil between equal rates
}

// newConverter makes one for frames of one tick, late by so much; with 0 by no more than its filter takes.
func newConverter(from, to int, wait time.Duration) (*converter, error) {
	c := &converter{rises: from < to}
	rate := max(from, to)
	if from != to {
		var err error
		if c.resampler, err = resample.New(from, to); err != nil {
			return nil, err
		}
		c.other = make([]int16, samplesPerTick(min(from, to)))
		wait -= c.resampler.Delay()
	}
	c.late = int((int64(max(wait, 0))*int64(rate) + int64(time.Second)/2) / int64(time.Second))
	c.line = make([]int16, c.late+samplesPerTick(rate))
	return c, nil
}

// samplesPerTick is the length of a frame.
func samplesPerTick(rate int) int { return rate * int(tick/time.Millisecond) / 1000 }

// frame gives the place of the next frame to be converted, one tick long. What convert gave before is lost.
//
// hot path: no allocation, lock, clock or log
func (c *converter) frame() []int16 {
	copy(c.line, c.line[len(c.line)-c.late:])
	if c.rises {
		return c.other
	}
	return c.line[c.late:]
}

// convert gives what becomes of the frame, one tick long, until the next call of frame.
//
// hot path: no allocation, lock, clock or log
func (c *converter) convert() []int16 {
	whole := c.line[:len(c.line)-c.late]
	switch {
	case c.resampler == nil:
	case c.rises:
		c.resampler.Resample(c.line[c.late:], c.other)
	default:
		c.resampler.Resample(c.other, whole)
		return c.other
	}
	return whole
}

// reset forgets the stream.
func (c *converter) reset() {
	clear(c.line)
	if c.resampler != nil {
		c.resampler.Reset()
	}
}

// delayed is what has come in and not gone out.
func (c *converter) delayed() []int16 { return c.line[len(c.line)-c.late:] }

// copyState makes c go on exactly as from, of the same rates, would.
func (c *converter) copyState(from *converter) {
	copy(c.delayed(), from.delayed())
	if c.resampler != nil {
		c.resampler.CopyState(from.resampler)
	}
}

// sameState tells whether c and with will make the same samples of the same samples.
func (c *converter) sameState(with *converter) bool {
	return slices.Equal(c.delayed(), with.delayed()) && (c.resampler == nil || c.resampler.SameState(with.resampler))
}
