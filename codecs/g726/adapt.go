package g726

// adapt takes the code of a sample into the state and gives the reconstructed signal, 16 bits. Each
// block sees the others' results of this sample or of the one before as the recommendation's figure 4 has it.
func (s *state) adapt(q *quantizer, p prediction, code uint8) (sr int32) {
	sign := -int32(code >> (q.bits - 1) & 1)
	magnitude := antilog(q.log[code] + p.y>>2)
	dq := (magnitude ^ sign) - sign
	sr = int32(int16(p.se + dq)) // ADDB

	transition := s.transition(magnitude)
	s.adaptScale(p.y, q.scale[code])
	s.adaptPoles(p.sez + dq)
	narrow := s.a[1] < -11776 // TONE
	s.adaptSpeed(p.y, q.change[code], narrow)
	s.adaptZeros(sign, magnitude, q.leak)
	s.td = narrow
	if transition { // TRIGA, TRIGB
		s.a, s.b = [2]int32{}, [6]int32{}
		s.td = false
		s.ap = 256
	}
	srs := sr >> 31
	s.sr[0], s.sr[1] = toFloat(((sr^srs)-srs)&0x7FFF, srs), s.sr[0]
	return sr
}

// antilog gives the magnitude of a quantized difference, 15 bits, by its logarithm (blocks ADDA, ANTILOG).
func antilog(dql int32) int32 {
	if dql < 0 {
		return 0
	}
	return (dql&127 + 128) << 7 >> ((14 - dql>>7) & 31)
}

// transition tells whether a narrow-band signal has just ended (block TRANS).
func (s *state) transition(magnitude int32) bool {
	if !s.td {
		return false
	}
	threshold := int32(31 << 10)
	if exponent := s.yl >> 15; exponent <= 9 {
		threshold = (32 + s.yl>>10&31) << (exponent & 31)
	}
	return magnitude > (threshold+threshold>>1)>>1
}

// adaptScale moves the fast and the slow scale factor (blocks FILTD, LIMB, FILTE).
func (s *state) adaptScale(y, wi int32) {
	s.yu = min(max(y+(wi<<5-y)>>5, 544), 5120)
	s.yl += s.yu + -s.yl>>6
}

// adaptSpeed moves the averages of FI and by them the speed control (blocks FILTA, FILTB, SUBTC, FILTC).
func (s *state) adaptSpeed(y, fi int32, narrow bool) {
	s.dms += (fi<<9 - s.dms) >> 5
	s.dml += (fi<<11 - s.dml) >> 7
	apart := s.dms<<2 - s.dml
	if apart < 0 {
		apart = -apart
	}
	ax := int32(0)
	if y < 1536 || narrow || apart >= s.dml>>3 {
		ax = 512
	}
	s.ap += (ax - s.ap) >> 4
}

// adaptPoles moves the poles' coefficients towards what would have predicted the sign of the signal
// without their part (blocks ADDC, XOR, UPA2, LIMC, UPA1, LIMD).
func (s *state) adaptPoles(dqsez int32) {
	pk0 := int32(int16(dqsez)) >> 31
	differ1, differ2 := pk0^s.pk[0], pk0^s.pk[1]
	s.pk[0], s.pk[1] = pk0, s.pk[0]
	a1 := s.a[0]
	var step1, step2 int32
	if int16(dqsez) != 0 {
		fa := min(max(a1, -8191), 8191) << 2
		step1 = signed(192, differ1)
		step2 = (signed(16384, differ2) + signed(-fa, differ1)) >> 7
	}
	a2 := min(max(s.a[1]+step2-s.a[1]>>7, -12288), 12288)
	bound := 15360 - a2
	s.a[0], s.a[1] = min(max(a1+step1-a1>>8, -bound), bound), a2
}

// adaptZeros moves the zeros' coefficients by the signs of the quantized differences and takes the
// new one into these (blocks XOR, UPB, FLOATA).
func (s *state) adaptZeros(sign, magnitude int32, leak uint) {
	step := int32(128)
	if magnitude == 0 {
		step = 0
	}
	b, dq := &s.b, &s.dq
	b[5] = moved(b[5], signed(step, sign), dq[5], leak)
	b[4] = moved(b[4], signed(step, sign), dq[4], leak)
	b[3] = moved(b[3], signed(step, sign), dq[3], leak)
	b[2] = moved(b[2], signed(step, sign), dq[2], leak)
	b[1] = moved(b[1], signed(step, sign), dq[1], leak)
	b[0] = moved(b[0], signed(step, sign), dq[0], leak)
	dq[5], dq[4], dq[3], dq[2], dq[1], dq[0] = dq[4], dq[3], dq[2], dq[1], dq[0], toFloat(magnitude, sign)
}

// moved gives a zero's coefficient after its step, in 16 bits.
func moved(b, step int32, weighed float, leak uint) int32 {
	return int32(int16(b + signed(step, int32(weighed>>31)) - b>>(leak&31)))
}

// signed gives x when negative is 0, -x when it is -1.
func signed(x, negative int32) int32 { return (x ^ negative) - negative }
