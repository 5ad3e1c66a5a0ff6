package quality

import "time"

// Sample is what one report of a peer says of a conversation.
type Sample struct {
	At        int64         // when it came
	MOS       uint8         // opinion of who converses, tenths
	Loss      uint8         // of what was sent since the report before, of 256
	Jitter    time.Duration // of what arrives there
	RoundTrip time.Duration // from the peer to the one it talks to, and back
	Leg       time.Duration // the part of it between the peer and here
}

// Samples are those of a conversation so far. The zero value is ready.
type Samples struct {
	Count           uint32
	Lowest, Highest Sample // by MOS, the first of equals
	next            int64  // from when on there is another
	mos, loss       uint64
	jitter          time.Duration
	roundTrip, leg  time.Duration
}

// sampleEvery is the least time between two samples: whoever reports without a pause does not outweigh the rest.
const sampleEvery = int64(time.Second)

// Take adds what p's newest report says, which came just now, about a codec that costs c, with a clock of so many kHz. Without the
// round trips measured to p and to the peer beyond, and for what is no voice (the zero Impairment), there is nothing to say.
//
// Hot path: no allocation, lock, clock or log.
func (s *Samples) Take(p, beyond *Peer, kHz int, c Impairment, now int64) {
	if p.roundTrip == 0 || beyond.roundTrip == 0 || c == (Impairment{}) || now < s.next {
		return
	}
	s.next = now + sampleEvery
	n := Sample{At: now, Loss: p.fraction, Jitter: min(p.Jitter(kHz), time.Duration(maxRoundTrip)), Leg: time.Duration(p.roundTrip), RoundTrip: time.Duration(p.roundTrip + beyond.roundTrip)}
	n.MOS = tenths(MOS(Rating(c, float64(n.Loss)/256, Delay(n.RoundTrip, n.Jitter))))
	if s.Count == 0 || n.MOS < s.Lowest.MOS {
		s.Lowest = n
	}
	if s.Count == 0 || n.MOS > s.Highest.MOS {
		s.Highest = n
	}
	s.Count++
	s.mos, s.loss = s.mos+uint64(n.MOS), s.loss+uint64(n.Loss)
	s.jitter, s.roundTrip, s.leg = s.jitter+n.Jitter, s.roundTrip+n.RoundTrip, s.leg+n.Leg
}

// Average is the mean of all, At no time; zero when there are none.
func (s *Samples) Average() Sample {
	if s.Count == 0 {
		return Sample{}
	}
	n := uint64(s.Count)
	return Sample{
		MOS: uint8((s.mos + n/2) / n), Loss: uint8((s.loss + n/2) / n),
		Jitter: s.jitter / time.Duration(n), RoundTrip: s.roundTrip / time.Duration(n), Leg: s.leg / time.Duration(n),
	}
}
