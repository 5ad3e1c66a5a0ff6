package amr

import (
	"fmt"
	"strconv"
	"strings"
)

// Format is how payloads are packed. The zero value is AMR, bandwidth-efficient, in all modes.
type Format struct {
	Wide         bool   // AMR-WB
	OctetAligned bool   // fields begin at octets
	Modes        uint16 // the bit of each mode that may be sent; 0 means all
}

// ClockRate is that of RTP and of the samples, Hz.
func (f Format) ClockRate() int {
	if f.Wide {
		return 16000
	}
	return 8000
}

// samples are those of a frame, 20 ms.
func (f Format) samples() int { return f.ClockRate() / 50 }

// speech gives the bits of a frame type, -1 when there is none.
func (f Format) speech(frameType int) int {
	if f.Wide {
		return speechBits[1][frameType]
	}
	return speechBits[0][frameType]
}

// modes is how many there are.
func (f Format) modes() int {
	if f.Wide {
		return 9
	}
	return 8
}

// has tells whether a mode may be sent.
func (f Format) has(mode int) bool { return f.Modes == 0 || f.Modes>>mode&1 != 0 }

// mode is the highest that may be sent.
func (f Format) mode() int { return f.modeUpTo(-1) }

// modeUpTo is the highest that may be sent and is not above most, the lowest where there is none; -1 is no bound.
func (f Format) modeUpTo(most int) int {
	found := 0
	for m := f.modes() - 1; m >= 0; m-- {
		if !f.has(m) {
			continue
		}
		if found = m; most < 0 || m <= most {
			break
		}
	}
	return found
}

// EncodedLen gives the octets that a payload of so many samples has at most.
func (f Format) EncodedLen(samples int) int {
	return 2 + min(samples/f.samples(), maxFrames)*(maxOctets+1)
}

// ParseFormat reads the value of a=fmtp (RFC 4867 section 8). What it asks for and cannot have is an error.
func ParseFormat(wide bool, fmtp string) (Format, error) {
	f := Format{Wide: wide}
	for item := range strings.SplitSeq(fmtp, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case name == "octet-align":
			f.OctetAligned = value == "1"
		case name == "mode-set":
			for text := range strings.SplitSeq(value, ",") {
				m, err := strconv.Atoi(strings.TrimSpace(text))
				if err != nil || m < 0 || m >= f.modes() {
					return Format{}, fmt.Errorf("amr: mode-set %q", value)
				}
				f.Modes |= 1 << m
			}
		case (name == "crc" || name == "robust-sorting") && value == "1", name == "interleaving":
			return Format{}, fmt.Errorf("amr: %s is not possible", name)
		case name == "channels" && value != "1":
			return Format{}, fmt.Errorf("amr: %s channels are not possible", value)
		}
	}
	return f, nil
}

// String gives the value of a=fmtp.
func (f Format) String() string {
	var items []string
	if f.OctetAligned {
		items = append(items, "octet-align=1")
	}
	if f.Modes != 0 {
		var modes []string
		for m := range f.modes() {
			if f.Modes>>m&1 != 0 {
				modes = append(modes, strconv.Itoa(m))
			}
		}
		items = append(items, "mode-set="+strings.Join(modes, ","))
	}
	return strings.Join(items, ";")
}
