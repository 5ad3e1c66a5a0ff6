package g726

// Encoder is the encoder of one stream.
type Encoder struct {
	state   state
	rate    Rate
	packing Packing
}

// NewEncoder makes an encoder in the recommendation's reset state. It panics when there is no such rate.
func NewEncoder(rate Rate, packing Packing) *Encoder {
	_ = quantizers[rate]
	return &Encoder{reset, rate, packing}
}

// Reset forgets the stream.
func (e *Encoder) Reset() { e.state = reset }

// CopyState makes e go on exactly as from, of the same rate and packing, would.
func (e *Encoder) CopyState(from *Encoder) { e.state = from.state }

// SameState tells whether e and as will make the same octets of the same samples.
func (e *Encoder) SameState(as *Encoder) bool { return *e == *as }

// Encode writes the codes of the samples to dst and gives their length in octets. Only whole octets
// are written and only the samples are taken whose codes fill them: all of them, when their number is a
// multiple of 8 and dst has room. The lower two bits of a sample are not used.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) Encode(dst []byte, pcm []int16) int {
	samples, octets := e.rate.group()
	groups := min(len(pcm)/samples, len(dst)/octets)
	var linear [longestGroup]int32
	for i := range groups {
		for k, s := range pcm[i*samples : (i+1)*samples] {
			linear[k] = int32(s) >> 2
		}
		e.group(dst[i*octets:(i+1)*octets], linear[:samples])
	}
	return groups * octets
}

// EncodeLaw is Encode of G.711 octets.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) EncodeLaw(dst, g711 []byte, law Law) int {
	samples, octets := e.rate.group()
	groups := min(len(g711)/samples, len(dst)/octets)
	var linear [longestGroup]int32
	for i := range groups {
		for k, octet := range g711[i*samples : (i+1)*samples] {
			linear[k] = law.expand(octet)
		}
		e.group(dst[i*octets:(i+1)*octets], linear[:samples])
	}
	return groups * octets
}

// group encodes samples of 14 bits whose codes fill dst (block SUBTA and what follows).
func (e *Encoder) group(dst []byte, linear []int32) {
	q, s := &quantizers[e.rate], &e.state
	var codes [longestGroup]uint8
	for i, sl := range linear {
		p := s.predict()
		codes[i] = q.quantize(sl-p.se, p.y)
		s.adapt(q, p, codes[i])
	}
	e.packing.pack(dst, codes[:len(linear)], q.bits)
}
