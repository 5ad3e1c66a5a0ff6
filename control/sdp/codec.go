package sdp

import (
	"fmt"
	"strconv"
	"strings"
)

// TelephoneEvent is the encoding name of DTMF in RTP (RFC 4733).
const TelephoneEvent = "telephone-event"

// Codec is one payload type of a section with what a=rtpmap, a=fmtp and a=rtcp-fb say of it.
type Codec struct {
	PayloadType uint8  // 0..127
	Name        string // encoding name as written; compared without regard to case
	ClockRate   int    // RTP clock in Hz (G722: 8000, RFC 3551 section 4.5.2)
	Channels    int    // 1 or more
	Fmtp        string // format parameters, "" when none
	Feedback    string // of video: RTCP feedback that it takes (RFC 4585), such as "nack pli\nccm fir", one a line
}

// Same reports whether both are the same encoding at the same rate and with as many channels;
// payload type and parameters do not matter, unless payloads are laid out by them.
func (c Codec) Same(other Codec) bool {
	return strings.EqualFold(c.Name, other.Name) && c.ClockRate == other.ClockRate && max(c.Channels, 1) == max(other.Channels, 1) &&
		c.layout() == other.layout()
}

// layout is how the payloads of AMR and AMR-WB are laid out (RFC 4867 section 8.1), zero for other codecs: octet-aligned, with checksums,
// sorted, interleaved, the last three of which imply the first.
func (c Codec) layout() (l struct{ aligned, crc, sorted, interleaved bool }) {
	if !strings.EqualFold(c.Name, "AMR") && !strings.EqualFold(c.Name, "AMR-WB") {
		return l
	}
	for item := range strings.SplitSeq(c.Fmtp, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		switch on := strings.TrimSpace(value) == "1"; strings.ToLower(strings.TrimSpace(name)) {
		case "octet-align":
			l.aligned = l.aligned || on
		case "crc":
			l.crc = on
		case "robust-sorting":
			l.sorted = on
		case "interleaving":
			l.interleaved = true
		}
	}
	l.aligned = l.aligned || l.crc || l.sorted || l.interleaved
	return l
}

// IsEvent reports whether it is telephone-event, which accompanies audio and is none.
func (c Codec) IsEvent() bool { return strings.EqualFold(c.Name, TelephoneEvent) }

// IsComfortNoise reports whether it is CN (RFC 3389), which accompanies audio and is none.
func (c Codec) IsComfortNoise() bool { return strings.EqualFold(c.Name, "CN") }

// String is the value of the a=rtpmap line, such as "111 opus/48000/2".
func (c Codec) String() string {
	s := fmt.Sprintf("%d %s/%d", c.PayloadType, c.Name, c.ClockRate)
	if c.Channels > 1 {
		s += "/" + strconv.Itoa(c.Channels)
	}
	return s
}

// Codecs lists the section's payload types in their order of preference, telephone-event and CN among
// them. The static types of RFC 3551 are known without a=rtpmap; a dynamic one without it is left out.
func (m *Media) Codecs() []Codec {
	if !m.IsRTP() {
		return nil
	}
	maps, params := m.byPayloadType("rtpmap"), m.byPayloadType("fmtp")
	var feedback [128]string
	if !m.IsAudio() {
		feedback = m.feedback()
	}
	var seen [128]bool
	var codecs []Codec
	for _, f := range m.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil || seen[pt] {
			continue
		}
		seen[pt] = true
		c, ok := parseRTPMap(maps[pt])
		if !ok {
			if c, ok = static(uint8(pt)); !ok {
				continue
			}
		}
		c.PayloadType, c.Fmtp, c.Feedback = uint8(pt), params[pt], feedback[pt]
		codecs = append(codecs, c)
	}
	return codecs
}

// TelephoneEvent returns the payload type of telephone-event at the clock rate (of the audio codec
// in use; 8000 with G.711).
func (m *Media) TelephoneEvent(clockRate int) (payloadType uint8, ok bool) {
	for _, c := range m.Codecs() {
		if c.IsEvent() && c.ClockRate == clockRate {
			return c.PayloadType, true
		}
	}
	return 0, false
}

// Common returns the codecs of the first list that the second has too, in the order and with the
// payload types and parameters of the first.
func Common(codecs, others []Codec) []Codec {
	var common []Codec
	for _, c := range codecs {
		if _, ok := Find(others, c); ok {
			common = append(common, c)
		}
	}
	return common
}

// Find returns the list's entry that is the same codec: the first with the same parameters (a codec
// may be offered twice, H264 or AMR with other ones), else the first at all.
func Find(codecs []Codec, want Codec) (found Codec, ok bool) {
	for _, c := range codecs {
		if !c.Same(want) {
			continue
		}
		if c.Fmtp == want.Fmtp {
			return c, true
		}
		if !ok {
			found, ok = c, true
		}
	}
	return found, ok
}

// byPayloadType indexes attributes of the form "name:PT text"; the first of a payload type counts.
func (m *Media) byPayloadType(name string) (texts [128]string) {
	for v := range m.Attributes(name) {
		number, text, _ := strings.Cut(v, " ")
		if pt, err := strconv.ParseUint(number, 10, 7); err == nil && texts[pt] == "" {
			texts[pt] = strings.TrimSpace(text)
		}
	}
	return texts
}

// feedback indexes the values of a=rtcp-fb; "*", which stands for all, is left out.
func (m *Media) feedback() (texts [128]string) {
	for v := range m.Attributes("rtcp-fb") {
		number, text, _ := strings.Cut(v, " ")
		pt, err := strconv.ParseUint(number, 10, 7)
		if err != nil {
			continue
		}
		if texts[pt] != "" {
			texts[pt] += "\n"
		}
		texts[pt] += strings.TrimSpace(text)
	}
	return texts
}

// parseRTPMap reads "opus/48000/2" (RFC 8866 section 6.6).
func parseRTPMap(v string) (Codec, bool) {
	f := strings.Split(v, "/")
	if len(f) < 2 || f[0] == "" {
		return Codec{}, false
	}
	c := Codec{Name: strings.TrimSpace(f[0]), Channels: 1}
	rate, err := strconv.ParseUint(strings.TrimSpace(f[1]), 10, 31)
	if err != nil || rate == 0 {
		return Codec{}, false
	}
	c.ClockRate = int(rate)
	if len(f) > 2 {
		if n, err := strconv.ParseUint(strings.TrimSpace(f[2]), 10, 8); err == nil && n > 0 {
			c.Channels = int(n)
		}
	}
	return c, true
}

// static returns what RFC 3551 section 6 assigns to a payload type.
func static(pt uint8) (Codec, bool) {
	c := Codec{PayloadType: pt, ClockRate: 8000, Channels: 1}
	switch pt {
	case 0:
		c.Name = "PCMU"
	case 3:
		c.Name = "GSM"
	case 4:
		c.Name = "G723"
	case 5:
		c.Name = "DVI4"
	case 6:
		c.Name, c.ClockRate = "DVI4", 16000
	case 7:
		c.Name = "LPC"
	case 8:
		c.Name = "PCMA"
	case 9:
		c.Name = "G722"
	case 10:
		c.Name, c.ClockRate, c.Channels = "L16", 44100, 2
	case 11:
		c.Name, c.ClockRate = "L16", 44100
	case 12:
		c.Name = "QCELP"
	case 13:
		c.Name = "CN"
	case 14:
		c.Name, c.ClockRate = "MPA", 90000
	case 15:
		c.Name = "G728"
	case 16:
		c.Name, c.ClockRate = "DVI4", 11025
	case 17:
		c.Name, c.ClockRate = "DVI4", 22050
	case 18:
		c.Name = "G729"
	case 26:
		c.Name, c.ClockRate = "JPEG", 90000
	case 31:
		c.Name, c.ClockRate = "H261", 90000
	case 32:
		c.Name, c.ClockRate = "MPV", 90000
	case 33:
		c.Name, c.ClockRate = "MP2T", 90000
	case 34:
		c.Name, c.ClockRate = "H263", 90000
	default:
		return Codec{}, false
	}
	return c, true
}
