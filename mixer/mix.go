package mixer

// The arithmetic of a mix: sums are int32, which 65,536 full-scale voices cannot overflow, and
// nothing is rounded or clipped before the limiter, so that a party's own voice is taken out of the sum
// exactly as it went in. What ends in Go is the truth that the machine's kernels (kernels_amd64.s) are compared with.

// addGo adds the voice to the sum; both have one length.
//
// hot path: no allocation, lock, clock or log
func addGo(sum []int32, voice []int16) {
	voice = voice[:len(sum)]
	for i := range sum {
		sum[i] += int32(voice[i])
	}
}

// minusGo writes to dst the sum without one voice; all three have one length.
//
// hot path: no allocation, lock, clock or log
func minusGo(dst, sum []int32, voice []int16) {
	sum, voice = sum[:len(dst)], voice[:len(dst)]
	for i := range dst {
		dst[i] = sum[i] - int32(voice[i])
	}
}

// addScaled adds sign times the voice at a moving gain. What it adds for 1 it takes away for -1, to the bit: each product is
// rounded by itself.
//
// hot path: no allocation, lock, clock or log
func addScaled(sum []int32, voice []int16, gain span, sign int32) {
	voice = voice[:len(sum)]
	at, step := gain.line(len(sum))
	for i := range sum {
		at += step
		sum[i] += sign * int32(int64(voice[i])*(at>>16)>>15)
	}
}

// ramp scales x by a moving gain.
//
// hot path: no allocation, lock, clock or log
func ramp(x []int32, gain span) {
	at, step := gain.line(len(x))
	for i := range x {
		at += step
		x[i] = int32(int64(x[i]) * (at >> 16) >> 15)
	}
}

// line gives where the gain begins and its step a sample, both with 16 more places; after n steps it is where it goes.
func (s span) line(n int) (at, step int64) {
	step = int64(s.to-s.from) << 16 / int64(n)
	return int64(s.to)<<16 - step*int64(n), step
}

// crossfade goes from one signal to x in the last quarter of it.
//
// hot path: no allocation, lock, clock or log
func crossfade(x, from []int16) {
	at := len(x) * 3 / 4
	copy(x[:at], from)
	rest := x[at:]
	n := int32(len(rest))
	for i, v := range from[at:len(x)] {
		rest[i] = int16((int32(rest[i])*int32(i+1) + int32(v)*(n-int32(i+1))) / n)
	}
}

// energy returns the mean square of x in sample units.
//
// hot path: no allocation, lock, clock or log
func energy(x []int16) int64 { return squares(x) / int64(len(x)) }

// squaresGo returns the sum of the squares of x.
//
// hot path: no allocation, lock, clock or log
func squaresGo(x []int16) (sum int64) {
	for _, v := range x {
		sum += int64(v) * int64(v)
	}
	return sum
}

// narrowGo writes a mix as samples and tells whether all of it is within 16 bits; where it is not, what it wrote means nothing. dst
// has room for all.
//
// hot path: no allocation, lock, clock or log
func narrowGo(dst []int16, mix []int32) (fits bool) {
	dst = dst[:len(mix)]
	var beyond uint32
	for i, v := range mix {
		dst[i] = int16(v)
		beyond |= uint32(v+32768) >> 16
	}
	return beyond == 0
}
