package resample

import "math"

// convolveGo makes count outputs, every stride-th of dst: output i is the sum of taps[k]*x[i*step+k],
// divided by 2^shift, rounded and saturated.
// hot path: no allocation, lock, clock or log.
func convolveGo(dst []int16, stride int, x []int16, step int, taps []int16, shift uint, count int) {
	for i := range count {
		sum := int64(1) << (shift - 1)
		window := x[i*step:][:len(taps)]
		for k, tap := range taps {
			sum += int64(tap) * int64(window[k])
		}
		dst[i*stride] = int16(min(max(sum>>shift, math.MinInt16), math.MaxInt16))
	}
}
