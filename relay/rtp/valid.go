package rtp

import "encoding/binary"

// Valid reports whether b is an RTP packet whose parts fit into it: version 2, header, CSRCs, extension and
// padding (RFC 3550, A.1). It does not tell RTP from RTCP; see IsRTCP.
// Hot path: no allocation, lock, clock or log.
func Valid(b []byte) bool {
	n := HeaderLen(b)
	if n == 0 {
		return false
	}
	if b[0]&0x20 == 0 {
		return true
	}
	pad := int(b[len(b)-1])
	return pad != 0 && n+pad <= len(b)
}

// HeaderLen returns the length in bytes of the header with its CSRCs and extension (RFC 3550, 5.3.1),
// or 0 when b is no RTP packet or is too short to hold it.
// Hot path: no allocation, lock, clock or log.
func HeaderLen(b []byte) int {
	if len(b) < HeaderSize || b[0]>>6 != 2 {
		return 0
	}
	n := HeaderSize + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return 0
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	if len(b) < n {
		return 0
	}
	return n
}

// Payload returns the payload of b without header and padding, or nil when Valid(b) is false.
// Hot path: no allocation, lock, clock or log.
func Payload(b []byte) []byte {
	if !Valid(b) {
		return nil
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		end -= int(b[end-1])
	}
	return b[HeaderLen(b):end]
}

// ClearPadding removes the padding of a packet that Valid accepted and returns the shorter packet.
// Hot path: no allocation, lock, clock or log.
func ClearPadding(b []byte) []byte {
	if b[0]&0x20 == 0 {
		return b
	}
	b[0] &^= 0x20
	return b[:len(b)-int(b[len(b)-1])]
}
