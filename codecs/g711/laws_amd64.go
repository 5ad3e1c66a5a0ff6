package g711

// The laws by arithmetic in SSE2, which every amd64 has: no table of 16 kB that drives other things from the processor's cache, and a
// third of the time even where it is there. What is left of eights goes by table.

func encodeMu(dst []byte, pcm []int16) {
	whole := len(pcm) &^ 7
	if whole > 0 {
		_ = dst[whole-1] // what the kernel writes lies within the slice
		encodeMuSSE2(&dst[0], &pcm[0], whole/8)
	}
	encodeMuGo(dst[whole:], pcm[whole:])
}

func decodeMu(dst []int16, payload []byte) {
	whole := len(payload) &^ 7
	if whole > 0 {
		_ = dst[whole-1]
		decodeMuSSE2(&dst[0], &payload[0], whole/8)
	}
	decodeMuGo(dst[whole:], payload[whole:])
}

func encodeA(dst []byte, pcm []int16) {
	whole := len(pcm) &^ 7
	if whole > 0 {
		_ = dst[whole-1]
		encodeASSE2(&dst[0], &pcm[0], whole/8)
	}
	encodeAGo(dst[whole:], pcm[whole:])
}

func decodeA(dst []int16, payload []byte) {
	whole := len(payload) &^ 7
	if whole > 0 {
		_ = dst[whole-1]
		decodeASSE2(&dst[0], &payload[0], whole/8)
	}
	decodeAGo(dst[whole:], payload[whole:])
}

// Each takes a positive number of eight samples.

//go:noescape
func encodeMuSSE2(dst *byte, from *int16, eights int)

//go:noescape
func decodeMuSSE2(dst *int16, from *byte, eights int)

//go:noescape
func encodeASSE2(dst *byte, from *int16, eights int)

//go:noescape
func decodeASSE2(dst *int16, from *byte, eights int)
