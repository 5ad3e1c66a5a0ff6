package relay

import (
	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
)

// renumbering keeps a source audible to a secure peer when it starts its sequence numbers again under the same SSRC, as phones
// and gateways do on hold, transfer and session refresh. Plain RTP allows that (RFC 3550, A.1); in SRTP the numbers would
// be refused as replays by any receiver, and encrypting them would use a keystream twice. After inSequence
// refused packets in sequence, the source goes on with the number after the last one sent.
//
//	source   … 26745 26746 26747 │  900   901   902   903   904 …
//	peer     … 26745 26746 26747 │  dropped, counted  26748 26749 …
//
// Single packets that come twice or far too late are dropped. Reports about the stream (RTCP) keep the peer's numbers.
type renumbering struct {
	shifts  [4]shift // the SSRCs that have started again, the latest over the oldest
	next    int      // in shifts
	suspect shift    // by: the sequence number that comes next if the source has started again
	count   int      // packets in sequence so far
}

// shift is how much is added to the sequence numbers of an SSRC.
type shift struct {
	ssrc uint32
	by   uint16 // 0 = an empty entry
}

// apply gives the packet its number.
// Hot path: no allocation, lock, clock or log.
func (r *renumbering) apply(b []byte) {
	ssrc := rtp.SSRC(b)
	for i := range r.shifts {
		if s := &r.shifts[i]; s.ssrc == ssrc && s.by != 0 {
			rtp.SetSequenceNumber(b, rtp.SequenceNumber(b)+s.by)
			return
		}
	}
}

// went notes that the packet was taken: its source has not started again.
// Hot path: no allocation, lock, clock or log.
func (r *renumbering) went(b []byte) {
	if r.count > 0 && r.suspect.ssrc == rtp.SSRC(b) {
		r.count = 0
	}
}

// restarted takes a packet that was refused, seq being the number it came with, and reports whether it now has one that
// will not be.
// Hot path: no allocation, lock, clock or log.
func (r *renumbering) restarted(c *srtp.Context, b []byte, seq uint16) bool {
	ssrc := rtp.SSRC(b)
	if r.count == 0 || r.suspect != (shift{ssrc, seq}) {
		r.count = 0
	}
	r.count++
	r.suspect = shift{ssrc, seq + 1}
	last, known := c.LastSequence(ssrc)
	if r.count < inSequence || !known {
		return false
	}
	r.count = 0
	s := r.entry(ssrc)
	*s = shift{ssrc, last + 1 - seq}
	rtp.SetSequenceNumber(b, last+1)
	return true
}

// entry returns the SSRC's entry, or the one to give up for it.
// Hot path: no allocation, lock, clock or log.
func (r *renumbering) entry(ssrc uint32) *shift {
	for i := range r.shifts {
		if r.shifts[i].ssrc == ssrc {
			return &r.shifts[i]
		}
	}
	s := &r.shifts[r.next]
	r.next = (r.next + 1) % len(r.shifts)
	return s
}
