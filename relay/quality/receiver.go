package quality

import (
	"math"
	"time"

	"sidetone/relay/rtp"
)

// The bounds of what belongs to a stream (RFC 3550, A.1).
const (
	maxDropout  = 3000 // packets that may be missing in a row
	maxMisorder = 100  // packets that may come late by so many
)

// maxPause is the longest time between two packets from which jitter is learned; after more, a source may have begun
// its timestamps anew.
const maxPause = int64(2 * time.Second)

// Receiver follows the RTP of one peer. The zero value is ready. It fills one line of the processor's cache, 64 bytes; what a
// packet does not touch is last.
type Receiver struct {
	ssrc    uint32
	started bool
	clock   uint8 // kHz of the timestamps

	// The stream's sequence numbers (RFC 3550, A.1).
	max   uint16
	turns uint16 // of max
	step  uint16 // timestamp units from one packet to the next
	bad   uint32 // the number that would prove a new start; badNone = no suspicion
	got   uint32

	jitter    uint32 // RFC 3550, A.8, timestamp units * 16
	timestamp uint32
	base      uint32 // the stream's first number
	at        int64

	reported struct{ expected, received uint32 } // of this stream, as of the last Block
	past     Counts                              // streams before this one
}

const badNone = 1 << 16

// Counts are packets that were sent and those of them that came; duplicates make more come than were sent.
type Counts struct{ Expected, Received uint64 }

// Lost is how many did not come.
func (c Counts) Lost() uint64 {
	if c.Received >= c.Expected {
		return 0
	}
	return c.Expected - c.Received
}

// Packet takes an RTP packet that came at time now, whose payload type has a clock of so many kHz, at most 255. It returns how many
// packets are missing between the newest so far and this one, or with a minus by how many this one comes behind the newest.
//
// Hot path: no allocation, lock, clock or log.
func (r *Receiver) Packet(b []byte, kHz int, now int64) int {
	ssrc, seq, timestamp := rtp.SSRC(b), rtp.SequenceNumber(b), rtp.Timestamp(b)
	if !r.started || ssrc != r.ssrc {
		r.start(ssrc, seq)
		r.clock, r.timestamp, r.at, r.jitter, r.step = uint8(kHz), timestamp, now, 0, 0
		return 0
	}
	ahead := int(int16(seq - r.max))
	if !r.count(seq) {
		return 0
	}
	if r.got == 1 { // it has started again
		r.clock, r.timestamp, r.at = uint8(kHz), timestamp, now
		return 0
	}
	// A packet with the timestamp of the one before says nothing of the time between: DTMF events repeat theirs.
	if timestamp != r.timestamp {
		if elapsed := now - r.at; uint8(kHz) == r.clock && elapsed <= maxPause {
			theirs := rtp.TimestampDiff(timestamp, r.timestamp)
			if ahead == 1 && uint(theirs) <= maxFrame*uint(kHz) {
				r.step = uint16(theirs)
			}
			r.learn(elapsed, theirs)
		}
		r.clock, r.timestamp, r.at = uint8(kHz), timestamp, now
	}
	if ahead > 0 {
		return ahead - 1
	}
	return ahead
}

// maxFrame is the longest packet, milliseconds. What is longer is a pause.
const maxFrame = 120

// Interrupt ends the stream: its peer sends elsewhere for a while, and what does not come until it is back is not lost.
func (r *Receiver) Interrupt() {
	r.past = r.Counts()
	r.started = false
}

// start begins with a stream.
func (r *Receiver) start(ssrc uint32, seq uint16) {
	if r.started {
		r.past = r.Counts()
	}
	r.started, r.ssrc = true, ssrc
	r.max, r.base, r.turns, r.bad, r.got = seq, uint32(seq), 0, badNone, 1
	r.reported.expected, r.reported.received = 0, 0
}

// count takes a sequence number and reports whether it is of the stream (RFC 3550, A.1, update_seq).
//
// Hot path: no allocation, lock, clock or log.
func (r *Receiver) count(seq uint16) bool {
	switch ahead := seq - r.max; {
	case ahead < maxDropout:
		if seq < r.max {
			r.turns++
		}
		r.max = seq
	case ahead <= math.MaxUint16-maxMisorder:
		if uint32(seq) != r.bad {
			r.bad = uint32(seq + 1)
			return false
		}
		r.start(r.ssrc, seq) // two in sequence: the source has started again
		return true
	}
	r.got++
	return true
}

// learn takes the time between two packets, by our clock in nanoseconds and by theirs in timestamp units, and refines the
// jitter (RFC 3550, A.8).
//
// Hot path: no allocation, lock, clock or log.
func (r *Receiver) learn(elapsed int64, theirs int) {
	d := elapsed*int64(r.clock)/1e6 - int64(theirs)
	if d < 0 {
		d = -d
	}
	if d > maxPause*int64(r.clock)/1e6 {
		return // their clock jumped
	}
	r.jitter += uint32(d) - (r.jitter+8)>>4
}

// SSRC returns the SSRC of the newest packet, 0 before the first.
func (r *Receiver) SSRC() uint32 { return r.ssrc }

// Counts returns what was sent and what came, over all streams.
func (r *Receiver) Counts() Counts {
	c := r.stream()
	return Counts{Expected: r.past.Expected + c.Expected, Received: r.past.Received + c.Received}
}

// stream is Counts for the present one.
func (r *Receiver) stream() Counts {
	if !r.started {
		return Counts{}
	}
	return Counts{Expected: uint64(r.highest()) - uint64(r.base) + 1, Received: uint64(r.got)}
}

// highest is the newest sequence number with its turns.
func (r *Receiver) highest() uint32 { return uint32(r.turns)<<16 | uint32(r.max) }

// Number returns the number of a packet of the present stream that has come, for Losses; false when it is from before the stream.
//
// Hot path: no allocation, lock, clock or log.
func (r *Receiver) Number(b []byte) (uint64, bool) {
	newest, behind := r.Counts().Expected-1, uint64(r.max-rtp.SequenceNumber(b))
	if !r.started || behind > newest {
		return 0, false
	}
	return newest - behind, true
}

// Frame returns how much time there is in a packet, 20 ms while that is unknown.
func (r *Receiver) Frame() time.Duration {
	if r.step == 0 || r.clock == 0 {
		return frame
	}
	return span(uint32(r.step), int(r.clock))
}

// Jitter returns the interarrival jitter of the present stream.
func (r *Receiver) Jitter() time.Duration { return span(r.jitter>>4, int(r.clock)) }

// span turns timestamp units into time.
func span(units uint32, kHz int) time.Duration {
	if kHz <= 0 {
		return 0
	}
	return time.Duration(units) * time.Millisecond / time.Duration(kHz)
}

// Block is the part of a report about one stream (RFC 3550, 6.4.1), but for what belongs to the peer's own reports.
type Block struct {
	SSRC         uint32
	FractionLost uint8  // of 256, since the last block
	Lost         int32  // since the stream's start, 24 bits
	Highest      uint32 // sequence number, turns above
	Jitter       uint32 // timestamp units
}

// Block returns the next report about the present stream; false when nothing came since the last one.
//
// Hot path: no allocation, lock, clock or log.
func (r *Receiver) Block() (Block, bool) {
	now, last := r.stream(), r.reported
	if r.got == last.received {
		return Block{}, false
	}
	r.reported.expected, r.reported.received = uint32(now.Expected), r.got
	since := Counts{Expected: uint64(r.reported.expected - last.expected), Received: uint64(r.got - last.received)}
	b := Block{SSRC: r.ssrc, Highest: r.highest(), Jitter: r.jitter >> 4}
	b.Lost = int32(min(max(int64(now.Expected)-int64(now.Received), -1<<23), 1<<23-1))
	if since.Expected > 0 {
		b.FractionLost = uint8(min(since.Lost()<<8/since.Expected, 255))
	}
	return b, true
}
