package receive

import (
	"time"

	"sidetone/jitter"
)

// How alike two pieces must be (normalised correlation) to be joined by a stretch: a good match at
// first, a poorer one the further the delay is off and the longer no match was found, so that noise
// and music come to the target too.
const (
	goodMatch    = 0.9
	matchPerTime = 0.4 / float64(120*time.Millisecond) // of delay that is off
	matchPerTry  = 0.004

	longestPitch = 100 // Hz, a period long enough for most voices
)

// stretch brings the delay nearer to its target by a pitch period when the audio allows it, and leaves
// at least wanted samples.
func (s *Stream) stretch(now int64, wanted int) {
	if s.filler != concealment || s.concealing() {
		return
	}
	units := s.buffer.Stretch(now, s.time(s.queue.len()))
	if units == 0 {
		return
	}
	off := units * s.rate / s.clock
	match := goodMatch - float64(s.time(max(off, -off)))*matchPerTime - float64(s.tries)*matchPerTry
	q, by := &s.queue, 0
	if off > 0 {
		// Less than a pitch period cannot be put in; a little too much is taken out again.
		most := max(off, s.rate/longestPitch)
		q.samples, by = jitter.Lengthen(q.samples, q.head, min(most, q.room()), s.rate, match)
		s.stats.Lengthened += uint64(by)
	} else {
		s.prefetch(now, wanted)
		q.samples, by = jitter.Shorten(q.samples, q.head, min(-off, q.len()-wanted), s.rate, match)
		s.stats.Shortened += uint64(by)
		by = -by
	}
	s.tries++
	if by != 0 {
		s.tries = 0
		s.heard = max(s.heard+by, 0)
		s.buffer.Stretched(by * s.clock / s.rate)
	}
}

// prefetch decodes packets ahead of their turn so that there is a whole pitch period to spare.
func (s *Stream) prefetch(now int64, wanted int) {
	enough := wanted + jitter.StretchContext(s.rate)
	for s.queue.len() < enough && s.queue.room() >= enough && s.buffer.Ready() {
		s.more(now, 0)
	}
}
