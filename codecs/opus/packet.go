package opus

import "errors"

// What packets are made of (RFC 6716 section 3.4).
const (
	maxFrame    = 1275            // octets of one frame
	maxDuration = 120 * 48        // units of 48 kHz in a packet
	maxPacket   = 48*maxFrame + 8 // the longest packet that is decoded; 48 frames of 2.5 ms
)

// ErrMalformed is a packet that breaks a rule of RFC 6716 section 3.4.
var ErrMalformed = errors.New("opus: malformed packet")

// Pauses reports whether the sender of a packet may send nothing for a while (DTX): libopus tells so by one of up to two octets.
// hot path: no allocation, lock, clock or log.
func Pauses(payload []byte) bool { return len(payload) > 0 && len(payload) <= 2 }

// Duration gives the length of a packet in units of 48 kHz, 0 for what is malformed.
// hot path: no allocation, lock, clock or log.
func Duration(payload []byte) int {
	frames, ok := parse(payload)
	if !ok {
		return 0
	}
	return frames * frameDuration(payload[0])
}

// frameDuration gives the length of each frame by the TOC octet's configuration (section 3.1, table 2).
func frameDuration(toc byte) int {
	switch config := int(toc >> 3); {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [...]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		return 120 << (config & 3)
	}
}

// parse checks a packet against the rules R1 to R7 of section 3.4 and counts its frames.
func parse(payload []byte) (frames int, ok bool) {
	if len(payload) == 0 || len(payload) > maxPacket { // R1
		return 0, false
	}
	toc, rest := payload[0], payload[1:]
	switch toc & 3 {
	case 0:
		return 1, len(rest) <= maxFrame // R2
	case 1:
		return 2, len(rest)%2 == 0 && len(rest)/2 <= maxFrame // R3
	case 2:
		first, rest, ok := frameLength(rest)
		return 2, ok && first <= len(rest) && len(rest)-first <= maxFrame // R4
	default:
		return parseMany(toc, rest)
	}
}

// parseMany is for packets of code 3: a count, padding, and frames of one length or each of its own.
func parseMany(toc byte, rest []byte) (frames int, ok bool) {
	if len(rest) == 0 {
		return 0, false
	}
	head := rest[0]
	rest = rest[1:]
	frames = int(head & 0x3F)
	if frames == 0 || frames*frameDuration(toc) > maxDuration { // R5
		return 0, false
	}
	if head&0x40 != 0 {
		padding := 0
		for more := true; more; {
			if len(rest) == 0 {
				return 0, false
			}
			n := int(rest[0])
			rest = rest[1:]
			if more = n == 255; more {
				n = 254
			}
			padding += n
		}
		if padding > len(rest) {
			return 0, false
		}
		rest = rest[:len(rest)-padding]
	}
	if head&0x80 == 0 { // R6
		return frames, len(rest)%frames == 0 && len(rest)/frames <= maxFrame
	}
	total := 0
	for range frames - 1 { // R7
		var n int
		if n, rest, ok = frameLength(rest); !ok {
			return 0, false
		}
		total += n
	}
	return frames, total <= len(rest) && len(rest)-total <= maxFrame
}

// frameLength reads a length of one or two octets (section 3.2.1).
func frameLength(b []byte) (n int, rest []byte, ok bool) {
	switch {
	case len(b) == 0:
		return 0, nil, false
	case b[0] < 252:
		return int(b[0]), b[1:], true
	case len(b) == 1:
		return 0, nil, false
	default:
		return 4*int(b[1]) + int(b[0]), b[2:], true
	}
}
