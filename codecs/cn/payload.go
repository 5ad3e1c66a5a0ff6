package cn

import "math"

// maxOrder is the most reflection coefficients that are used.
const maxOrder = 12

// quietest is the lowest level there is, -dBov (RFC 3389 section 3.1).
const quietest = 127

// description is what a payload says.
type description struct {
	amplitude float64 // RMS of the noise before the filter, in samples' units
	filter    [maxOrder]float64
	order     int // coefficients in use
}

// parse reads a payload: one octet of level, then one for each reflection coefficient. An empty one
// is silence.
func parse(payload []byte) (d description) {
	if len(payload) == 0 {
		return d
	}
	level := min(payload[0]&0x7F, quietest)
	if level == quietest {
		return d
	}
	const full = 32768
	d.amplitude = full * math.Pow(10, -float64(level)/20)
	d.order = min(len(payload)-1, maxOrder)
	for i, octet := range payload[1 : 1+d.order] {
		// Section 3.2; 255 is not defined and would be outside of the unit circle.
		k := 258 * float64(int(min(octet, 254))-127) / 32768
		d.filter[i] = k
		// The filter adds power; the level is that of the whole.
		d.amplitude *= math.Sqrt(1 - k*k)
	}
	return d
}
