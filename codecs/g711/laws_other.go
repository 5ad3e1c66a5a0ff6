//go:build !amd64

package g711

// The laws by the best this machine has.

func encodeMu(dst []byte, pcm []int16)     { encodeMuGo(dst, pcm) }
func decodeMu(dst []int16, payload []byte) { decodeMuGo(dst, payload) }
func encodeA(dst []byte, pcm []int16)      { encodeAGo(dst, pcm) }
func decodeA(dst []int16, payload []byte)  { decodeAGo(dst, payload) }
