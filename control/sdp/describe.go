package sdp

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Local is one m= section of ours, to be offered by Offer or answered with by AnswerTo.
type Local struct {
	Origin    Origin        // for Describe and Answer
	Kind      string        // "" = "audio"
	Address   netip.Addr    // where we receive, as the peer sees it
	Port      uint16        // RTP
	RTCPPort  uint16        // 0 = Port + 1; written as a=rtcp when it is another
	Mux       bool          // RTCP on the RTP port; in an answer only when it was offered
	Codecs    []Codec       // in order of preference, telephone-event and CN among them
	Formats   []string      // of what is not RTP, in the place of Codecs
	Lines     []string      // further lines, such as "b=AS:512" and "a=framerate:30"
	Direction Direction     // zero = SendRecv
	Ptime     time.Duration // 0 = not said
	Crypto    []string      // values of a=crypto lines (RFC 4568)
	Proto     string        // of an offer; "" = RTP/AVP, or RTP/SAVP with Crypto. RTP/AVP with Crypto leaves the choice (RFC 8643)
}

// Describe writes an offer with one section.
func Describe(l Local) []byte { return Offer(l.Origin, nil, []*Local{&l}) }

// Offer writes an offer with the m= lines of the session's last agreed description of ours, nil before there is one, in their number
// and order (RFC 3264 section 8), and as many more as are given. Each line that has a Local offers it, the others are switched off
// with port 0. Beyond last there may be no gap.
func Offer(o Origin, last *Session, lines []*Local) []byte {
	s := newSession(o)
	for i := range max(len(lines), last.sections()) {
		if i < len(lines) && lines[i] != nil {
			l := lines[i]
			s.Media = append(s.Media, l.media(s, l.proto(), l.Codecs, l.Direction, l.Mux))
			continue
		}
		m := last.Media[i]
		s.Media = append(s.Media, newMedia(s, m.Kind, 0, m.Proto, m.Formats))
	}
	return s.Bytes()
}

// sections is how many there are; a nil Session has none.
func (s *Session) sections() int {
	if s == nil {
		return 0
	}
	return len(s.Media)
}

// proto is the protocol of an offer.
func (l *Local) proto() string {
	switch {
	case l.Proto != "":
		return l.Proto
	case len(l.Crypto) > 0:
		return "RTP/SAVP"
	}
	return "RTP/AVP"
}

// newSession holds the session level of what we send: connection addresses are per section.
func newSession(o Origin) *Session {
	s := &Session{}
	s.lines = []line{newLine('v', "0"), newLine('o', o.String()), newLine('s', "sidetone"), newLine('t', "0 0")}
	return s
}

// media builds the section.
func (l *Local) media(s *Session, proto string, codecs []Codec, d Direction, mux bool) *Media {
	kind := l.Kind
	if kind == "" {
		kind = "audio"
	}
	m := newMedia(s, kind, l.Port, proto, l.Formats)
	for _, c := range codecs {
		m.Formats = append(m.Formats, strconv.Itoa(int(c.PayloadType)))
	}
	m.SetAddress(l.Address)
	for _, text := range l.Lines {
		if text[0] != 'a' {
			m.lines = append(m.lines, newLine(text[0], text[2:]))
		}
	}
	for _, c := range codecs {
		pt := strconv.Itoa(int(c.PayloadType))
		m.AddAttribute("rtpmap", c.String())
		if c.Fmtp != "" {
			m.AddAttribute("fmtp", pt+" "+c.Fmtp)
		}
		for feedback := range strings.Lines(c.Feedback) {
			m.AddAttribute("rtcp-fb", pt+" "+strings.TrimSpace(feedback))
		}
	}
	for _, text := range l.Lines {
		if text[0] == 'a' {
			m.lines = append(m.lines, newLine('a', text[2:]))
		}
	}
	for _, c := range l.Crypto {
		m.AddAttribute("crypto", c)
	}
	if l.Ptime > 0 {
		m.AddAttribute("ptime", strconv.FormatInt(l.Ptime.Milliseconds(), 10))
	}
	if m.IsRTP() && l.RTCPPort != 0 && l.RTCPPort != l.Port+1 && !mux {
		m.AddAttribute("rtcp", strconv.Itoa(int(l.RTCPPort)))
	}
	if mux {
		m.AddAttribute("rtcp-mux", "")
	}
	m.AddAttribute(d.String(), "")
	return m
}

// newMedia starts a section; its m= line is written from the fields.
func newMedia(s *Session, kind string, port uint16, proto string, formats []string) *Media {
	m := &Media{session: s, Kind: kind, Port: port, PortCount: 1, Proto: proto, Formats: formats}
	m.lines = []line{{letter: 'm'}}
	return m
}
