package sdp

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Media is one m= section. Kind, Port, PortCount, Proto and Formats are those of the m= line and may
// be changed; the line is then written anew.
type Media struct {
	Section
	Kind      string   // "audio", "video", "image", "application", ...
	Port      uint16   // 0 = refused
	PortCount int      // 1, or n of "49170/n"
	Proto     string   // "RTP/AVP", "RTP/SAVP", "udptl", ...
	Formats   []string // payload types for the RTP protocols

	session  *Session // for what the session level says of all media
	asParsed string   // head as it was parsed
}

// head is the value of the m= line.
func (m *Media) head() string {
	port := strconv.Itoa(int(m.Port))
	if m.PortCount > 1 {
		port += "/" + strconv.Itoa(m.PortCount)
	}
	return strings.Join(append([]string{m.Kind, port, m.Proto}, m.Formats...), " ")
}

// IsAudio reports whether the section is audio.
func (m *Media) IsAudio() bool { return strings.EqualFold(m.Kind, "audio") }

// Rejected reports whether the section was refused or switched off (port 0, RFC 3264 section 6).
func (m *Media) Rejected() bool { return m.Port == 0 }

// IsRTP reports whether the protocol is one of RTP's profiles, secured or not.
func (m *Media) IsRTP() bool { return strings.Contains(strings.ToUpper(m.Proto), "RTP/") }

// IsSecure reports whether the protocol is SRTP (RFC 3711, RFC 5764).
func (m *Media) IsSecure() bool { return strings.Contains(strings.ToUpper(m.Proto), "RTP/SAVP") }

// Ptime returns a=ptime (RFC 8866 section 6.4), or 0.
func (m *Media) Ptime() time.Duration { return m.milliseconds("ptime") }

// MaxPtime returns a=maxptime, or 0.
func (m *Media) MaxPtime() time.Duration { return m.milliseconds("maxptime") }

// Crypto returns the values of the a=crypto lines in order of preference (RFC 4568).
func (m *Media) Crypto() []string { return slices.Collect(m.Attributes("crypto")) }

// milliseconds reads an attribute given in milliseconds, up to ten seconds.
func (m *Media) milliseconds(name string) time.Duration {
	v, _ := m.Attribute(name)
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f > 0 && f <= 10000) {
		return 0
	}
	return time.Duration(f * float64(time.Millisecond))
}
