package sdp

import (
	"net/netip"
	"strconv"
	"time"
)

// Local is one audio stream of ours, to be offered by Describe or answered with by Answer.
type Local struct {
	Origin    Origin
	Address   netip.Addr    // where we receive, as the peer sees it
	Port      uint16        // RTP
	RTCPPort  uint16        // 0 = Port + 1; written as a=rtcp when it is another
	Mux       bool          // RTCP on the RTP port; in an answer only when it was offered
	Codecs    []Codec       // in order of preference, telephone-event and CN among them
	Direction Direction     // zero = SendRecv
	Ptime     time.Duration // 0 = not said
	Crypto    []string      // values of a=crypto lines (RFC 4568)
	Proto     string        // of an offer; "" = RTP/AVP, or RTP/SAVP with Crypto. RTP/AVP with Crypto leaves the choice (RFC 8643)
}

// Describe writes an offer with one audio section.
func Describe(l Local) []byte {
	s := newSession(l.Origin)
	s.Media = append(s.Media, l.media(s, l.proto(), l.Codecs, l.Direction, l.Mux))
	return s.Bytes()
}

// proto is the protocol of an offer.
func (l Local) proto() string {
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

// media builds the audio section.
func (l Local) media(s *Session, proto string, codecs []Codec, d Direction, mux bool) *Media {
	m := newMedia(s, "audio", l.Port, proto, nil)
	for _, c := range codecs {
		m.Formats = append(m.Formats, strconv.Itoa(int(c.PayloadType)))
	}
	m.SetAddress(l.Address)
	for _, c := range codecs {
		m.AddAttribute("rtpmap", c.String())
		if c.Fmtp != "" {
			m.AddAttribute("fmtp", strconv.Itoa(int(c.PayloadType))+" "+c.Fmtp)
		}
	}
	for _, c := range l.Crypto {
		m.AddAttribute("crypto", c)
	}
	if l.Ptime > 0 {
		m.AddAttribute("ptime", strconv.FormatInt(l.Ptime.Milliseconds(), 10))
	}
	if l.RTCPPort != 0 && l.RTCPPort != l.Port+1 && !mux {
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
