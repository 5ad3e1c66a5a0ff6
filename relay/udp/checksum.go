package udp

import (
	"encoding/binary"
	"math/bits"
)

// The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words. Such a sum may be
// taken in any byte order and in wider words, as long as the carries come back in; it is kept here as 64 bits in the machine's order.

// sum adds b to a sum. All parts but the last must have even lengths; an odd last byte counts as if a zero
// followed it.
// Hot path: no allocation, lock, clock or log.
func sum(s uint64, b []byte) uint64 {
	var c uint64
	for len(b) >= 32 {
		s, c = bits.Add64(s, binary.NativeEndian.Uint64(b), 0)
		s, c = bits.Add64(s, binary.NativeEndian.Uint64(b[8:]), c)
		s, c = bits.Add64(s, binary.NativeEndian.Uint64(b[16:]), c)
		s, c = bits.Add64(s, binary.NativeEndian.Uint64(b[24:]), c)
		s, c = bits.Add64(s, 0, c)
		s += c
		b = b[32:]
	}
	for len(b) >= 8 {
		s, c = bits.Add64(s, binary.NativeEndian.Uint64(b), 0)
		s += c
		b = b[8:]
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		s, c = bits.Add64(s, binary.NativeEndian.Uint64(last[:]), 0)
		s += c
	}
	return s
}

// putChecksum folds a sum and writes its complement as UDP wants it: 0 is written as 0xffff, as 0 says that there is none.
// Hot path: no allocation, lock, clock or log.
func putChecksum(b []byte, s uint64) {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	c := ^uint16(s)
	if c == 0 {
		c = 0xffff
	}
	binary.NativeEndian.PutUint16(b, c)
}
