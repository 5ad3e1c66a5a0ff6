package media

import (
	"net/netip"
	"slices"

	"sidetone/control/sdp"
)

// Place is where a phone takes RTP and RTCP. A value, comparable.
type Place struct{ RTP, RTCP netip.AddrPort }

// Place is where the leg's phone says it is; the zero Place before it has said so.
func (l *Leg) Place() Place {
	return l.place()
}

// At is where our last description sent the leg's phone; the zero Place is to us.
func (l *Leg) At() Place { return l.at }

// Direct is what two phones are told that can send to each other without us (SPEC S9), the voice first; none when they cannot:
// both are where their signalling comes from and on private networks of one family, both without SRTP, with a codec, and the same
// keys, under one payload type; and their other sections likewise.
func (l *Leg) Direct(peer *Leg) []sdp.Codec {
	if !l.Reachable() || !peer.Reachable() || l.Place().RTP.Addr().Is4() != peer.Place().RTP.Addr().Is4() || l.Silent() || peer.Silent() {
		return nil
	}
	for _, x := range slices.Concat(l.extras, peer.extras) {
		if x.agreed.live && !x.reachable() {
			return nil
		}
	}
	for _, x := range l.extras {
		if p := peer.find(x.kind); p != nil && renumber(bridge(x.agreed.remote, p.agreed.remote), p.agreed.remote) != nil {
			return nil
		}
	}
	var list []sdp.Codec
	for _, c := range l.agreed.remote {
		if same, ok := sdp.Find(peer.agreed.remote, c); ok && isVoice(c) && same.PayloadType == c.PayloadType {
			list = append(list, same)
			break
		}
	}
	if list == nil || len(Events(l.agreed.remote)) != len(Events(peer.agreed.remote)) {
		return nil
	}
	for _, c := range Events(l.agreed.remote) {
		same, ok := sdp.Find(peer.agreed.remote, c)
		if !ok || same.PayloadType != c.PayloadType {
			return nil
		}
		list = append(list, same)
	}
	return list
}

// Reachable: other phones of the house can send to the leg's phone.
func (l *Leg) Reachable() bool {
	p := l.Place().RTP
	return p.IsValid() && p.Port() != 0 && !l.behindNAT && l.agreed.keys == nil && l.agreed.theirs.Proto == "RTP/AVP" &&
		p.Addr() == l.peer.Unmap() && l.engine.private(p.Addr())
}

// reachable is Reachable of a section.
func (x *extra) reachable() bool {
	p := x.place().RTP
	return p.IsValid() && p.Addr() == x.leg.peer.Unmap() && x.agreed.keys == nil && (x.kind.Raw != "" || !x.agreed.theirs.IsSecure())
}

// Decodes reports whether the leg's audio is decoded, or made for it: in a room, by a tone, music or machine, for a recording, for keys
// in the voice, or because its peer has another codec.
func (l *Leg) Decodes() bool {
	if l.seat != nil || l.hearing != nil || l.ear.track != nil || l.ear.tones != nil {
		return true
	}
	if l.to == nil {
		return false
	}
	for _, c := range l.agreed.remote { // what it likes best of what it may send
		if mine, ok := sdp.Find(l.local, c); ok && isVoice(c) {
			return l.poured.how[mine.PayloadType&127].Transform != nil
		}
	}
	return false
}

// Transcoded reports whether what one phone sends has to be transcoded for the other.
func (e *Engine) Transcoded(a, b []sdp.Codec) bool {
	for _, c := range a {
		if _, ok := sdp.Find(b, c); ok && isVoice(c) {
			return false
		}
	}
	return true
}
