package media

import (
	"slices"
	"strings"

	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/quality"
	"sidetone/relay/srtp"
)

// What a description has besides the voice: video, fax, whatever an m= line may name. A Leg has a section for each, with ports of
// its own; the sections of two legs whose Kind is the same are joined, wherever they stand in the descriptions of either side.
//
//	phone A               Leg a                    Leg b               phone B
//	m=audio ───────────── voice ══ plan.go ═══════ voice ───────────── m=audio
//	m=video ───────────── extra ══ extra.go ══════ extra ─────┐  ┌──── m=image
//	m=image ───────────── extra ══════════════════ extra ─────┼──┘
//	                                                          └─────── m=video

// Kind is what a section carries.
type Kind struct {
	Media string // "video", "image", "application": in lower case
	Raw   string // the protocol of what is not RTP, in lower case, such as "udptl"; "" = RTP
	N     int    // counts the sections of a description that have the two above in common
}

// kindOf is the kind of a section that can be passed on, with N yet to be counted; ok is false for the voice, for what goes over TCP, and
// for what agrees about keys on its way.
func kindOf(m *sdp.Media) (k Kind, ok bool) {
	switch m.Proto {
	case "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF":
		return Kind{Media: strings.ToLower(m.Kind)}, !m.IsAudio()
	}
	return Kind{Media: strings.ToLower(m.Kind), Raw: strings.ToLower(m.Proto)}, m.IsDatagram() && !m.IsAudio()
}

// kinds are those of a description's sections; the zero Kind is for none.
func kinds(s *sdp.Session) []Kind {
	list := make([]Kind, len(s.Media))
	count := make(map[Kind]int)
	for i, m := range s.Media {
		if k, ok := kindOf(m); ok {
			list[i] = Kind{Media: k.Media, Raw: k.Raw, N: count[k]}
			count[k]++
		}
	}
	return list
}

// Section is what a phone is told of one.
type Section struct {
	Kind      Kind
	Codecs    []sdp.Codec // of RTP
	Feedback  bool        // RTP with its feedback profile (RFC 4585)
	Proto     string      // of the rest, as the other phone writes it,
	Formats   []string    // and its formats
	Lines     []string    // what else the other phone says of it: sdp.Media.Rest
	Direction sdp.Direction
	At        Place // where the phone is to send instead of to us
	Instead   bool  // the other phone has it in the place of its voice
}

// channel is one m= line of a leg: our ports, what we said of it, and what the phone did.
type channel struct {
	relay *relay.Leg // nil while an extra has no ports
	statement
	agreed    agreement
	remoteSet relay.Remote
}

// statement is our last description of it.
type statement struct {
	shown bool          // it had a port
	lines []srtp.Crypto // the keys, of an offer
	local []sdp.Codec   // payload types they may send
	told  sdp.Direction
	at    Place
	said  Section // of an extra
}

// agreement is what the phone's descriptions brought.
type agreement struct {
	number int         // of the m= line, from 1; 0 = it has none yet
	live   bool        // the last description has it, with a port
	off    bool        // it has not, and it was the phone that wanted it so
	theirs *sdp.Media  // the last that had it; nil: none did
	remote []sdp.Codec // payload types we may send, their favourite first
	wish   sdp.Direction
	mux    bool
	secured
}

// take notes what a description of the phone says; nil is that it does not have the section.
func (s *channel) take(m *sdp.Media, number int, keys secured) {
	a := &s.agreed
	if m == nil {
		a.live, a.off = false, a.off || s.shown
		return
	}
	var forced sdp.Direction // what the phone could not say otherwise
	if s.shown {
		forced = s.told.Reverse()
	}
	d := m.Direction()
	a.wish = d&^forced | a.wish&forced&d
	a.number, a.live, a.off, a.theirs, a.remote, a.secured = number, true, false, m, m.Codecs(), keys
	a.mux = a.mux && m.RTCPMux()
}

// point tells the data plane where the phone says it is, and the keys. A description that repeats the last
// one changes nothing, so that what was learned stays.
func (s *channel) point(l *Leg) {
	m := s.agreed.theirs
	if s.relay == nil || !s.agreed.live {
		return
	}
	r := relay.Remote{
		RTP: m.RTP(), RTCP: m.RTCP(), Mux: s.agreed.mux, Keys: s.agreed.keys, Raw: !m.IsRTP(),
		SIPSource: l.peer.Unmap(), BehindNAT: l.behindNAT,
	}
	r.RoundTrips, r.Metrics = extendedReports(l.theirs, m)
	if i := slices.IndexFunc(s.agreed.remote, isVoice); i >= 0 {
		r.Impairment = quality.ImpairmentOf(s.agreed.remote[i].Name)
	}
	if !r.RTP.Addr().IsValid() || r.RTP.Addr().IsUnspecified() { // RFC 2543 hold: where it was before
		r.RTP, r.RTCP = s.remoteSet.RTP, s.remoteSet.RTCP
	}
	for _, c := range s.local {
		r.PayloadTypes[c.PayloadType>>6] |= 1 << (c.PayloadType & 63)
		r.Clocks[c.PayloadType&127] = uint8(min(c.ClockRate/1000, 255))
	}
	if r != s.remoteSet {
		s.remoteSet = r
		s.relay.SetRemote(r)
	}
}

// describe is what all our descriptions of the section have.
func (s *channel) describe(l *Leg, codecs []sdp.Codec, d sdp.Direction, at Place) sdp.Local {
	local := sdp.Local{
		Address: l.addr, Port: s.relay.LocalRTP().Port(), RTCPPort: s.relay.LocalRTCP().Port(), Codecs: codecs, Direction: d,
	}
	if at.RTP.IsValid() {
		local.Address, local.Port, local.RTCPPort = at.RTP.Addr(), at.RTP.Port(), at.RTCP.Port()
	}
	return local
}

// place is where the phone takes it.
func (s *channel) place() Place {
	if s.agreed.theirs == nil {
		return Place{}
	}
	return Place{s.agreed.theirs.RTP(), s.agreed.theirs.RTCP()}
}
