package g711

// The laws by table: the truth that kernels are compared with. What one slice holds has room in the other.

// hot path: no allocation, lock, clock or log.
func encodeMuGo(dst []byte, pcm []int16) {
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		dst[i] = muEncode[uint16(s)>>2]
	}
}

// hot path: no allocation, lock, clock or log.
func decodeMuGo(dst []int16, payload []byte) {
	dst = dst[:len(payload)]
	for i, b := range payload {
		dst[i] = muDecode[b]
	}
}

// hot path: no allocation, lock, clock or log.
func encodeAGo(dst []byte, pcm []int16) {
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		dst[i] = aEncode[uint16(s)>>4]
	}
}

// hot path: no allocation, lock, clock or log.
func decodeAGo(dst []int16, payload []byte) {
	dst = dst[:len(payload)]
	for i, b := range payload {
		dst[i] = aDecode[b]
	}
}
