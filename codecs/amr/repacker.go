package amr

// Repacker makes of the payloads of one packing those of another, without decoding them and without a library. The mode that the other
// side is asked for goes with them. It belongs to one flow.
type Repacker struct {
	from, to Format
	frames   [maxFrames * maxOctets]byte
}

// NewRepacker makes a repacker between two formats of the same codec.
func NewRepacker(from, to Format) *Repacker { return &Repacker{from: from, to: to} }

// Transform writes the payload to dst in the other packing and gives its length, 0 for what is malformed.
// hot path: no allocation, lock, clock or log.
func (p *Repacker) Transform(dst, payload []byte) int {
	r, ok := p.from.open(payload)
	if !ok {
		return 0
	}
	n := 0
	for {
		if _, _, ok := r.next(p.frames[n : n+min(maxOctets, len(p.frames)-n)]); !ok {
			break
		}
		n += maxOctets
	}
	length := p.to.pack(dst, p.frames[:n], maxOctets)
	if length > 0 {
		dst[0] = dst[0]&0x0F | payload[0]&0xF0
	}
	return length
}
