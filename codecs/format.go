package codecs

import (
	"fmt"
	"strings"
)

// Format is a media format as SDP names it (RFC 8866 a=rtpmap).
type Format struct {
	Name      string // encoding name: PCMU, PCMA, L16, CN, telephone-event; case does not matter
	ClockRate int    // of the RTP timestamp, Hz
	Channels  int    // 0 means 1

	// Fmtp is what the description of who receives it says of it (a=fmtp), empty for nothing. It is looked at where the codec has
	// parameters.
	Fmtp string
}

// Is reports whether two formats have one encoding: names without regard to case, channels 0 and 1 alike, whatever their Fmtp.
func (f Format) Is(other Format) bool {
	return f.ClockRate == other.ClockRate && max(f.Channels, 1) == max(other.Channels, 1) &&
		strings.EqualFold(f.Name, other.Name)
}

// String gives the format as in a=rtpmap: PCMU/8000, opus/48000/2.
func (f Format) String() string {
	if f.Channels > 1 {
		return fmt.Sprintf("%s/%d/%d", f.Name, f.ClockRate, f.Channels)
	}
	return fmt.Sprintf("%s/%d", f.Name, f.ClockRate)
}
