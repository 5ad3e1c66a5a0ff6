package g722

// Decoder is the decoder of one stream.
type Decoder struct {
	low, high       band
	difference, sum [pairs]int16 // of the sub-bands' samples before the next
	mode            Mode
}

// NewDecoder makes a decoder in the recommendation's reset state.
func NewDecoder(mode Mode) *Decoder {
	return &Decoder{low: resetLow, high: resetHigh, mode: mode}
}

// Reset forgets the stream.
func (d *Decoder) Reset() { *d = *NewDecoder(d.mode) }

// chunk is how many octets are decoded between two runs of the filter.
const chunk = 80

// Decode writes two 16 kHz samples for each octet to dst and gives their number, the lesser of twice
// the length of payload and the even part of the length of dst. The error is always nil: every octet
// is a code.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Decode(dst []int16, payload []byte) (int, error) {
	n := min(len(dst)/2, len(payload))
	payload = payload[:n]
	var difference, sum [pairs + chunk]int16
	for len(payload) > 0 {
		octets := payload[:min(len(payload), chunk)]
		copy(difference[:], d.difference[:])
		copy(sum[:], d.sum[:])
		for i, octet := range octets {
			low, high := d.sample(octet)
			difference[pairs+i], sum[pairs+i] = int16(low-high), int16(low+high)
		}
		for i := range octets {
			dst[2*i], dst[2*i+1] = join((*[pairs + 1]int16)(difference[i:]), (*[pairs + 1]int16)(sum[i:]))
		}
		copy(d.difference[:], difference[len(octets):])
		copy(d.sum[:], sum[len(octets):])
		dst, payload = dst[2*len(octets):], payload[len(octets):]
	}
	return 2 * n, nil
}

// sample takes an octet and gives the sample of each sub-band, 15 bits.
func (d *Decoder) sample(octet byte) (low, high int32) {
	il, ih := octet&0x3F, octet>>6
	low = d.low.s
	switch d.mode {
	case Mode1:
		low += d.low.det * inverse6[il] >> 15
	case Mode2:
		low += d.low.det * inverse5[il>>1] >> 15
	default:
		low += d.low.det * inverse4[il>>2] >> 15
	}
	d.low.takeLow(il >> 2)
	high = d.high.s
	high += d.high.takeHigh(ih)
	return limit15(low), limit15(high)
}
