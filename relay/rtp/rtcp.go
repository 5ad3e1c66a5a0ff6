package rtp

import "encoding/binary"

// RTCP packet types (RFC 3550, 12.1; RFC 4585; RFC 3611).
const (
	SR    = 200 // sender report
	RR    = 201 // receiver report
	SDES  = 202 // source description
	BYE   = 203 // goodbye
	APP   = 204 // application-defined
	RTPFB = 205 // transport-layer feedback
	PSFB  = 206 // payload-specific feedback
	XR    = 207 // extended report
)

// IsRTCP tells RTCP from RTP on a port that carries both: version 2 and a second byte of 192-223, which are
// the RTCP packet types and the payload types 64-95 that RTP leaves free for this (RFC 5761, 4).
// Any bytes may be asked about.
// Hot path: no allocation, lock, clock or log.
func IsRTCP(b []byte) bool {
	return len(b) >= 2 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223
}

// ValidRTCP reports whether b is a compound of RTCP packets that fill it exactly, each at least 8 bytes with
// an SSRC, the last one's padding within it. Reduced-size RTCP (RFC 5506) passes: any type may come first.
// Hot path: no allocation, lock, clock or log.
func ValidRTCP(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for len(b) > 0 {
		p, rest, ok := NextRTCP(b)
		if !ok {
			return false
		}
		if p[0]&0x20 != 0 {
			// Padding is for the last packet only; its count includes itself and is a multiple of four.
			pad := int(p[len(p)-1])
			if len(rest) != 0 || pad == 0 || pad%4 != 0 || pad > len(p)-4 {
				return false
			}
		}
		b = rest
	}
	return true
}

// NextRTCP splits the first packet off a compound. ok is false, and the slices nil, when b does not begin
// with a whole RTCP packet. A BYE with no source (count 0) is 4 bytes; every other packet has at least 8.
// Hot path: no allocation, lock, clock or log.
func NextRTCP(b []byte) (packet, rest []byte, ok bool) {
	if len(b) < 4 || !IsRTCP(b) {
		return nil, nil, false
	}
	n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
	if n > len(b) || n < 8 && !(b[1] == BYE && b[0]&0x1f == 0) && !(b[1] == SDES && b[0]&0x1f == 0) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// RTCPType returns the packet type of one RTCP packet of at least 2 bytes.
// Hot path: no allocation, lock, clock or log.
func RTCPType(p []byte) uint8 { return p[1] }

// RTCPSSRC returns the SSRC of the sender of one RTCP packet, 0 when it names none.
// Hot path: no allocation, lock, clock or log.
func RTCPSSRC(p []byte) uint32 {
	if len(p) < 8 {
		return 0
	}
	return binary.BigEndian.Uint32(p[4:])
}
