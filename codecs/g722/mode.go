package g722

// Rates of the RTP payload format (RFC 3551 section 4.5.2), Hz: of the samples, and of the timestamp,
// which for historical reasons is the octets'.
const (
	SampleRate = 16000
	ClockRate  = 8000
)

// Mode says how many bits of an octet are sound (section 1.3). The zero value is Mode1.
type Mode uint8

const (
	Mode1 Mode = iota // 64 kbit/s: all eight; what RTP has
	Mode2             // 56 kbit/s: the last bit is a data channel's
	Mode3             // 48 kbit/s: the last two bits are
)

// sound gives the bits of an octet that are not the data channel's.
func (m Mode) sound() byte { return 0xFF << min(m, Mode3) }
