package srtp

import (
	"fmt"

	"sidetone/relay/rtp"
)

// settledAfter is how many authentic packets under a new key end the old one.
const settledAfter = 64

// Context protects or unprotects the packets of one direction: RTP and RTCP, all SSRCs,
// under one master key, or two while the key changes. It is not safe for concurrent use;
// a leg's shard owns it.
//
// Each operation writes its result to dst and returns its length in bytes. dst is packet
// itself (the same first byte) or does not overlap it, and has room: len(packet) + Overhead
// always does. After an error dst holds nothing of use, and where dst is packet, that is
// lost too. State changes only after a packet was authenticated and found new.
type Context struct {
	current  *session
	previous *session // received under until current is settled; nil without a re-keying
	mac      *mac
	scratch  []byte // copy of a packet that may have to be tried more than once
}

// New makes a Context that starts with ROC 0 for every SSRC. It copies the key.
func New(k Key) (*Context, error) {
	c := &Context{mac: newMAC()}
	s, err := newSession(k, c.mac)
	if err != nil {
		return nil, err
	}
	c.current = s
	return c, nil
}

// Rekey changes the master key, and the profile if k has another. A sender uses the new key
// at once and goes on with its ROCs and SRTCP indices (RFC 3711 3.3.1); for one that must
// start again from ROC 0, make a new Context. A receiver takes the new key whether its
// peer goes on or starts again, and the old one, for packets still on their way, until 64
// came under the new.
func (c *Context) Rekey(k Key) error {
	s, err := newSession(k, c.mac)
	if err != nil {
		return fmt.Errorf("re-key: %w", err)
	}
	s.carry(&c.current.streams)
	if c.current.authenticated > 0 {
		c.previous = c.current
	}
	c.current = s
	return nil
}

// ProtectRTP encrypts an RTP packet and adds tag and MKI. The caller keeps sequence numbers
// continuous: one that was used, or lies more than WindowSize back, is refused with
// ErrReplay, since its keystream may have been used.
//
// hot path: no allocation, lock, clock or log (but for the first packet of an SSRC)
func (c *Context) ProtectRTP(dst, packet []byte) (int, error) {
	h := rtp.HeaderLen(packet)
	if h == 0 {
		return 0, ErrShort
	}
	return c.current.protectRTP(dst, packet, h)
}

// LastSequence returns the highest sequence number that an SSRC has been protected, or received, with.
//
// hot path: no allocation, lock, clock or log
func (c *Context) LastSequence(ssrc uint32) (seq uint16, ok bool) {
	st := c.current.find(ssrc)
	if st == nil || !st.hasRTP {
		return 0, false
	}
	return uint16(st.index), true
}

// UnprotectRTP authenticates and decrypts an SRTP packet and removes tag and MKI.
//
// hot path: no allocation, lock, clock or log (but for the first packet of an SSRC)
func (c *Context) UnprotectRTP(dst, packet []byte) (int, error) {
	h := rtp.HeaderLen(packet)
	if h == 0 {
		return 0, ErrShort
	}
	var candidates [3]int64
	st := c.current.find(rtp.SSRC(packet))
	if c.previous != nil || st == nil || !st.settled() {
		return c.unprotectUnsettled(dst, packet, h)
	}
	n := st.candidates(&candidates, rtp.SequenceNumber(packet))
	return c.current.unprotectRTP(dst, packet, h, st, candidates[:n])
}

// unprotectUnsettled is UnprotectRTP for a packet of which key or ROC is not sure.
func (c *Context) unprotectUnsettled(dst, packet []byte, h int) (int, error) {
	packet = c.preserve(dst, packet)
	n, err := c.current.unprotectUnsure(dst, packet, h)
	if c.previous == nil {
		return n, err
	}
	if err == ErrAuth || err == ErrMKI || err == ErrShort {
		return c.previous.unprotectUnsure(dst, packet, h)
	}
	c.settle()
	return n, err
}

// unprotectUnsure tries every index that the packet can have under this key.
func (s *session) unprotectUnsure(dst, packet []byte, h int) (int, error) {
	var candidates [3]int64
	st := s.find(rtp.SSRC(packet))
	n := 0
	if st == nil {
		n = new(stream).candidates(&candidates, rtp.SequenceNumber(packet))
	} else {
		n = st.candidates(&candidates, rtp.SequenceNumber(packet))
	}
	return s.unprotectRTP(dst, packet, h, st, candidates[:n])
}

// ProtectRTCP encrypts an RTCP compound packet after its first 8 bytes and adds index, MKI
// and tag.
//
// hot path: no allocation, lock, clock or log (but for the first packet of an SSRC)
func (c *Context) ProtectRTCP(dst, packet []byte) (int, error) {
	if !isRTCP(packet, rtcpHeaderLen) {
		return 0, ErrShort
	}
	return c.current.protectRTCP(dst, packet)
}

// UnprotectRTCP authenticates an SRTCP packet, decrypts it if its E bit is set, and removes
// index, MKI and tag. It may write into packet.
//
// hot path: no allocation, lock, clock or log (but for the first packet of an SSRC)
func (c *Context) UnprotectRTCP(dst, packet []byte) (int, error) {
	if !isRTCP(packet, rtcpHeaderLen) {
		return 0, ErrShort
	}
	if c.previous == nil {
		return c.current.unprotectRTCP(dst, packet)
	}
	packet = c.preserve(dst, packet)
	n, err := c.current.unprotectRTCP(dst, packet)
	if err == ErrAuth || err == ErrMKI || err == ErrShort {
		return c.previous.unprotectRTCP(dst, packet)
	}
	c.settle()
	return n, err
}

// preserve returns the packet, out of the way of dst.
func (c *Context) preserve(dst, packet []byte) []byte {
	if len(dst) == 0 || &dst[0] != &packet[0] {
		return packet
	}
	c.scratch = append(c.scratch[:0], packet...)
	return c.scratch
}

// settle ends the previous key once the current one is in use for good.
func (c *Context) settle() {
	if c.current.authenticated >= settledAfter {
		c.previous = nil
	}
}
