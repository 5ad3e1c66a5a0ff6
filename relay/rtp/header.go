package rtp

import "encoding/binary"

// HeaderSize is the length in bytes of a header without CSRCs and extension (RFC 3550, 5.1).
const HeaderSize = 12

// PayloadType returns the 7-bit payload type. The view needs HeaderSize bytes.
// Hot path: no allocation, lock, clock or log.
func PayloadType(b []byte) uint8 { return b[1] & 0x7f }

// Marker returns the marker bit.
// Hot path: no allocation, lock, clock or log.
func Marker(b []byte) bool { return b[1]&0x80 != 0 }

// SequenceNumber returns the sequence number.
// Hot path: no allocation, lock, clock or log.
func SequenceNumber(b []byte) uint16 { return binary.BigEndian.Uint16(b[2:]) }

// Timestamp returns the timestamp, in units of the payload's clock rate.
// Hot path: no allocation, lock, clock or log.
func Timestamp(b []byte) uint32 { return binary.BigEndian.Uint32(b[4:]) }

// SSRC returns the synchronisation source.
// Hot path: no allocation, lock, clock or log.
func SSRC(b []byte) uint32 { return binary.BigEndian.Uint32(b[8:]) }

// SetPayloadType writes the low 7 bits of pt and keeps the marker.
// Hot path: no allocation, lock, clock or log.
func SetPayloadType(b []byte, pt uint8) { b[1] = b[1]&0x80 | pt&0x7f }

// SetMarker writes the marker bit and keeps the payload type.
// Hot path: no allocation, lock, clock or log.
func SetMarker(b []byte, marker bool) {
	b[1] &= 0x7f
	if marker {
		b[1] |= 0x80
	}
}

// SetSequenceNumber writes the sequence number.
// Hot path: no allocation, lock, clock or log.
func SetSequenceNumber(b []byte, seq uint16) { binary.BigEndian.PutUint16(b[2:], seq) }

// SetTimestamp writes the timestamp.
// Hot path: no allocation, lock, clock or log.
func SetTimestamp(b []byte, ts uint32) { binary.BigEndian.PutUint32(b[4:], ts) }

// SetSSRC writes the synchronisation source.
// Hot path: no allocation, lock, clock or log.
func SetSSRC(b []byte, ssrc uint32) { binary.BigEndian.PutUint32(b[8:], ssrc) }

// Header is what a sender of plain packets fills in: no CSRCs, no extension, no padding.
type Header struct {
	PayloadType    uint8
	Marker         bool
	SequenceNumber uint16
	Timestamp      uint32
	SSRC           uint32
}

// Put writes the header into the first HeaderSize bytes of b, which must be there, and returns HeaderSize.
// Hot path: no allocation, lock, clock or log.
func (h Header) Put(b []byte) int {
	_ = b[HeaderSize-1]
	b[0] = 2 << 6
	b[1] = h.PayloadType & 0x7f
	if h.Marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.SequenceNumber)
	binary.BigEndian.PutUint32(b[4:], h.Timestamp)
	binary.BigEndian.PutUint32(b[8:], h.SSRC)
	return HeaderSize
}

// ReadHeader returns the fixed fields of a packet that Valid accepted.
// Hot path: no allocation, lock, clock or log.
func ReadHeader(b []byte) Header {
	return Header{PayloadType(b), Marker(b), SequenceNumber(b), Timestamp(b), SSRC(b)}
}
