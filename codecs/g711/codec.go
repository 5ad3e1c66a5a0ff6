package g711

// MuLaw is G.711 mu-law (PCMU, RTP payload type 0). It has no state; the zero value is ready.
type MuLaw struct{}

// Encode writes one octet for each sample to dst and gives their number, the lesser of the two lengths.
// hot path: no allocation, lock, clock or log.
func (MuLaw) Encode(dst []byte, pcm []int16) int {
	n := min(len(dst), len(pcm))
	encodeMu(dst[:n], pcm[:n])
	return n
}

// Decode writes one sample for each octet to dst and gives their number, the lesser of the two
// lengths. The error is always nil: every octet is a sample.
// hot path: no allocation, lock, clock or log.
func (MuLaw) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst), len(payload))
	decodeMu(dst[:n], payload[:n])
	return n, nil
}

// ALaw is G.711 A-law (PCMA, RTP payload type 8). It has no state; the zero value is ready.
type ALaw struct{}

// Encode writes one octet for each sample to dst and gives their number, the lesser of the two lengths.
// hot path: no allocation, lock, clock or log.
func (ALaw) Encode(dst []byte, pcm []int16) int {
	n := min(len(dst), len(pcm))
	encodeA(dst[:n], pcm[:n])
	return n
}

// Decode writes one sample for each octet to dst and gives their number, the lesser of the two
// lengths. The error is always nil: every octet is a sample.
// hot path: no allocation, lock, clock or log.
func (ALaw) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst), len(payload))
	decodeA(dst[:n], payload[:n])
	return n, nil
}
