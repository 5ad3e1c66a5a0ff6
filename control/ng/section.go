package ng

import (
	"net/netip"
	"strings"

	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/quality"
)

// section is one m= section of a dialogue: a leg towards either side and what was agreed. Index 0 is
// the side that made the dialogue's first offer.
type section struct {
	kind    string
	legs    [2]Leg    // nil where the section is refused or switched off
	at      [2]place  // where the legs were opened
	proto   [2]string // transport protocol spoken with the side
	codecs  agreement
	secure  protection
	mux     [2]mux
	remote  [2]relay.Remote      // as last told to the leg
	maps    [2]*relay.PayloadMap // as last told to the leg: what happens to what the side sends
	routed  bool
	held    [2]bool // the side's last description stops media one way or both
	patient bool    // the legs were given the time of a hold
	off     bool    // the last offer has it refused or switched off; the answer makes that so
	stopped bool    // the relay has seen no media for its time
	bypass  bool    // not over UDP: it goes from side to side without us
	ptime   [2]int  // ms that descriptions to the side are to carry, 0 = what they have
}

// mux is how RTCP is carried with one side.
type mux struct {
	offered bool // the side's last offer had rtcp-mux
	told    bool // our last description to the side had it
	agreed  bool
	rules   muxRules // of the side's last offer
}

// live reports whether the section has its legs.
func (s *section) live() bool { return s.legs[0] != nil && s.legs[1] != nil }

// shut gives the ports of the legs back; what they counted can still be asked.
func (s *section) shut(ch *changes) {
	for _, l := range s.legs {
		if l != nil {
			ch.of(l).Close = true
		}
	}
}

// close gives the legs back.
func (s *section) close(ch *changes) {
	s.shut(ch)
	s.legs = [2]Leg{}
	s.remote, s.maps, s.routed, s.stopped = [2]relay.Remote{}, [2]*relay.PayloadMap{}, false, false
}

// offerMux notes what an offer says of rtcp-mux and decides whether the other side is offered it.
func (s *section) offerMux(from int, m *sdp.Media, rules muxRules) {
	own, other := &s.mux[from], &s.mux[1-from]
	own.offered, own.rules = m.RTCPMux(), rules
	other.told = own.offered && !rules.Demux || rules.Offer
	if rules.Require {
		other.agreed = true
	}
}

// answerMux notes what an answer says of rtcp-mux and decides whether the offerer is answered with it.
func (s *section) answerMux(from int, m *sdp.Media) {
	own, other := &s.mux[from], &s.mux[1-from]
	own.agreed = own.told && (m.RTCPMux() || other.rules.Require)
	switch r := other.rules; {
	case !other.offered || r.Reject:
		other.agreed = false
	case r.Demux || r.Accept:
		other.agreed = true
	default:
		other.agreed = own.agreed
	}
	other.told = other.agreed
}

// point tells a side's leg where the side is. It changes nothing when the same was said before.
func (s *section) point(side int, m *sdp.Media, o *options, ch *changes) {
	leg := s.legs[side]
	if leg == nil {
		return
	}
	r := relay.Remote{
		RTP: m.RTP(), RTCP: m.RTCP(), Mux: s.mux[side].agreed, Raw: !isRTP(m.Proto),
		SIPSource: o.ReceivedFrom, PayloadTypes: s.codecs.types(side), Keys: s.secure.sides[side].keys,
	}
	s.sound(side, &r)
	onHold := m.Address().IsValid() && m.Address().IsUnspecified() // in the old way
	if o.ReceivedFrom.IsValid() && !onHold && (o.SIPSource || !m.Address().IsValid()) {
		port := r.RTCP.Port()
		if port == 0 {
			port = m.Port + 1
		}
		r.RTP, r.RTCP = netip.AddrPortFrom(o.ReceivedFrom, m.Port), netip.AddrPortFrom(o.ReceivedFrom, port)
	}
	r.BehindNAT = o.Learning != "" && o.Learning != "off" ||
		!o.ReceivedFrom.IsValid() && r.RTP.IsValid() && inner(r.RTP.Addr()) && !inner(leg.Advertised())
	s.tell(side, r, ch)
}

// sound fills in what it takes to judge how the side hears.
func (s *section) sound(side int, r *relay.Remote) {
	r.Clocks, r.Impairment = s.codecs.clocks(side), quality.Impairment{}
	if c, ok := s.codecs.heard(side); ok && strings.EqualFold(s.kind, "audio") {
		r.Impairment = quality.ImpairmentOf(c.Name)
	}
}

// tell gives a side's leg what is known of the side, unless it has been told the same.
func (s *section) tell(side int, r relay.Remote, ch *changes) {
	if r.Raw { // what was agreed while the section was RTP is no more
		r.Mux, r.PayloadTypes, r.Keys, r.Clocks, r.Impairment = false, [2]uint64{}, nil, relay.Clocks{}, quality.Impairment{}
	}
	if r != s.remote[side] {
		s.remote[side] = r
		ch.of(s.legs[side]).Remote = &r
	}
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // of carriers' NATs (RFC 6598)

// inner reports whether an address cannot be reached from the outside.
func inner(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a)
}

// route joins the legs, once the section is answered and again whenever the maps changed.
func (s *section) route(maps [2]*relay.PayloadMap, ch *changes) {
	for i, l := range s.legs {
		if !s.routed || maps[i] != s.maps[i] {
			ch.of(l).Route = &Route{To: s.legs[1-i], Map: maps[i]}
		}
	}
	s.maps, s.routed, s.stopped = maps, true, false
}
