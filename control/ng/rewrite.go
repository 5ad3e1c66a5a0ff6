package ng

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sidetone/control/sdp"
)

// loopAttribute marks a description that has been through here.
const loopAttribute = "x-sidetone-loop"

// iceAttributes are those of ICE (RFC 8839), which would let media go around us.
var iceAttributes = [...]string{"candidate", "end-of-candidates", "ice-ufrag", "ice-pwd", "ice-options", "ice-lite", "ice-mismatch", "remote-candidates", "ice-pacing"}

// lineage is what all descriptions sent to one side have in common.
type lineage struct {
	username string // of the o= line
	version  uint64 // of the last o= line; 0 before the first
	last     []byte // the last description
}

// passed reports whether the description has been through here before.
func (e *engine) passed(s *sdp.Session) bool {
	for v := range s.Attributes(loopAttribute) {
		if v == e.instance {
			return true
		}
	}
	return false
}

// rewrite puts our addresses and ports into a description that goes to one side of the dialogue, and
// takes out of it what does not hold with us in between. Everything else stays as it came.
func (c *call) rewrite(d *dialogue, s *sdp.Session, to int, o *options) string {
	own, relies := c.ownAddress(d, s, to, o), o.Replace.SessionConnection
	theirs := s.Address()
	for i, m := range s.Media {
		sec := d.sections[i]
		stripICE(&m.Section)
		m.RemoveAttribute("bundle-only")
		_, hasOwn := m.Value('c')
		if leg := sec.legs[to]; leg != nil && !m.Rejected() {
			m.Port, m.PortCount = leg.Local().Port(), 1
			writeRTCP(m, own, leg.LocalRTCP().Port(), sec.mux[to], o)
			relies = relies || !hasOwn
		}
		if hasOwn && !sec.bypass && shows(m.Address(), o) {
			m.SetAddress(own)
		}
	}
	stripICE(&s.Section)
	unbundle(&s.Section)
	if relies && shows(theirs, o) && own.IsValid() {
		s.SetAddress(own)
		for i, m := range s.Media { // what goes around us keeps the address it had
			if _, hasOwn := m.Value('c'); d.sections[i].bypass && !hasOwn && theirs.IsValid() {
				m.SetAddress(theirs)
			}
		}
	}
	if origin, ok := s.Origin(); ok && o.Replace.Origin && own.IsValid() {
		origin.Address = own
		s.SetOrigin(origin)
	}
	if o.LoopProtect {
		s.AddAttribute(loopAttribute, c.engine.instance)
	}
	return d.sides[to].rewrite.next(s, o)
}

// ownAddress is what we are called in a description to a side.
func (c *call) ownAddress(d *dialogue, s *sdp.Session, to int, o *options) netip.Addr {
	if o.MediaAddress.IsValid() {
		return o.MediaAddress
	}
	for _, sec := range d.sections[:len(s.Media)] {
		if leg := sec.legs[to]; leg != nil {
			return leg.Advertised()
		}
	}
	return c.engine.address(c.engine.place(d, to, "", familyOfAddress(s.Address())))
}

// shows reports whether an address, or a name in its place, is to be replaced; the 0.0.0.0 of an old
// style hold is not.
func shows(a netip.Addr, o *options) bool {
	return !a.IsValid() || !a.IsUnspecified() || o.Replace.ZeroAddress
}

// writeRTCP says where RTCP goes (RFC 3605, RFC 5761).
func writeRTCP(m *sdp.Media, addr netip.Addr, port uint16, x mux, o *options) {
	if !m.IsRTP() {
		return
	}
	if x.told {
		m.SetAttribute("rtcp-mux", "")
	} else {
		m.RemoveAttribute("rtcp-mux")
		m.RemoveAttribute("rtcp-mux-only")
	}
	_, had := m.Attribute("rtcp")
	switch {
	case o.RTCPAttribute == rtcpNever, x.told && x.agreed:
		m.RemoveAttribute("rtcp")
	case o.RTCPAttribute == rtcpFull:
		kind := "IP4"
		if addr.Is6() {
			kind = "IP6"
		}
		m.SetAttribute("rtcp", strconv.Itoa(int(port))+" IN "+kind+" "+addr.String())
	case had, port != m.Port+1:
		m.SetAttribute("rtcp", strconv.Itoa(int(port)))
	}
}

func stripICE(s *sdp.Section) {
	for _, name := range iceAttributes {
		if _, ok := s.Attribute(name); ok {
			s.RemoveAttribute(name)
		}
	}
}

// unbundle takes away the offer to share one port between sections (RFC 9143); other groups stay.
func unbundle(s *sdp.Section) {
	groups := slices.Collect(s.Attributes("group"))
	isBundle := func(v string) bool { return strings.HasPrefix(strings.ToUpper(v), "BUNDLE") }
	if !slices.ContainsFunc(groups, isBundle) {
		return
	}
	s.RemoveAttribute("group")
	for _, v := range groups {
		if !isBundle(v) {
			s.AddAttribute("group", v)
		}
	}
}

// next writes a description to the side and keeps what its o= line has to keep.
func (l *lineage) next(s *sdp.Session, o *options) string {
	origin, ok := s.Origin()
	if ok && (o.Replace.Username || o.Replace.Version || o.ForceVersion) {
		if o.Replace.Username {
			if l.username == "" {
				l.username = strings.Clone(origin.Username)
			}
			origin.Username = l.username
		}
		if l.version == 0 {
			l.version = origin.Version
		}
		if o.Replace.Version || o.ForceVersion {
			origin.Version = l.version
		}
		s.SetOrigin(origin)
		b := s.Bytes()
		if l.last != nil && (o.ForceVersion || !bytes.Equal(b, l.last)) && (o.Replace.Version || o.ForceVersion) {
			l.version++
			origin.Version = l.version
			s.SetOrigin(origin)
			b = s.Bytes()
		}
		l.last = b
		return string(b)
	}
	return string(s.Bytes())
}
