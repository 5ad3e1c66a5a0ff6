package mixer

import "math"

// unityGain is a gain of one: gains are Q15.
const unityGain = 1 << 15

// What gains may be, dB. Below the least is silence.
const (
	mostGain  = 12
	leastGain = -45
)

// span is how a gain moves within one tick: in a straight line from one value to another.
type span struct{ from, to int32 }

var (
	unitySpan = span{unityGain, unityGain}
	mutedSpan span
)

// times is the gain of both.
func (s span) times(o span) span {
	if o == unitySpan {
		return s
	}
	return span{product(s.from, o.from), product(s.to, o.to)}
}

func product(a, b int32) int32 { return int32(int64(a) * int64(b) >> 15) }

// fader is a gain that goes where it is set by 6.5 dB a tick at most, which in a straight line is never steeper than 0.5 dB a
// millisecond: 200 ms from unity to silence.
type fader struct{ gain, goal int32 }

const (
	faderStep  = 69_206 // 6.5 dB, Q15
	faderLeast = 33     // -60 dB, from where silence is no step
)

// move gives the gain of the next tick.
//
// hot path: no allocation, lock, clock or log
func (f *fader) move() span {
	from := f.gain
	switch {
	case from < f.goal:
		f.gain = min(f.goal, max(faderLeast, product(from, faderStep)))
	case from > f.goal:
		f.gain = max(f.goal, int32(int64(from)<<15/faderStep))
		if f.gain < faderLeast {
			f.gain = f.goal
		}
	}
	return span{from, f.gain}
}

// set makes the fader go to a gain.
func (f *fader) set(goal int32) { f.goal = goal }

// fixed is a fader at rest.
func fixed(gain int32) fader { return fader{gain, gain} }

// gainOf converts dB, held to what gains may be; what is not above leastGain is silence.
func gainOf(dB float64) int32 {
	if !(dB > leastGain) { // NaN as well
		return 0
	}
	return int32(math.Round(unityGain * math.Pow(10, min(dB, mostGain)/20)))
}
