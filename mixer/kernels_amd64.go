package mixer

// The arithmetic of mix.go by SSE2, which every amd64 has, eight samples at once. What is left of eights goes the plain way.

func add(sum []int32, voice []int16) {
	whole := len(sum) &^ 7
	if whole > 0 {
		_ = voice[whole-1] // what the kernel reads lies within the slice
		addSSE2(&sum[0], &voice[0], whole/8)
	}
	addGo(sum[whole:], voice[whole:])
}

func minus(dst, sum []int32, voice []int16) {
	whole := len(dst) &^ 7
	if whole > 0 {
		_, _ = sum[whole-1], voice[whole-1]
		minusSSE2(&dst[0], &sum[0], &voice[0], whole/8)
	}
	minusGo(dst[whole:], sum[whole:], voice[whole:])
}

func squares(x []int16) int64 {
	whole := len(x) &^ 7
	var sum int64
	if whole > 0 {
		sum = squaresSSE2(&x[0], whole/8)
	}
	return sum + squaresGo(x[whole:])
}

func narrow(dst []int16, mix []int32) (fits bool) {
	whole := len(mix) &^ 7
	var beyond uint32
	if whole > 0 {
		_ = dst[whole-1]
		beyond = narrowSSE2(&dst[0], &mix[0], whole/8)
	}
	return narrowGo(dst[whole:], mix[whole:]) && beyond == 0
}

// Each takes a positive number of eight samples.

//go:noescape
func addSSE2(sum *int32, voice *int16, eights int)

//go:noescape
func minusSSE2(dst, sum *int32, voice *int16, eights int)

//go:noescape
func squaresSSE2(x *int16, eights int) int64

// narrowSSE2 returns something but 0 where a value did not fit.
//
//go:noescape
func narrowSSE2(dst *int16, mix *int32, eights int) (beyond uint32)
