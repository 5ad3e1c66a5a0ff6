package dtmf

import "time"

// Sender makes the packets of one press: one for each packet time while the key is down, then the last of them, with the
// end bit, three times (RFC 4733 section 2.5.1). A press longer than one event can say goes on in another.
type Sender struct {
	event   Event
	step    uint32 // RTP time of a packet
	left    uint32 // of the press, RTP time
	offset  uint32 // of the present segment's timestamp from the first one's
	elapsed uint32 // of the present segment
	started bool
	ends    int // packets with the end bit still to come
}

// endings is how often the last packet is sent.
const endings = 3

// volume is the power of the tones that events stand for, -dBm0.
const volume = 10

// NewSender makes the sender of a press for an RTP clock and packet time. A key that is none gives one that is Done.
func NewSender(p Press, clockRate int, ptime time.Duration) Sender {
	code, ok := Code(p.Key)
	if !ok {
		return Sender{}
	}
	ticks := func(d time.Duration) uint32 { return uint32(int64(d) * int64(clockRate) / int64(time.Second)) }
	return Sender{event: Event{Code: code, Volume: volume}, step: ticks(ptime), left: max(ticks(p.Length()), ticks(ptime)), ends: endings}
}

// Done tells that there is no packet left.
func (s *Sender) Done() bool { return s.ends == 0 }

// Next writes the next payload to dst, which has room for EventSize octets. offset is what its timestamp is after that
// of the first packet, and marker is set on that one. Not to be called when Done.
// hot path: no allocation, lock, clock or log.
func (s *Sender) Next(dst []byte) (offset uint32, marker bool) {
	marker, s.started = !s.started, true
	step := min(s.step, s.left)
	s.elapsed, s.left = s.elapsed+step, s.left-step
	e, offset := s.event, s.offset
	if s.elapsed > segment { // this one is full; the rest is said in the next packet
		s.offset, s.elapsed = s.offset+segment, s.elapsed-segment
		e.Duration = segment
		e.Put(dst)
		return offset, marker
	}
	e.End, e.Duration = s.left == 0, uint16(s.elapsed)
	if e.End {
		s.ends--
	}
	e.Put(dst)
	return offset, marker
}
