package mixer

import (
	"math"
	"slices"
)

// What the limiter is tuned to. Five talkers at -12 dBov need about 5 dB of it.
const (
	lookAheadMilliseconds = 5    // how long the output lags the mix
	attackPerMillisecond  = 0.48 // dB; the steepest the gain may fall (the bound is 0.5)
	releasePerMillisecond = 0.04 // dB; how fast it comes back: 40 dB a second
	holdMilliseconds      = 25   // how long it stays before: more than a period of any voice

	limiterCeiling = 29204 // -1 dB of full scale: what the gain brings peaks down to
	limiterRoof    = 32600 // what peaks beyond the reach of the gain are bent to stay under
	unity          = 1 << 30
)

// limiter makes 16-bit samples of one mix. While the mix stays within 16 bits the output is the
// mix itself, bit for bit, lookAheadMilliseconds late. Where it goes beyond, the gain is already on its way
// down: it moves along straight lines in dB, never faster than attackPerMillisecond, so that loudness changes and
// waveforms do not. An onset so loud that no such line reaches it in time is bent smoothly into the last dB
// (shape); no sample is clipped. All arithmetic is in integers, so that every machine makes the same samples.
//
//	mix ──► window: │ tail: kept from the last tick │ this tick's mix │
//	                  ◄────────── out ──────────────► ◄─ look-ahead ─►
//	need: backwards through the window, the most gain that a line of the attack's slope allows
//	gain: forwards, min(need), held, released
type limiter struct {
	tail []int32 // the mix of the last look-ahead, not yet out
	gain int64   // Q30, at the last sample that went out
	hold int     // samples until the release may begin
	loud bool    // something in tail is beyond 16 bits
	rate limiterRate
}

// limiterRate is what the tuning comes to at a sampling rate.
type limiterRate struct {
	fall, climb, release int64 // Q30, per sample; climb is 1/fall
	hold, lookAhead      int   // samples
}

// limiterScratch is memory that all limiters of a room share during a tick.
type limiterScratch struct {
	window []int32
	gain   []int64 // need, then what was applied
}

func newLimiter(rate int) limiter {
	perSample := func(dB float64) int64 {
		return int64(math.Round(unity * math.Pow(10, dB/20/float64(rate)*1000)))
	}
	r := limiterRate{
		fall: perSample(-attackPerMillisecond), climb: perSample(attackPerMillisecond),
		release: perSample(releasePerMillisecond), hold: holdMilliseconds * rate / 1000,
		lookAhead: lookAheadMilliseconds * rate / 1000,
	}
	return limiter{tail: make([]int32, r.lookAhead), gain: unity, rate: r}
}

func newLimiterScratch(rate, frame int) limiterScratch {
	n := lookAheadMilliseconds*rate/1000 + frame
	return limiterScratch{window: make([]int32, n), gain: make([]int64, n)}
}

// reset puts the limiter at rest with silence behind it.
func (l *limiter) reset() {
	clear(l.tail)
	l.gain, l.hold, l.loud = unity, 0, false
}

// copyState makes l go on exactly as from would.
func (l *limiter) copyState(from *limiter) {
	copy(l.tail, from.tail)
	l.gain, l.hold, l.loud = from.gain, from.hold, from.loud
}

// resume makes l, at rest, go on with the gain of a limiter of another rate.
func (l *limiter) resume(from *limiter) {
	l.gain = from.gain
	l.hold = from.hold * l.rate.hold / from.rate.hold
}

// sameState tells whether l and with will give the same output for the same input.
func (l *limiter) sameState(with *limiter) bool {
	return l.gain == with.gain && l.hold == with.hold && slices.Equal(l.tail, with.tail)
}

// process limits one frame, which must be longer than the look-ahead, and returns how many samples went
// out with less than unity gain and how many of those were bent.
//
// hot path: no allocation, lock, clock or log
func (l *limiter) process(out []int16, mix []int32, s *limiterScratch) (limited, bent int) {
	if l.gain == unity && !l.loud && l.pass(out, mix) {
		return 0, 0
	}
	window := s.window[:len(l.tail)+len(mix)]
	copy(window, l.tail)
	copy(window[len(l.tail):], mix)
	copy(l.tail, window[len(mix):])
	l.loud = beyond16(l.tail)
	l.need(s.gain, window)
	return l.apply(out, window[:len(mix)], s.gain)
}

// pass puts the mix through as it is, unless something in it is beyond 16 bits; then it returns
// false, and what it wrote to out means nothing.
func (l *limiter) pass(out []int16, mix []int32) bool {
	n := len(mix) - len(l.tail)
	first, rest := out[:len(l.tail)], out[len(l.tail):]
	if !narrow(rest, mix[:n]) || !narrow(first, mix[n:]) { // first is written again
		return false
	}
	narrow(first, l.tail)
	copy(l.tail, mix[n:])
	return true
}

// need fills gain with the most that each sample of the window may have for those after it to be reached.
func (l *limiter) need(gain []int64, window []int32) {
	next := int64(unity)
	for i := len(window) - 1; i >= 0; i-- {
		next = min(unity, next*l.rate.climb>>30)
		if v := int64(window[i]); v > math.MaxInt16 || v < math.MinInt16 {
			next = min(next, limiterCeiling<<30/max(v, -v))
		}
		gain[i] = next
	}
}

// apply moves the gain towards need, sample by sample, and leaves what it applied in gain.
func (l *limiter) apply(out []int16, in []int32, gain []int64) (limited, bent int) {
	g := l.gain
	for i, v := range in {
		need, behind := gain[i], false
		switch {
		case need <= g:
			lowest := g * l.rate.fall >> 30
			behind = need < lowest
			g = max(need, lowest)
			if g < unity {
				l.hold = l.rate.hold
			}
		case l.hold > 0:
			l.hold--
		default:
			g = min(need, g*l.rate.release>>30)
		}
		y := (int64(v)*g + 1<<29) >> 30
		if behind && (y > limiterCeiling || y < -limiterCeiling) {
			y = bend(y)
			bent++
		}
		if g < unity {
			limited++
		}
		gain[i], out[i] = g, int16(y)
	}
	l.gain = g
	return limited, bent
}

// bend maps all that lies beyond the ceiling to between the ceiling and the roof, with a slope of
// one where it begins.
func bend(y int64) int64 {
	const room = limiterRoof - limiterCeiling
	if y < 0 {
		return -bend(-y)
	}
	excess := y - limiterCeiling
	return limiterCeiling + room*excess/(excess+room)
}

// beyond16 tells whether any sample is outside 16 bits.
func beyond16(x []int32) bool {
	var seen uint32
	for _, v := range x {
		seen |= uint32(v+32768) >> 16
	}
	return seen != 0
}
