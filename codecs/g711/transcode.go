package g711

// AToMu turns A-law octets into mu-law octets: G.711 decode and encode through 16-bit linear, in one table.
type AToMu struct{}

// Transform writes the mu-law form of payload to dst and gives the number of octets, the lesser of
// the two lengths. dst and payload may be the same memory.
// hot path: no allocation, lock, clock or log.
func (AToMu) Transform(dst, payload []byte) int {
	return translate(&aToMu, dst, payload)
}

// MuToA turns mu-law octets into A-law octets: G.711 decode and encode through 16-bit linear, in one table.
type MuToA struct{}

// Transform writes the A-law form of payload to dst and gives the number of octets, the lesser of
// the two lengths. dst and payload may be the same memory.
// hot path: no allocation, lock, clock or log.
func (MuToA) Transform(dst, payload []byte) int {
	return translate(&muToA, dst, payload)
}

func translate(table *[256]uint8, dst, payload []byte) int {
	n := min(len(dst), len(payload))
	dst = dst[:n]
	for i, b := range payload[:n] {
		dst[i] = table[b]
	}
	return n
}
