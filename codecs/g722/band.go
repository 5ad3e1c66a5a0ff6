package g722

import "math"

// band is the memory of one sub-band, the same in an encoder and in the decoder of its code: a
// predictor of two poles and six zeros, and the scale factor of the quantizer (sections 6.2.1.2 to
// 6.2.2.3; the names are the recommendation's in lower case, without the letter of the sub-band).
type band struct {
	s, sz  int32    // the prediction of the next sample, and the zeros' part in it
	a1, a2 int32    // pole coefficients, in 1/16384
	b      [6]int32 // zero coefficients, in 1/16384
	r1, r2 int32    // twice the reconstructed signal, one and two samples ago
	p1, p2 int32    // the part of it that the poles do not make, one and two samples ago
	d      [6]int32 // twice the quantized difference, one to six samples ago
	nb     int32    // logarithm of the scale factor, base 2, in 1/2048
	det    int32    // the scale factor, always positive
}

// The sub-bands after a reset.
var resetLow, resetHigh = band{det: 32}, band{det: 8}

// takeLow takes the upper four bits of a lower sub-band's code.
func (b *band) takeLow(il4 byte) {
	d := b.det * inverse4[il4&15] >> 15
	b.nb = min(max(b.nb*127>>7+logStepLow[il4&15], 0), 18432)
	b.det = antilog[b.nb>>6&31] << 1 >> ((9 - uint32(b.nb)>>11) & 31) << 2
	b.adapt(d)
}

// takeHigh takes the code of a higher sub-band and gives the quantized difference.
func (b *band) takeHigh(ih byte) (d int32) {
	d = b.det * inverse2[ih&3] >> 15
	b.nb = min(max(b.nb*127>>7+logStepHigh[ih&3], 0), 22528)
	b.det = antilog[b.nb>>6&31] << 1 >> ((11 - uint32(b.nb)>>11) & 31) << 2
	b.adapt(d)
	return d
}

// adapt takes the quantized difference d of a sample into the predictor and predicts the next
// (blocks RECONS, PARREC, UPPOL2, UPPOL1, UPZERO, DELAYA, FILTEP, FILTEZ, PREDIC).
func (b *band) adapt(d int32) {
	p := saturate(b.sz + d)
	b.adaptPoles(p)
	b.p1, b.p2 = p, b.p1
	b.r1, b.r2 = saturate(2*saturate(b.s+d)), b.r1
	sp := saturate(b.a1*b.r1>>15 + b.a2*b.r2>>15)
	b.adaptZeros(d)
	b.s = saturate(sp + b.sz)
}

// adaptPoles moves a2 and then a1 by one step towards what would have predicted the sign of p, and
// holds them where the filter is stable.
func (b *band) adaptPoles(p int32) {
	differ1, differ2 := (p^b.p1)>>31, (p^b.p2)>>31 // -1 when the signs differ, otherwise 0
	towards := saturate(b.a1 << 2)
	if differ1 == 0 {
		towards = min(-towards, math.MaxInt16)
	}
	a2 := towards>>7 + signed(128, differ2) + b.a2*127>>7
	b.a2 = min(max(a2, -12288), 12288)
	bound := 15360 - b.a2
	a1 := signed(192, differ1) + b.a1*255>>8
	b.a1 = min(max(a1, -bound), bound)
}

// adaptZeros moves each zero's coefficient by one step, by the sign of d and of the difference that
// it weighs, takes d into the differences and sums the zeros' part of the next prediction.
func (b *band) adaptZeros(d int32) {
	step := int32(128)
	if d == 0 {
		step = 0
	}
	d1, d2, d3, d4, d5, d6 := saturate(2*d), b.d[0], b.d[1], b.d[2], b.d[3], b.d[4]
	b6 := moved(b.b[5], step, d, b.d[5])
	b5 := moved(b.b[4], step, d, d6)
	b4 := moved(b.b[3], step, d, d5)
	b3 := moved(b.b[2], step, d, d4)
	b2 := moved(b.b[1], step, d, d3)
	b1 := moved(b.b[0], step, d, d2)
	b.b[0], b.b[1], b.b[2], b.b[3], b.b[4], b.b[5] = b1, b2, b3, b4, b5, b6
	b.d[0], b.d[1], b.d[2], b.d[3], b.d[4], b.d[5] = d1, d2, d3, d4, d5, d6
	sz := saturate(b6*d6>>15 + b5*d5>>15)
	sz = saturate(sz + b4*d4>>15)
	sz = saturate(sz + b3*d3>>15)
	sz = saturate(sz + b2*d2>>15)
	b.sz = saturate(sz + b1*d1>>15)
}

// moved gives a zero's coefficient after its step. It cannot leave 16 bits: the leak at the limits is the step.
func moved(coefficient, step, d, weighed int32) int32 {
	return coefficient*255>>8 + signed(step, (d^weighed)>>31)
}

// signed gives x when negative is 0, -x when it is -1.
func signed(x, negative int32) int32 { return (x ^ negative) - negative }

// saturate limits to 16 bits.
func saturate(x int32) int32 {
	if int32(int16(x)) != x {
		return x>>31 ^ math.MaxInt16
	}
	return x
}
