package g726

import "strconv"

// Rate is one of the recommendation's bit rates.
type Rate uint8

const (
	Rate16 Rate = iota // 16 kbit/s, 2 bits a sample
	Rate24             // 24 kbit/s, 3 bits
	Rate32             // 32 kbit/s, 4 bits; what was G.721
	Rate40             // 40 kbit/s, 5 bits
)

// SampleRate is 8 kHz, the RTP clock too.
const SampleRate = 8000

// Bits gives the bits of a sample's code.
func (r Rate) Bits() int { return int(r) + 2 }

// String gives the kilobits in a second: "32", as in the encoding's name G726-32.
func (r Rate) String() string { return strconv.Itoa(8 * r.Bits()) }

// group gives the least number of samples whose codes fill whole octets, and how many.
func (r Rate) group() (samples, octets int) {
	switch bits := r.Bits(); bits {
	case 2, 4:
		return 8 / bits, 1
	default:
		return 8, bits
	}
}

// quantizer is what differs between the rates; it is filled before main and never written again.
type quantizer struct {
	bits   int
	leak   uint           // of the zeros' coefficients, a power of two (block UPB)
	code   [2][4096]uint8 // the code I by the sign of the difference and its normalized logarithm DLN, 12 bits (table 7)
	log    [32]int32      // DQLN: the logarithm that a code stands for (table 8)
	scale  [32]int32      // WI: what a code makes of the scale factor (block FUNCTW)
	change [32]int32      // FI: what a code says of how fast the signal changes (block FUNCTF)
}

var quantizers = [4]quantizer{
	Rate16: newQuantizer(2, 8, []int32{261}, []int32{116, 365}, []int32{-22, 439}, []int32{0, 7}),
	Rate24: newQuantizer(3, 8, []int32{8, 218, 331}, []int32{-2048, 135, 273, 373}, []int32{-4, 30, 137, 582}, []int32{0, 1, 2, 7}),
	Rate32: newQuantizer(4, 8, []int32{-124, 80, 178, 246, 300, 349, 400},
		[]int32{-2048, 4, 135, 213, 273, 323, 373, 425},
		[]int32{-12, 18, 41, 64, 112, 198, 355, 1122},
		[]int32{0, 0, 0, 1, 1, 1, 3, 7}),
	Rate40: newQuantizer(5, 9, []int32{-122, -16, 68, 139, 198, 250, 298, 339, 378, 413, 445, 475, 502, 528, 553},
		[]int32{-2048, -66, 28, 104, 169, 224, 274, 318, 358, 395, 429, 459, 488, 514, 539, 566},
		[]int32{14, 14, 24, 39, 40, 41, 58, 100, 141, 179, 219, 280, 358, 440, 529, 696},
		[]int32{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6}),
}

// newQuantizer spreads the recommendation's tables, which are by magnitude, over signs and codes.
func newQuantizer(bits int, leak uint, decisions, log, scale, change []int32) (q quantizer) {
	q.bits, q.leak = bits, leak
	ones := uint8(1<<bits - 1)
	for magnitude := range log {
		for _, code := range []uint8{uint8(magnitude), ^uint8(magnitude) & ones} {
			q.log[code], q.scale[code], q.change[code] = log[magnitude], scale[magnitude], change[magnitude]
		}
	}
	for dln := int32(-2048); dln < 2048; dln++ {
		magnitude := uint8(0)
		for int(magnitude) < len(decisions) && dln >= decisions[magnitude] {
			magnitude++
		}
		positive, negative := magnitude, ^magnitude&ones
		if positive == 0 && bits > 2 {
			positive = ones // the code of all zeros is not sent
		}
		q.code[0][dln&4095], q.code[1][dln&4095] = positive, negative
	}
	return q
}
