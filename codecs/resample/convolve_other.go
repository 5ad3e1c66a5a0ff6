//go:build !amd64

package resample

// convolve is the best this machine has.
func convolve(dst []int16, stride int, x []int16, step int, taps []int16, shift uint, count int) {
	convolveGo(dst, stride, x, step, taps, shift, count)
}
