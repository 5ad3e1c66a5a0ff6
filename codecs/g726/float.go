package g726

import "math/bits"

// float is the recommendation's floating point of 11 bits: 6 of mantissa, 4 of exponent above them and
// the sign, which is the sign of the word here.
type float int32

// zero is 0. Its mantissa has its upper bit like all others, so that products with it may be other than 0.
const zero float = 32

// toFloat gives a magnitude of 15 bits and a sign, 0 or -1, as float (blocks FLOATA, FLOATB).
func toFloat(magnitude, sign int32) float {
	exponent := int32(bits.Len32(uint32(magnitude)))
	return float(sign<<10 | exponent<<6 | magnitude<<6>>(exponent&31) | 32)
}

// multiply gives the product of a coefficient, 16 bits, and a float (block FMULT).
func multiply(an int32, srn float) int32 {
	anmag := uint32(max(an>>2, -(an>>2))) & 8191
	anexp := uint32(bits.Len32(anmag))
	wanmag := uint64((anmag<<6>>(anexp&31)|32)*uint32(srn&63)+48) >> 4 << ((anexp + uint32(srn)>>6&15) & 63) >> 19
	return signed(int32(wanmag&0x7FFF), (an^int32(srn))>>31)
}
