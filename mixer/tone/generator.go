package tone

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// edgeMilliseconds is the length of the raised-cosine rise and fall of a sound: long enough that
// nothing clicks, short enough for the cadence tolerances of ITU-T E.180.
const edgeMilliseconds = 5

// chunk is how many samples Read makes at once; it bounds the scratch memory.
const chunk = 256

// Generator plays a cadence. It implements mixer.Source. It is used from one goroutine.
type Generator struct {
	// immutable after NewGenerator
	segments []timedSegment // the first round, then the repeated round where that differs
	again    int            // where to go on after the last segment; len(segments) = the end
	rise     []int64        // Q15; a fall reads it backwards

	// where Read has come to
	oscillators  []oscillator
	index, at    int  // the segment and the samples of it that were played
	rises, falls bool // whether the segment has edges
	acc          [chunk]int64
}

// timedSegment is a Segment in samples.
type timedSegment struct {
	parts  []int // indices into oscillators
	length int   // samples; -1 = for ever
	edge   int   // samples of the rise, and of the fall
}

// NewGenerator returns a generator of the cadence at a sampling rate of 8000 Hz or more.
func NewGenerator(c Cadence, rate int) (*Generator, error) {
	if rate < 8000 || rate > 192000 {
		return nil, fmt.Errorf("tone %q: sampling rate %d Hz is not between 8000 and 192000", c, rate)
	}
	if c.IsZero() {
		return nil, errors.New("tone: empty cadence")
	}
	g := &Generator{rise: riseOf(edgeMilliseconds * rate / 1000)}
	for _, s := range c.segments {
		g.segments = append(g.segments, g.timed(s, rate))
	}
	if slices.ContainsFunc(c.segments, func(s Segment) bool { return s.Once }) {
		g.again = len(g.segments)
		for i, s := range c.segments {
			if !s.Once {
				g.segments = append(g.segments, g.segments[i])
			}
		}
	}
	g.rises, g.falls = true, !g.joins(0, g.following(0))
	return g, nil
}

func (g *Generator) timed(s Segment, rate int) timedSegment {
	t := timedSegment{length: s.Milliseconds * rate / 1000, edge: len(g.rise)}
	if s.Milliseconds == 0 {
		t.length = -1
	} else {
		t.edge = min(t.edge, t.length/2)
	}
	for _, p := range s.Parts {
		i := slices.IndexFunc(g.oscillators, func(o oscillator) bool { return o.part == p })
		if i < 0 {
			i = len(g.oscillators)
			g.oscillators = append(g.oscillators, newOscillator(p, rate))
		}
		t.parts = append(t.parts, i)
	}
	return t
}

func riseOf(n int) []int64 {
	rise := make([]int64, n)
	for i := range rise {
		x := (float64(i) + 0.5) / float64(n)
		rise[i] = int64(math.Round((0.5 - 0.5*math.Cos(math.Pi*x)) * (1 << 15)))
	}
	return rise
}

// Ended tells whether a cadence with an end has been played out; Read gives silence from then on.
func (g *Generator) Ended() bool { return g.index >= len(g.segments) }

// Read fills dst with the next samples, silence after the end.
//
// hot path: no allocation, lock, clock or log
func (g *Generator) Read(dst []int16) {
	for len(dst) > 0 && !g.Ended() {
		s := &g.segments[g.index]
		n := min(len(dst), chunk)
		if s.length >= 0 {
			n = min(n, s.length-g.at)
		}
		g.play(dst[:n], s)
		dst = dst[n:]
		if s.length >= 0 {
			if g.at += n; g.at == s.length {
				g.enterNext()
			}
		} else if g.at < s.edge {
			g.at += n // only the rise counts in a segment without an end
		}
	}
	clear(dst)
}

// play makes the next len(dst) samples of segment s.
func (g *Generator) play(dst []int16, s *timedSegment) {
	acc := g.acc[:len(dst)]
	clear(acc)
	for i := range g.oscillators {
		if slices.Contains(s.parts, i) {
			g.oscillators[i].add(acc)
		} else {
			g.oscillators[i].skip(len(dst))
		}
	}
	g.shape(acc, s)
	for i, v := range acc {
		dst[i] = int16(max(math.MinInt16, min(math.MaxInt16, (v+1<<13)>>14)))
	}
}

// shape applies the rise and the fall of segment s to the samples that lie in them.
func (g *Generator) shape(acc []int64, s *timedSegment) {
	if len(s.parts) == 0 {
		return
	}
	if g.rises {
		for i := 0; i < len(acc) && g.at+i < s.edge; i++ {
			acc[i] = acc[i] * g.rise[(g.at+i)*len(g.rise)/s.edge] >> 15
		}
	}
	if g.falls && s.length >= 0 {
		for i := max(0, s.length-s.edge-g.at); i < len(acc); i++ {
			acc[i] = acc[i] * g.rise[(s.length-1-g.at-i)*len(g.rise)/s.edge] >> 15
		}
	}
}

// enterNext goes on to the following segment; where both sound the same there is no edge between.
func (g *Generator) enterNext() {
	before := g.index
	g.index, g.at = g.following(before), 0
	if !g.Ended() {
		g.rises = !g.joins(before, g.index)
		g.falls = !g.joins(g.index, g.following(g.index))
	}
}

// following returns the index of the segment after i; len(segments) is the end.
func (g *Generator) following(i int) int {
	if i++; i == len(g.segments) {
		return g.again
	}
	return i
}

func (g *Generator) joins(i, j int) bool {
	return j < len(g.segments) && slices.Equal(g.segments[i].parts, g.segments[j].parts)
}
