package g726

import "math/bits"

// state is the memory of one direction of one stream, the same in the encoder and in the decoder of
// its codes. Fields and methods have the recommendation's names (section 4.2) in lower case; words
// that it has in two's complement are signed here.
type state struct {
	a   [2]int32 // pole coefficients, in 1/16384
	b   [6]int32 // zero coefficients, in 1/16384
	dq  [6]float // quantized differences, one to six samples ago
	sr  [2]float // reconstructed signal, one and two samples ago
	pk  [2]int32 // sign of the signal without the poles' part, one and two samples ago: 0 or -1
	dms int32    // short and
	dml int32    // long average of FI
	ap  int32    // speed control, before its limit
	yu  int32    // fast and
	yl  int32    // slow scale factor
	td  bool     // a narrow-band signal was there
}

// reset is the state after a reset (table 6, and the optional reset of section 4.2).
var reset = state{
	dq: [6]float{zero, zero, zero, zero, zero, zero}, sr: [2]float{zero, zero},
	yu: 544, yl: 34816,
}

// prediction is what is known of a sample before it comes.
type prediction struct {
	se, sez int32 // the estimate, 15 bits, and the zeros' part in it
	y       int32 // the scale factor, 13 bits
}

// predict works out the next sample's prediction (blocks FMULT, ACCUM, LIMA, MIX).
func (s *state) predict() (p prediction) {
	zeros := multiply(s.b[0], s.dq[0]) + multiply(s.b[1], s.dq[1]) + multiply(s.b[2], s.dq[2]) +
		multiply(s.b[3], s.dq[3]) + multiply(s.b[4], s.dq[4]) + multiply(s.b[5], s.dq[5])
	poles := multiply(s.a[0], s.sr[0]) + multiply(s.a[1], s.sr[1])
	p.sez = int32(int16(zeros)) >> 1
	p.se = int32(int16(zeros+poles)) >> 1

	slow := s.yl >> 6
	part := (s.yu - slow) * min(s.ap>>2, 64)
	if part < 0 {
		p.y = slow - -part>>6
	} else {
		p.y = slow + part>>6
	}
	return p
}

// quantize gives the code of a difference, 16 bits (blocks LOG, SUBTB, QUAN).
func (q *quantizer) quantize(d, y int32) uint8 {
	sign := d >> 31
	dqm := ((d ^ sign) - sign) & 0x7FFF
	exponent := bits.Len32(uint32(dqm)|1) - 1
	dl := int32(exponent)<<7 + dqm<<7>>exponent&127
	return q.code[sign&1][(dl-y>>2)&4095]
}
