package media

import (
	"slices"

	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/srtp"
)

// maxExtras bounds the sections of a call besides the voice, and with them its ports.
const maxExtras = 7

// extra is a section besides the voice. Its packets pass untouched; nothing is made for it, and nothing ends a call that it lacks.
type extra struct {
	channel
	leg  *Leg
	kind Kind
	to   *extra   // who gets what arrives
	from *extra   // the one whose to this is
	way  struct { // what the way there was made from
		local, remote []sdp.Codec
	}
}

// up: both sides' last descriptions have it.
func (x *extra) up() bool { return x != nil && x.relay != nil && x.shown && x.agreed.live }

// find is the leg's section of a kind, or nil.
func (l *Leg) find(k Kind) *extra {
	for _, x := range l.extras {
		if x.kind == k {
			return x
		}
	}
	return nil
}

// extra is find, which makes one; nil when there are too many.
func (l *Leg) extra(k Kind) *extra {
	x := l.find(k)
	if x == nil && len(l.extras) < maxExtras {
		x = &extra{leg: l, kind: k}
		l.extras = append(l.extras, x)
	}
	return x
}

// open takes ports for the section, unless it has them. A section for which there are none is as one that the phone does not have.
func (x *extra) open() bool {
	if x.relay != nil {
		return true
	}
	l := x.leg
	cfg := l.ports
	cfg.ID, cfg.Shard = cfg.ID+IDSeparator+x.kind.Media, l.relay.Shard()
	r, err := l.engine.cfg.Relay.OpenLeg(cfg)
	if err != nil {
		x.agreed.off = true
		l.trouble(err)
		return false
	}
	x.relay = r
	return true
}

// close gives the ports back.
func (x *extra) close() {
	if x.relay == nil {
		return
	}
	x.part()
	if x.from != nil {
		x.from.part()
	}
	x.relay.Close()
	x.relay, x.remoteSet = nil, relay.Remote{}
}

// Abandon gives up the section besides the voice that a leg of the data plane belongs to; false when there is none. It is told off in
// the next descriptions.
func (l *Leg) Abandon(r *relay.Leg) bool {
	for _, x := range l.extras {
		if x.relay == r {
			x.agreed.off = true
			x.close()
			return true
		}
	}
	return false
}

// part forgets where what arrives goes; closing or another route ends it.
func (x *extra) part() {
	if x.to != nil {
		x.to.from, x.to = nil, nil
	}
}

// offer is the line of an offer; nil without ports.
func (x *extra) offer(want Section) *sdp.Local {
	if !x.open() {
		return nil
	}
	line := x.describe(x.leg, want.Codecs, want.Direction, want.At)
	line.Kind, line.Lines = want.Kind.Media, want.Lines
	if want.Kind.Raw != "" {
		line.Proto, line.Formats = want.Proto, want.Formats
	} else {
		line.Mux = x.agreed.mux && want.At == Place{}
		x.lines, line.Proto = x.agreed.offering(x.leg.extraSecurity())
		if line.Crypto = values(x.lines...); line.Proto == "" {
			line.Proto = "RTP/AVP"
		}
		if want.Feedback && x.agreed.proto == "" {
			line.Proto += "F"
		}
	}
	x.shown, x.said, x.at = true, want, want.At
	return &line
}

// extraSecurity is whether a section that has not been agreed about is to be SRTP: as the voice is.
func (l *Leg) extraSecurity() Security {
	switch {
	case l.security != SecurityOptional || l.agreed.proto == "":
		return l.security
	case l.agreed.keys == nil:
		return SecurityOff
	case l.agreed.theirs.IsSecure():
		return SecurityRequired
	}
	return SecurityOptional
}

// answer is the line that answers the phone's offer; nil refuses it.
func (x *extra) answer(want Section) *sdp.Local {
	m := x.agreed.theirs
	line := sdp.Local{
		Kind: want.Kind.Media, Codecs: slices.DeleteFunc(slices.Clone(want.Codecs), func(c sdp.Codec) bool { return !has(x.agreed.remote, c.PayloadType) }),
		Formats: want.Formats, Crypto: values(x.agreed.line),
	}
	if !line.Takes(m) || m.IsRTP() && len(line.Codecs) == 0 || !x.open() {
		return nil
	}
	want.Codecs = line.Codecs
	described := x.describe(x.leg, want.Codecs, want.Direction, want.At)
	described.Kind, described.Formats, described.Crypto, described.Lines = line.Kind, line.Formats, line.Crypto, want.Lines
	described.Mux = want.At == Place{}
	x.agreed.mux = m.RTCPMux() && want.At == Place{}
	x.shown, x.said, x.at = true, want, want.At
	return &described
}

// passes reports whether the phone's section can be joined with another one at all, and the keys of its offer to use.
func (s Security) passes(m *sdp.Media) (srtp.Crypto, bool) {
	if !m.IsRTP() {
		return srtp.Crypto{}, s != SecurityRequired // UDPTL has no keys
	}
	line, err := srtp.Select(srtp.ParseOffer(m.Crypto()), srtp.Profiles())
	switch {
	case err == nil && s != SecurityOff:
		return line, true
	case m.IsSecure() || s == SecurityRequired:
		return srtp.Crypto{}, false
	}
	return srtp.Crypto{}, true
}

// tidy gives back the ports of what is off now.
func (l *Leg) tidy() {
	for _, x := range l.extras {
		if !x.shown || !x.agreed.live {
			x.close()
		}
	}
}

// route sends what arrives at the leg's sections to those of another leg, or nowhere.
func (l *Leg) route(to *Leg) error {
	var changes []relay.Change
	for _, x := range l.extras {
		var t *extra
		if to != nil && x.up() {
			if t = to.find(x.kind); !t.up() {
				t = nil
			}
		}
		if x.to == t && (t == nil || sameCodecs(x.way.local, x.local) && sameCodecs(x.way.remote, t.agreed.remote)) {
			continue
		}
		x.part()
		r := &relay.Route{}
		if t != nil {
			if t.from != nil {
				changes = append(changes, relay.Change{Leg: t.from.relay, Route: &relay.Route{}})
				t.from.part()
			}
			if err := x.join(t); err != nil {
				return err
			}
			r.To = t.relay
			if x.kind.Raw == "" {
				r.Map = renumber(x.local, t.agreed.remote)
			}
		}
		changes = append(changes, relay.Change{Leg: x.relay, Route: r})
	}
	if changes == nil {
		return nil
	}
	return l.engine.cfg.Relay.Apply(changes)
}

// join notes that what arrives goes to another section, and brings it to that one's shard.
func (x *extra) join(t *extra) error {
	if shard := t.relay.Shard(); x.relay.Shard() != shard {
		if err := x.relay.Move(shard); err != nil {
			return err
		}
	}
	x.to, t.from = t, x
	x.way.local, x.way.remote = x.local, t.agreed.remote
	return nil
}
