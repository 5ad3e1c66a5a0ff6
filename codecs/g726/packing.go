package g726

// Packing is the order of the codes in octets. The zero value is RTP.
type Packing uint8

const (
	RTP  Packing = iota // the first code in the least significant bits: G726-16 to G726-40 (RFC 3551 section 4.5.4)
	AAL2                // the first code in the most significant bits: AAL2-G726-16 to AAL2-G726-40 (same section)
)

// longestGroup is the most codes that pack takes at once.
const longestGroup = 8

// pack writes a group of codes to as many octets of dst as they fill.
func (p Packing) pack(dst []byte, codes []uint8, bits int) {
	var word uint64
	if p == AAL2 {
		for _, code := range codes {
			word = word<<bits | uint64(code)
		}
		for i := len(dst) - 1; i >= 0; i-- {
			dst[i] = byte(word)
			word >>= 8
		}
		return
	}
	for i, code := range codes {
		word |= uint64(code) << (i * bits)
	}
	for i := range dst {
		dst[i] = byte(word)
		word >>= 8
	}
}

// unpack gives the codes in a group's octets, of which the last group may have too few.
func (p Packing) unpack(codes *[longestGroup]uint8, octets []byte, bits int) {
	var word uint64
	mask := uint64(1)<<bits - 1
	if p == AAL2 {
		for i, octet := range octets {
			word |= uint64(octet) << (56 - 8*i)
		}
		for i := range codes {
			codes[i] = uint8(word >> (64 - bits - bits*i) & mask)
		}
		return
	}
	for i, octet := range octets {
		word |= uint64(octet) << (8 * i)
	}
	for i := range codes {
		codes[i] = uint8(word >> (bits * i) & mask)
	}
}
