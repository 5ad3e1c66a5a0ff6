package resample

// convolve is convolveGo by SSE2, which every amd64 has. The taps are a multiple of 16, and those whose
// places modulo 8 are 2n and 2n+1 have magnitudes that sum to less than 65536, so that four sums of
// 32 bits hold all (TestNoBankCanOverflow); these are then added in 64.
func convolve(dst []int16, stride int, x []int16, step int, taps []int16, shift uint, count int) {
	if count == 0 {
		return
	}
	// What the kernel reads and writes lies within the slices.
	_ = dst[(count-1)*stride]
	_ = x[(count-1)*step+len(taps)-1]
	convolveSSE2(&dst[0], stride, &x[0], step, &taps[0], len(taps)/16, shift, count)
}

// convolveSSE2 takes the taps in blocks of 16; blocks and count are positive.
//
//go:noescape
func convolveSSE2(dst *int16, stride int, x *int16, step int, taps *int16, blocks int, shift uint, count int)
