package receive

import (
	"time"

	"sidetone/jitter"
)

// Stats counts what became of a stream since New. The sample counts are at SampleRate.
type Stats struct {
	Jitter jitter.Stats // its Delay and Target leave out the 3.75 ms of concealment

	Malformed          uint64 // packets that are no RTP, or of an impossible length
	UnknownPayloadType uint64 // packets of a payload type that cannot be decoded
	Events             uint64 // telephone-event packets (RFC 4733)

	Concealed  uint64 // samples made up for audio that did not come
	Shortened  uint64 // samples taken out to lower the delay
	Lengthened uint64 // samples put in to raise it
}

// Discarded is how many packets came and will not be played. hot path: no allocation, lock, clock or log.
func (s *Stream) Discarded() uint64 { return s.buffer.Discarded() }

// Delay is that between the fastest packets and their playout, now and at most, and whether it follows the network. hot path: no
// allocation, lock, clock or log.
func (s *Stream) Delay() (nominal, most time.Duration, adaptive bool) {
	concealing := time.Duration(s.time(s.conceal.Delay()))
	return max(s.buffer.Delay(), 0) + concealing, s.config.Max + concealing, s.config.Mode == jitter.Adaptive
}

// Stats gives a snapshot of the counts.
func (s *Stream) Stats() Stats {
	stats := s.stats
	stats.Jitter = s.buffer.Stats()
	return stats
}
