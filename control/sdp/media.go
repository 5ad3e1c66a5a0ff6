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

// IsDatagram reports whether the section is something else than RTP that goes over UDP by itself: fax (T.38), floor control
// (RFC 8856) and the like.
func (m *Media) IsDatagram() bool {
	proto := strings.ToUpper(m.Proto)
	return !m.IsRTP() && (proto == "UDPTL" || proto == "UDP" || strings.HasPrefix(proto, "UDP/"))
}

// ours are the attributes that hold between the phone and whoever its description goes to, and between nobody else: addresses, ways
// to them, keys, directions, names of sections and of streams, and the header extensions, whose numbers each side gives.
var ours = [...]string{"sendrecv", "sendonly", "recvonly", "inactive", "rtpmap", "fmtp", "rtcp", "rtcp-mux", "rtcp-mux-only", "rtcp-xr",
	"crypto", "key-mgmt", "acap", "tcap", "pcfg", "acfg", "csup", "creq", "mid", "bundle-only", "msid", "ssrc", "ssrc-group", "extmap", "extmap-allow-mixed", "candidate", "end-of-candidates",
	"ice-ufrag", "ice-pwd", "ice-options", "ice-lite", "ice-mismatch", "ice-pacing", "remote-candidates"}

// Rest returns the lines of the section that hold for whoever takes part in it, such as "b=AS:512", "a=framerate:30" and
// "a=T38FaxVersion:0": all b= and a= lines but those that Codecs tells of or that hold for the one connection only.
func (m *Media) Rest() []string {
	var rest []string
	for _, l := range m.lines {
		name, value, ok := l.attribute()
		switch number, _, _ := strings.Cut(value, " "); {
		case l.letter == 'b':
		case !ok || slices.ContainsFunc(ours[:], func(o string) bool { return strings.EqualFold(o, name) }):
			continue
		case strings.EqualFold(name, "rtcp-fb") && number != "*":
			continue
		case m.IsRTP() && (strings.EqualFold(name, "fingerprint") || strings.EqualFold(name, "setup")):
			continue
		}
		rest = append(rest, string(l.letter)+"="+l.value)
	}
	return rest
}

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
