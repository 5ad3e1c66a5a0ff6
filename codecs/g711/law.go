package g711

import "math/bits"

// Silence octets: what the encoders give for linear 0.
const (
	MuLawSilence = 0xFF
	ALawSilence  = 0xD5
)

// muBias is added to a 14-bit magnitude so that the segment is the position of its leading one.
const muBias = 33

// compressMu gives the mu-law octet of a 16-bit linear sample (G.711 table 2a, G.191 ulaw_compress).
// The two lowest bits are not used; negatives are taken by one's complement.
func compressMu(linear int16) uint8 {
	sign, magnitude := uint8(0), int(linear)
	if linear < 0 {
		sign, magnitude = 0x80, ^int(linear)
	}
	biased := min(magnitude>>2+muBias, 0x1FFF)
	segment := bits.Len(uint(biased)) - 6
	step := biased >> (segment + 1) & 0x0F
	return ^(sign | uint8(segment<<4|step))
}

// expandMu gives the 16-bit linear value of a mu-law octet: the middle of its step, scaled by 4.
func expandMu(octet uint8) int16 {
	octet = ^octet
	segment := octet >> 4 & 7
	magnitude := (int(octet&0x0F)<<1+muBias)<<segment - muBias
	if octet&0x80 != 0 {
		magnitude = -magnitude
	}
	return int16(magnitude << 2)
}

// aToggle are the even bits that G.711 inverts on the line.
const aToggle = 0x55

// compressA gives the A-law octet of a 16-bit linear sample (G.711 table 1a, G.191 alaw_compress).
// The four lowest bits are not used; negatives are taken by one's complement.
func compressA(linear int16) uint8 {
	sign, magnitude := uint8(0x80), int(linear)
	if linear < 0 {
		sign, magnitude = 0, ^int(linear)
	}
	magnitude >>= 4
	octet := magnitude // segments 0 and 1 share one step size
	if magnitude > 31 {
		shift := bits.Len(uint(magnitude)) - 5
		octet = magnitude>>shift&0x0F | (shift+1)<<4
	}
	return (sign | uint8(octet)) ^ aToggle
}

// expandA gives the 16-bit linear value of an A-law octet: the middle of its step, scaled by 16.
func expandA(octet uint8) int16 {
	octet ^= aToggle
	segment := octet >> 4 & 7
	magnitude := int(octet&0x0F)<<4 + 8
	if segment > 0 {
		magnitude = (magnitude + 256) << (segment - 1)
	}
	if octet&0x80 == 0 {
		magnitude = -magnitude
	}
	return int16(magnitude)
}
