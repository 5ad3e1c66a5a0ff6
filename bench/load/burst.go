package load

import (
	"context"
	"time"
)

// Burst is far more on each of some legs than a phone sends, and then a phone's pace again.
//
//	Rate ┤██████████
//	     │██████████
//	Pace ┤██████████▂▂▂▂▂▂▂▂
//	     └─────────┬───────┬
//	            Length   Watch: when does each leg's first packet of this part come?
type Burst struct {
	Legs          int
	Rate, Pace    int // packets a second on each leg
	Length, Watch time.Duration
}

// Recovery is what came of the part after a burst.
type Recovery struct {
	After *Result
	First []time.Duration // by leg: from the end of the burst to the first packet that was sent and delivered after it; negative = none was
}

// Silent returns how many legs had delivered nothing a time after the burst.
func (r *Recovery) Silent(after time.Duration) (n int) {
	for _, d := range r.First {
		if d < 0 || d > after {
			n++
		}
	}
	return n
}

// Last returns when the last leg flowed again, or all of watch when one did not.
func (r *Recovery) Last(watch time.Duration) (last time.Duration) {
	for _, d := range r.First {
		if d < 0 {
			return watch
		}
		last = max(last, d)
	}
	return last
}

// Burst sends a burst on the first legs and watches them afterwards. What becomes of the burst's own packets is not counted: the
// server may be far beyond its limit.
func (g *Generator) Burst(ctx context.Context, b Burst) (*Recovery, error) {
	if _, err := g.Run(ctx, Step{Rate: b.Legs * b.Rate, Legs: b.Legs, Window: b.Length, abrupt: true}); err != nil {
		return nil, err
	}
	ended := time.Now().UnixNano()
	first := make([]time.Duration, b.Legs)
	for i := range first {
		first[i] = -1
	}
	g.sink.back, g.sink.ended = first, ended
	defer func() { g.sink.back = nil }()
	res, err := g.Run(ctx, Step{Rate: b.Legs * b.Pace, Legs: b.Legs, Window: b.Watch})
	return &Recovery{After: res, First: first}, err
}
