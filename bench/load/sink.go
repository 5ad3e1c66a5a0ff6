package load

import (
	"encoding/binary"
	"time"
)

// sampling is how many SRTP packets pass for each one that is decrypted and compared.
const sampling = 64

// recentPackets is how many packets may be under way at once without one being taken for another's time.
const recentPackets = 1 << 20

// sink knows each packet of a step again when it comes back, and notes when it did.
type sink struct {
	legs  []*leg // in their turns
	first uint32 // SSRC of the generator's first leg
	all   []*leg // by SSRC - first
	plan  Schedule
	step  uint8
	warm  int
	res   *Result
	seen  []uint64 // a bit for each packet
	sent  []int64  // when each of the last recentPackets was sent, by number % recentPackets
	taken int      // packets of the step that arrived, each counted once
	// secure packets since one was decrypted
	unchecked int

	back  []time.Duration // by turn of the sending leg: when its first packet arrived, after ended; nil = not to be noted
	ended int64
}

func (s *sink) begin(g *Generator, legs []*leg, plan Schedule, warm int, res *Result) {
	words := (plan.Total + 63) / 64
	if cap(s.seen) < words {
		s.seen = make([]uint64, words)
	}
	s.seen = s.seen[:words]
	clear(s.seen)
	if s.sent == nil {
		s.sent = make([]int64, recentPackets)
	}
	s.legs, s.all, s.first, s.plan, s.step, s.warm, s.res = legs, g.legs, g.ssrc, plan, g.step, warm, res
	s.taken, s.unchecked = 0, 0
}

// complete reports whether every packet of the step has arrived.
func (s *sink) complete() bool { return s.taken == s.plan.Total }

// take counts one packet. Hot path: no allocation, lock, clock or log, but for the SRTP packets that are checked.
func (s *sink) take(a *arrival) {
	number, receiver, ok := s.recognise(a)
	if !ok {
		s.res.Wrong++
		return
	}
	if number < 0 {
		return // of an earlier step
	}
	if receiver.source != a.from {
		s.res.Wrong++
		return
	}
	word, bit := number/64, uint64(1)<<(number%64)
	if s.seen[word]&bit != 0 {
		s.res.Duplicates++
		return
	}
	s.seen[word] |= bit
	s.taken++
	if s.back != nil {
		if d := &s.back[number%len(s.legs)]; *d < 0 {
			*d = time.Duration(a.at - s.ended)
		}
	}
	if number >= s.warm {
		s.res.Received++
		s.res.Delay.Record(a.at - s.plan.Due(number))
		s.res.Way.Record(a.at - s.sent[number%recentPackets])
	}
	if receiver.secure {
		if s.unchecked++; s.unchecked == sampling {
			s.unchecked = 0
			s.check(a, receiver, number)
		}
	}
}

// recognise returns which packet of the step this is and which leg it was meant for; a number below zero is of
// another step. Hot path: no allocation, lock, clock or log.
func (s *sink) recognise(a *arrival) (number int, receiver *leg, ok bool) {
	if len(a.data) < PacketSize || a.data[0]>>6 != 2 {
		return 0, nil, false
	}
	if len(a.data) == sealedSize {
		return s.bySequence(a.data)
	}
	codec := &alphabets()[0]
	if a.data[1]&0x7f == payloadTypePCMA {
		codec = &alphabets()[1]
	}
	step, n, ok := codec.get(a.data[headerSize:])
	if !ok || len(a.data) != PacketSize {
		return 0, nil, false
	}
	if step != s.step {
		return -1, nil, true
	}
	if int(n) >= s.plan.Total {
		return 0, nil, false
	}
	receiver = s.partner(s.legs[int(n)%len(s.legs)])
	return int(n), receiver, !receiver.secure && receiver.codec == codec
}

// bySequence reads the header of a packet whose payload is encrypted: a relay keeps SSRC and sequence number.
// Hot path: no allocation, lock, clock or log.
func (s *sink) bySequence(p []byte) (number int, receiver *leg, ok bool) {
	index := binary.BigEndian.Uint32(p[8:]) - s.first
	if int64(index) >= int64(len(s.all)) {
		return 0, nil, false
	}
	sender := s.all[index]
	if sender.place >= len(s.legs) || s.legs[sender.place] != sender {
		return -1, nil, true // it does not send in this step
	}
	count := int(binary.BigEndian.Uint16(p[2:]) - sender.started)
	number = count*len(s.legs) + sender.place
	if number >= s.plan.Total {
		return -1, nil, true
	}
	receiver = s.partner(sender)
	return number, receiver, receiver.secure
}

// partner returns the other leg of a call. Hot path: no allocation, lock, clock or log.
func (s *sink) partner(l *leg) *leg { return s.all[(l.ssrc-s.first)^1] }

// check decrypts a packet and compares what it says with what its header says.
func (s *sink) check(a *arrival, receiver *leg, number int) {
	s.res.Checked++
	plain, err := receiver.unseal.DecryptRTP(nil, a.data, nil)
	if err != nil || len(plain) != PacketSize {
		s.res.Wrong++
		return
	}
	if step, n, ok := receiver.codec.get(plain[headerSize:]); !ok || step != s.step || int(n) != number {
		s.res.Wrong++
	}
}
