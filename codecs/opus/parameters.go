package opus

import (
	"strconv"
	"strings"
)

// Parameters are those of a=fmtp, by which a receiver says what it wants (RFC 7587 section 6.1). The zero
// value is what their absence means.
type Parameters struct {
	MaxPlaybackRate   int  // Hz, 8000 to 48000; 0 means 48000
	MaxAverageBitrate int  // bit/s, 6000 to 510000; 0 means what suits the rate and the channels
	Stereo            bool // two channels are preferred
	SpropStereo       bool // two channels are likely sent
	CBR               bool
	FEC               bool // useinbandfec
	DTX               bool // usedtx
}

// ParseParameters reads the value of a=fmtp. Unknown parameters and impossible values do not count, as the
// RFC has it for unknown ones.
func ParseParameters(fmtp string) Parameters {
	var p Parameters
	for item := range strings.SplitSeq(fmtp, ";") {
		name, value, _ := strings.Cut(item, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "maxplaybackrate":
			p.MaxPlaybackRate = within(value, 8000, 48000)
		case "maxaveragebitrate":
			p.MaxAverageBitrate = within(value, 6000, 510000)
		case "stereo":
			p.Stereo = value == "1"
		case "sprop-stereo":
			p.SpropStereo = value == "1"
		case "cbr":
			p.CBR = value == "1"
		case "useinbandfec":
			p.FEC = value == "1"
		case "usedtx":
			p.DTX = value == "1"
		}
	}
	return p
}

// within reads a number, 0 when it is not between least and most.
func within(value string, least, most int) int {
	if n, err := strconv.Atoi(value); err == nil && n >= least && n <= most {
		return n
	}
	return 0
}

// String gives the value of a=fmtp, without what is as its absence says.
func (p Parameters) String() string {
	var items []string
	number := func(name string, n int) {
		if n != 0 {
			items = append(items, name+"="+strconv.Itoa(n))
		}
	}
	flag := func(name string, on bool) {
		if on {
			items = append(items, name+"=1")
		}
	}
	number("maxplaybackrate", p.MaxPlaybackRate)
	number("maxaveragebitrate", p.MaxAverageBitrate)
	flag("stereo", p.Stereo)
	flag("sprop-stereo", p.SpropStereo)
	flag("cbr", p.CBR)
	flag("useinbandfec", p.FEC)
	flag("usedtx", p.DTX)
	return strings.Join(items, ";")
}

// Config is what an encoder must be like for a receiver that said this.
func (p Parameters) Config() Config {
	c := Config{MaxBandwidth: p.MaxPlaybackRate, CBR: p.CBR, FEC: p.FEC, DTX: p.DTX}
	if p.MaxAverageBitrate > 0 {
		c.Bitrate = min(p.MaxAverageBitrate, defaultBitrate)
	}
	return c
}
