package amr

// Frame types that both codecs have (RFC 4867 section 4.3.2).
const (
	typeLost   = 14 // AMR-WB only: speech lost
	typeNoData = 15
)

// maxFrames bounds the frames of a payload: 240 ms.
const maxFrames = 12

// maxOctets is the longest frame, with the octet before it that says what it is.
const maxOctets = 61

// speechBits are the bits of each frame type, -1 for what must not be (3GPP TS 26.101 and 26.201, tables 1).
var speechBits = [2][16]int{
	{95, 103, 118, 134, 148, 159, 204, 244, 39, -1, -1, -1, -1, -1, -1, 0},
	{132, 177, 253, 285, 317, 365, 397, 461, 477, 40, -1, -1, -1, -1, 0, 0},
}

// copyBits copies n bits that begin at bit from of src to bit to of dst, most significant first. The bits
// of dst from there on are zero before.
func copyBits(dst []byte, to int, src []byte, from, n int) {
	for i := 0; i < n; {
		take := min(8-(to+i)&7, 8-(from+i)&7, n-i)
		bits := src[(from+i)>>3] << ((from + i) & 7) >> (8 - take)
		dst[(to+i)>>3] |= bits << (8 - take - (to+i)&7)
		i += take
	}
}
