package g726

import "math/bits"

// Law is the G.711 law of octets that a codec takes in place of linear samples, or gives.
type Law uint8

const (
	ALaw  Law = iota // PCMA
	MuLaw            // PCMU
)

const toggleA = 0x55 // A-law has its even bits inverted

// expand gives the 14-bit linear value of an octet (block EXPAND).
func (l Law) expand(octet uint8) int32 {
	if l == ALaw {
		octet ^= toggleA
		segment, step := octet>>4&7, int32(octet&15)
		magnitude := step<<2 + 2
		if segment > 0 {
			magnitude = (magnitude + 64) << (segment - 1)
		}
		return signed(magnitude, int32(octet>>7)-1)
	}
	octet = ^octet
	magnitude := (int32(octet&15)<<1+33)<<(octet>>4&7) - 33
	return signed(magnitude, -int32(octet>>7))
}

// compress gives the octet of a reconstructed signal, 16 bits (block COMPRESS). The word -32768, whose
// magnitude does not fit in 15 bits, counts as minus zero, which the ITU's sequences do reach.
func (l Law) compress(sr int32) uint8 {
	sign := sr >> 31
	im := ((sr ^ sign) - sign) & 0x7FFF
	if l == ALaw {
		magnitude := min(max(im+sign, 0)>>1, 4095)
		octet := uint8(magnitude >> 1)
		if segment := bits.Len32(uint32(magnitude)) - 5; segment > 0 {
			octet = uint8(segment<<4) | uint8(magnitude>>segment)&15
		}
		return (octet | uint8(^sign)&0x80) ^ toggleA
	}
	magnitude := min(im, 8158) + 33
	segment := bits.Len32(uint32(magnitude)) - 6
	octet := uint8(segment<<4) | uint8(magnitude>>(segment+1))&15
	return ^(octet | uint8(sign)&0x80)
}

// higher gives the octet of the next greater value, the same at the top (block SYNC).
func (l Law) higher(octet uint8) uint8 {
	if l == ALaw {
		return octetA(min(levelA(octet)+1, 127))
	}
	switch {
	case octet == 0x80:
		return octet
	case octet == 0x7F: // above minus zero is not zero but what is above zero
		return 0xFE
	case octet&0x80 != 0:
		return octet - 1
	}
	return octet + 1
}

// lower gives the octet of the next lesser value, the same at the bottom (block SYNC).
func (l Law) lower(octet uint8) uint8 {
	if l == ALaw {
		return octetA(max(levelA(octet)-1, -128))
	}
	switch {
	case octet == 0x00:
		return octet
	case octet == 0xFF: // below zero is not minus zero but what is below that
		return 0x7E
	case octet&0x80 != 0:
		return octet + 1
	}
	return octet - 1
}

// levelA numbers the values of A-law octets: -128 to -1 below zero, 0 to 127 above.
func levelA(octet uint8) int {
	octet ^= toggleA
	if octet&0x80 != 0 {
		return int(octet & 0x7F)
	}
	return ^int(octet)
}

// octetA is levelA the other way.
func octetA(level int) uint8 {
	if level < 0 {
		return uint8(^level) ^ toggleA
	}
	return uint8(level|0x80) ^ toggleA
}
