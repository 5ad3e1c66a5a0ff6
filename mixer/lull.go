package mixer

// lull counts the ticks for which nothing but a background was heard: when two encoders with memory, whose memories are not the same, may
// take each other's place. The decoder in the phone has followed the one and goes on with the other's packets; what it makes of
// them differs from what it should by as much as the two have to remember, and the codecs forget loud sounds within such a time. By
// measurement (TestAnotherEncoderAfterALullIsNotHeard) the difference stays 18 dB below the voice of somebody who speaks at that very
// moment, and with Opus, AMR and GSM near the noise of the codec itself. In the midst of speech it is as loud as the speech with G.722; and
// in digital silence G.722 forgets nothing, so that does not count.
type lull int

// What a background is, mean squares in sample units.
const (
	lullLeast = 68   // -72 dBov
	lullMost  = 4275 // -54 dBov
	lullTicks = 25   // half a second
)

// hear takes the mean square of a tick.
//
// hot path: no allocation, lock, clock or log
func (l *lull) hear(meanSquare int64) {
	if meanSquare < lullLeast || meanSquare > lullMost {
		*l = 0
		return
	}
	*l = min(*l+1, lullTicks)
}

// lasts tells whether it has been one for long enough.
func (l lull) lasts() bool { return l >= lullTicks }
