package pcm

import (
	"encoding/binary"
	"errors"
)

// ErrOddLength says that an L16 payload ends in half a sample; the whole samples before it are decoded.
var ErrOddLength = errors.New("pcm: L16 payload of odd length")

// L16 is linear 16-bit PCM in network byte order (RFC 3551 section 4.5.11). The zero value is ready.
type L16 struct{}

// Encode writes two octets for each sample and gives the number of octets; whole samples only.
// hot path: no allocation, lock, clock or log.
func (L16) Encode(dst []byte, pcm []int16) int {
	n := min(len(dst)/2, len(pcm))
	for i, s := range pcm[:n] {
		binary.BigEndian.PutUint16(dst[2*i:], uint16(s))
	}
	return 2 * n
}

// Decode writes one sample for every two octets and gives the number of samples.
// hot path: no allocation, lock, clock or log.
func (L16) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst), len(payload)/2)
	for i := range dst[:n] {
		dst[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	if len(payload)%2 != 0 {
		return n, ErrOddLength
	}
	return n, nil
}
