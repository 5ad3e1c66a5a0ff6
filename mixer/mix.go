package mixer

// The arithmetic of a mix: sums are int32, which 65,536 full-scale voices cannot overflow, and
// nothing is rounded or clipped before the limiter, so that a party's own voice is taken out of the sum
// exactly as it went in.

// add adds the voice to the sum; both have one length.
//
// hot path: no allocation, lock, clock or log
func add(sum []int32, voice []int16) {
	voice = voice[:len(sum)]
	for i := range sum {
		sum[i] += int32(voice[i])
	}
}

// minus writes to dst the sum without one voice; all three have one length.
//
// hot path: no allocation, lock, clock or log
func minus(dst, sum []int32, voice []int16) {
	sum, voice = sum[:len(dst)], voice[:len(dst)]
	for i := range dst {
		dst[i] = sum[i] - int32(voice[i])
	}
}

// ramp scales x by a gain that moves in a straight line from one value to another, both Q15, so
// that a voice or an ear is switched on and off without a click.
//
// hot path: no allocation, lock, clock or log
func ramp(x []int16, from, to int32) {
	n := int32(len(x))
	for i := range x {
		gain := from + (to-from)*int32(i+1)/n
		x[i] = int16(int32(x[i]) * gain >> 15)
	}
}

// ramp32 is ramp for a sum.
//
// hot path: no allocation, lock, clock or log
func ramp32(x []int32, from, to int32) {
	n := int32(len(x))
	for i := range x {
		gain := from + (to-from)*int32(i+1)/n
		x[i] = int32(int64(x[i]) * int64(gain) >> 15)
	}
}

// unityGain is a gain of one in the Q15 of ramp.
const unityGain = 1 << 15

// energy returns the mean square of x in sample units.
//
// hot path: no allocation, lock, clock or log
func energy(x []int16) int64 {
	var sum int64
	for _, v := range x {
		sum += int64(v) * int64(v)
	}
	return sum / int64(len(x))
}
