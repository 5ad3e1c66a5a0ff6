package jitter

// source unwraps the sequence numbers and timestamps of a stream into an index and a media time that
// only go on: through a change of SSRC, a jump of the timestamps or a restart of the numbers, the new
// numbers are laid behind the old ones by the time that passed.
type source struct {
	clockRate int64
	unit      int64 // of the clock, ns; 0 when it is not whole

	begun          bool
	ssrc           uint32
	sequenceNumber uint16 // of the newest packet
	timestamp      uint32 // of the newest packet that has a length
	index          int64  // of the newest packet
	media          int64  // of the newest packet that has a length, clock units
	arrival        int64  // of the newest packet
	timedAt        int64  // of the newest packet that has a length
	samples        int64  // length of the newest packet that has one

	// A packet that does not fit: when its successor comes too, the source has changed.
	candidate     bool
	candidateSSRC uint32
	candidateNext uint16
}

func newSource(clockRate int) source {
	s := source{clockRate: int64(clockRate)}
	if second%s.clockRate == 0 {
		s.unit = second / s.clockRate
	}
	return s
}

// What RFC 3550 appendix A.1 calls MAX_DROPOUT and MAX_MISORDER, and our bounds on time.
const (
	maxDropout  = 3000
	maxMisorder = 100
	// maxLeap is how far media time and time on the clock may part between two packets.
	maxLeap = 1000 * millisecond
	// sourceSilent is how long the known source must be silent for another to take over at once.
	sourceSilent = 100 * millisecond
)

// verdict says what place gave a packet.
type verdict uint8

const (
	continues verdict = iota
	breaks            // the first of a new time line
	refused           // does not fit, and may be a stray
)

// place gives the index and the media time of a packet.
func (s *source) place(p *Packet, now int64) (index, media int64, v verdict) {
	if !s.begun {
		s.begun = true
		s.index, s.media = 1<<32, 1<<32 // room for what was sent before and comes later
		s.take(p, now)
		return s.index, s.media, breaks
	}
	step := int64(int16(p.SequenceNumber - s.sequenceNumber))
	leap := int64(int32(p.Timestamp - s.timestamp))
	if p.SSRC == s.ssrc && s.fits(p, step, leap, now) {
		s.candidate = false
		index, media = s.index+step, s.media+leap
		if step > 0 {
			s.index, s.sequenceNumber, s.arrival = index, p.SequenceNumber, now
			if p.Samples > 0 {
				s.media, s.timestamp, s.samples, s.timedAt = media, p.Timestamp, int64(p.Samples), now
			}
		}
		return index, media, continues
	}
	confirmed := s.candidate && s.candidateSSRC == p.SSRC && s.candidateNext == p.SequenceNumber
	silent := now-s.arrival > sourceSilent
	jumped := p.SSRC == s.ssrc && step == 1 // in sequence: only the timestamp is new
	if !confirmed && !silent && !jumped {
		s.candidate, s.candidateSSRC, s.candidateNext = true, p.SSRC, p.SequenceNumber+1
		return 0, 0, refused
	}
	s.candidate = false
	passed := (now - s.timedAt) / millisecond * s.clockRate / 1000
	s.index++
	s.media += max(s.samples, passed)
	s.take(p, now)
	return s.index, s.media, breaks
}

func (s *source) take(p *Packet, now int64) {
	s.ssrc, s.sequenceNumber, s.timestamp = p.SSRC, p.SequenceNumber, p.Timestamp
	s.arrival, s.timedAt = now, now
	if p.Samples > 0 || s.samples == 0 {
		s.samples = max(int64(p.Samples), s.clockRate/100)
	}
}

// fits reports whether a packet can belong to the same time line as the newest one.
func (s *source) fits(p *Packet, step, leap, now int64) bool {
	if step > maxDropout || step < -maxMisorder {
		return false
	}
	if p.Samples == 0 {
		return true // an event's timestamp stays at its start; noise says nothing about time
	}
	if step > 0 && leap < 0 || step < 0 && leap > 0 {
		return false
	}
	// Ahead of the clock: media that cannot have been made yet.
	return s.time(leap)-(now-s.timedAt) < maxLeap
}

// time gives a span of media in nanoseconds.
func (s *source) time(units int64) int64 {
	if s.unit != 0 {
		return units * s.unit
	}
	return units/s.clockRate*second + units%s.clockRate*second/s.clockRate
}
