package g726

// Decoder is the decoder of one stream.
type Decoder struct {
	state   state
	rate    Rate
	packing Packing
}

// NewDecoder makes a decoder in the recommendation's reset state. It panics when there is no such rate.
func NewDecoder(rate Rate, packing Packing) *Decoder {
	_ = quantizers[rate]
	return &Decoder{reset, rate, packing}
}

// Reset forgets the stream.
func (d *Decoder) Reset() { d.state = reset }

// Decode writes the samples of the whole codes in payload to dst and gives their number; with too
// little room, as many as fit. The error is always nil: all bits are codes.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Decode(dst []int16, payload []byte) (int, error) {
	q, s := &quantizers[d.rate], &d.state
	samples, octets := d.rate.group()
	n := min(len(dst), 8*len(payload)/q.bits)
	var codes [longestGroup]uint8
	for dst = dst[:n]; len(dst) > 0; {
		octets := min(octets, len(payload))
		d.packing.unpack(&codes, payload[:octets], q.bits)
		samples := min(samples, len(dst))
		for i, code := range codes[:samples] {
			sr := s.adapt(q, s.predict(), code)
			dst[i] = int16(min(max(sr, -1<<13), 1<<13-1) << 2)
		}
		dst, payload = dst[samples:], payload[octets:]
	}
	return n, nil
}

// DecodeLaw is Decode to G.711 octets, synchronously adjusted.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) DecodeLaw(dst, payload []byte, law Law) int {
	q, s := &quantizers[d.rate], &d.state
	samples, octets := d.rate.group()
	n := min(len(dst), 8*len(payload)/q.bits)
	var codes [longestGroup]uint8
	for dst = dst[:n]; len(dst) > 0; {
		octets := min(octets, len(payload))
		d.packing.unpack(&codes, payload[:octets], q.bits)
		samples := min(samples, len(dst))
		for i, code := range codes[:samples] {
			p := s.predict()
			dst[i] = q.synchronize(law, law.compress(s.adapt(q, p, code)), p, code)
		}
		dst, payload = dst[samples:], payload[octets:]
	}
	return n
}

// synchronize gives the octet that an encoder in the same state would code as this decoder was told:
// the given one or the next above or below it (block SYNC).
func (q *quantizer) synchronize(law Law, octet uint8, p prediction, code uint8) uint8 {
	order := uint8(1) << (q.bits - 1) // a code with its sign inverted is in the order of its values
	again := q.quantize(law.expand(octet)-p.se, p.y) ^ order
	switch code ^= order; {
	case again < code:
		return law.higher(octet)
	case again > code:
		return law.lower(octet)
	}
	return octet
}
