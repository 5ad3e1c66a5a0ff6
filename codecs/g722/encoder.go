package g722

// Encoder is the encoder of one stream of 16 kHz samples.
type Encoder struct {
	state encoding
}

// encoding is all that an encoder remembers.
type encoding struct {
	low, high band
	history   [tail]int16 // the samples before the next pair
	mode      Mode
}

// NewEncoder makes an encoder in the recommendation's reset state.
func NewEncoder(mode Mode) *Encoder {
	return &Encoder{encoding{low: resetLow, high: resetHigh, mode: mode}}
}

// Reset forgets the stream.
func (e *Encoder) Reset() { *e = *NewEncoder(e.state.mode) }

// CopyState makes e go on exactly as from would.
func (e *Encoder) CopyState(from *Encoder) { e.state = from.state }

// SameState tells whether e and as will make the same octets of the same samples.
func (e *Encoder) SameState(as *Encoder) bool { return e.state == as.state }

// Encode writes one octet for every two samples to dst and gives their number, the lesser of the
// length of dst and half that of pcm; an odd last sample is not taken. In modes 2 and 3 the bits of
// the data channel are zero.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) Encode(dst []byte, pcm []int16) int {
	n := min(len(dst), len(pcm)/2)
	dst, pcm = dst[:n], pcm[:2*n]
	var seam [2 * tail]int16
	copy(seam[:], e.state.history[:])
	joined := copy(seam[tail:], pcm)
	for i := range joined / 2 {
		dst[i] = e.state.code(split((*[tail + 2]int16)(seam[2*i:])))
	}
	for i := pairs; i < n; i++ {
		dst[i] = e.state.code(split((*[tail + 2]int16)(pcm[2*i-tail:])))
	}
	if len(pcm) < tail {
		copy(e.state.history[:], seam[joined:])
	} else {
		copy(e.state.history[:], pcm[len(pcm)-tail:])
	}
	return n
}

// code takes one sample of each sub-band, 15 bits, and gives their octet.
func (e *encoding) code(low, high int32) byte {
	il := quantizeLow(saturate(low-e.low.s), e.low.det)
	e.low.takeLow(il >> 2)
	ih := quantizeHigh(saturate(high-e.high.s), e.high.det)
	e.high.takeHigh(ih)
	return (ih<<6 | il) & e.mode.sound()
}
