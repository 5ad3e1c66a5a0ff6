package mixer

import "math"

// What counts as talking. Levels are mean squares in sample units.
const (
	talkLeast     = 10737   // -50 dBov: nothing below it is talk
	talkFloorMost = 170_175 // -38 dBov: the highest that background noise is believed to be
	talkOverFloor = 8       // times (9 dB) what talk is above the background

	talkOnTicks  = 3  // 60 ms of the last talkOnSpan make a talker
	talkOnSpan   = 5  // 100 ms
	talkOffTicks = 20 // 400 ms without make a listener
)

// talkDetector tells speech from background by level. The background is followed quickly down and
// slowly up, and never believed to be loud, so that a steady tone or a long vowel stays talk.
type talkDetector struct {
	talking bool
	level   int64  // mean square, averaged over about 80 ms
	floor   int64  // mean square of the background
	recent  uint32 // a bit for each of the last ticks: loud
	quiet   int    // ticks since the last loud one

	speech, background slowMean // of loud frames, and of those while nobody talks
}

// slowMean is a mean square over some seconds, 0 = of nothing.
type slowMean int64

// take adds a frame.
//
// hot path: no allocation, lock, clock or log
func (m *slowMean) take(meanSquare int64) {
	if *m == 0 {
		*m = slowMean(meanSquare)
	}
	*m += (slowMean(meanSquare) - *m) / 64
}

// dBov gives the mean in dBov, 0 when there is none.
func (m slowMean) dBov() float64 {
	if m == 0 {
		return 0
	}
	return dBov(int64(m))
}

// hear takes the mean square of one frame and tells whether the party began or ceased to talk with it.
//
// hot path: no allocation, lock, clock or log
func (d *talkDetector) hear(meanSquare int64) (turned bool) {
	d.level += (meanSquare - d.level) / 4
	if meanSquare < d.floor {
		d.floor = meanSquare
	} else {
		d.floor = min(talkFloorMost, d.floor+d.floor/128+1) // 1.7 dB a second
	}
	d.recent <<= 1
	d.quiet++
	if meanSquare > max(talkLeast, d.floor*talkOverFloor) {
		d.recent |= 1
		d.quiet = 0
		d.speech.take(meanSquare)
	} else if !d.talking {
		d.background.take(meanSquare)
	}
	before := d.talking
	if d.talking {
		d.talking = d.quiet < talkOffTicks
	} else {
		loud := 0
		for i := range talkOnSpan {
			loud += int(d.recent >> i & 1)
		}
		d.talking = loud >= talkOnTicks
	}
	return d.talking != before
}

// dBov gives the level in dBov, -127 for silence (RFC 6464 section 3).
func (d *talkDetector) dBov() float64 { return dBov(d.level) }

func dBov(meanSquare int64) float64 {
	if meanSquare <= 0 {
		return -127
	}
	return max(-127, 10*math.Log10(float64(meanSquare)/(32768*32768)))
}
