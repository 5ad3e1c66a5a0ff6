package g722

// The quadrature mirror filter has 24 coefficients, the same from both ends (table 11). These are the
// ones of even index, in 1/8192; the ones of odd index are these from the end.
const (
	h0, h2, h4, h6, h8, h10      = 3, -11, 12, 32, -210, 951
	h12, h14, h16, h18, h20, h22 = 3876, -805, 362, -156, 53, -11
)

// tail is how many samples before a pair the filter reaches.
const tail = 22

// pairs is how many pairs of sub-band samples that is.
const pairs = tail / 2

// split gives the lower and the higher sub-band's sample, 15 bits, of the last pair of x, 16 bits (section 3.1).
func split(x *[tail + 2]int16) (low, high int32) {
	newer := int32(x[23])*h0 + int32(x[21])*h2 + int32(x[19])*h4 + int32(x[17])*h6 + int32(x[15])*h8 + int32(x[13])*h10 +
		int32(x[11])*h12 + int32(x[9])*h14 + int32(x[7])*h16 + int32(x[5])*h18 + int32(x[3])*h20 + int32(x[1])*h22
	older := int32(x[0])*h0 + int32(x[2])*h2 + int32(x[4])*h4 + int32(x[6])*h6 + int32(x[8])*h8 + int32(x[10])*h10 +
		int32(x[12])*h12 + int32(x[14])*h14 + int32(x[16])*h16 + int32(x[18])*h18 + int32(x[20])*h20 + int32(x[22])*h22
	return limit15((newer + older) >> 14), limit15((newer - older) >> 14)
}

// join gives the pair of samples, 16 bits, of the last of the sub-bands' differences d and sums s (section 4.4).
func join(d, s *[pairs + 1]int16) (first, second int16) {
	x := int32(d[11])*h0 + int32(d[10])*h2 + int32(d[9])*h4 + int32(d[8])*h6 + int32(d[7])*h8 + int32(d[6])*h10 +
		int32(d[5])*h12 + int32(d[4])*h14 + int32(d[3])*h16 + int32(d[2])*h18 + int32(d[1])*h20 + int32(d[0])*h22
	y := int32(s[0])*h0 + int32(s[1])*h2 + int32(s[2])*h4 + int32(s[3])*h6 + int32(s[4])*h8 + int32(s[5])*h10 +
		int32(s[6])*h12 + int32(s[7])*h14 + int32(s[8])*h16 + int32(s[9])*h18 + int32(s[10])*h20 + int32(s[11])*h22
	return int16(saturate(x >> 11)), int16(saturate(y >> 11))
}

// limit15 limits to 15 bits, the range of a sub-band (block LIMIT).
func limit15(x int32) int32 { return min(max(x, -1<<14), 1<<14-1) }
