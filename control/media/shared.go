package media

import (
	"slices"

	"sidetone/control/sdp"
	"sidetone/relay"
)

// What two phones are told of their sections while they are joined: each what the other one says. A section that one of them does not
// have, or does not want, the other one is told to have off.
//
//	peer has it              the leg's phone
//	                         has it         never said      does not want it
//	yes                      told           told: asked     —
//	not said yet             as it was      —               —
//	no                       —              —               —

// Shared is that list for the leg's phone. quiet: nothing is to flow, as one of the two holds; direct: they send to each other.
func (l *Leg) Shared(peer *Leg, quiet, direct bool) []Section {
	var list []Section
	for _, x := range l.extras { // in the order that its phone knows
		if p := peer.find(x.kind); !x.agreed.off && (p != nil || len(peer.extras) < maxExtras) {
			list = add(list, x, p, x.kind, quiet, direct)
		}
	}
	for _, p := range peer.extras {
		if l.find(p.kind) == nil && len(l.extras)+len(list) < 2*maxExtras {
			list = add(list, nil, p, p.kind, quiet, direct)
		}
	}
	return list
}

// add adds a section of the kind that x is the leg's of and p the peer's; either may be nil.
func add(list []Section, x, p *extra, k Kind, quiet, direct bool) []Section {
	var s Section
	switch {
	case p == nil, p.agreed.theirs == nil && !p.agreed.off:
		if x == nil || !x.shown {
			return list
		}
		s = x.said
	case p.agreed.off:
		return list
	default:
		s = p.words()
		switch {
		case k.Raw != "", x == nil, x.agreed.theirs == nil && !x.shown:
		case x.shown && len(bridge(x.said.Codecs, s.Codecs)) > 0: // what it has been told stays as it is
			s.Codecs, s.Lines = x.said.Codecs, x.said.Lines
		default:
			s.Codecs = bridge(x.agreed.remote, s.Codecs)
		}
		if k.Raw == "" && len(s.Codecs) == 0 {
			return list
		}
	}
	return append(list, s.towards(p, quiet, direct))
}

// Settled is Shared for the answer to an offer of the phone: only what the peer's phone has agreed to. What the two have not in
// common is left out.
func (l *Leg) Settled(peer *Leg, quiet, direct bool) []Section {
	var list []Section
	for _, x := range l.extras {
		p := peer.find(x.kind)
		if !x.agreed.live || !p.up() {
			continue
		}
		s := p.words()
		if s.Codecs = bridge(x.agreed.remote, s.Codecs); x.kind.Raw == "" && len(s.Codecs) == 0 {
			continue
		}
		list = append(list, s.towards(p, quiet, direct))
	}
	return list
}

// Sections are those of our last description.
func (l *Leg) Sections() []Section {
	var list []Section
	for _, x := range l.extras {
		if x.shown {
			s := x.said
			s.Direction = x.told
			list = append(list, s)
		}
	}
	return list
}

// Running is a section as it is now.
type Running struct {
	Kind   Kind
	Format string // codec or, of what is not RTP, format that its phone likes best of what it is sent
	Suite  string // of what protects it, "" for nothing
	// Flows is what passes, as the phone sees it: what both it and our description allow.
	Flows  sdp.Direction
	Direct bool // from phone to phone, without us
	Relay  *relay.Leg
}

// Running are the sections that the phone and our last description have.
func (l *Leg) Running() []Running {
	var list []Running
	for _, x := range l.extras {
		if !x.up() {
			continue
		}
		r := Running{Kind: x.kind, Suite: x.agreed.suite(), Flows: x.agreed.theirs.Direction().And(x.told.Reverse()), Direct: x.at != Place{}, Relay: x.relay}
		switch {
		case len(x.agreed.remote) > 0:
			r.Format = x.agreed.remote[0].Name
		case len(x.agreed.theirs.Formats) > 0:
			r.Format = x.agreed.theirs.Formats[0]
		}
		list = append(list, r)
	}
	return list
}

// words are what the phone says of the section, for another phone.
func (x *extra) words() Section {
	m := x.agreed.theirs
	s := Section{Kind: x.kind, Codecs: x.agreed.remote, Lines: m.Rest(), Instead: x.agreed.number == x.leg.agreed.number}
	if x.kind.Raw != "" {
		s.Proto, s.Formats = m.Proto, m.Formats
	} else {
		s.Feedback = m.Proto == "RTP/AVPF" || m.Proto == "RTP/SAVPF"
	}
	return s
}

// towards puts into a section how it flows: as the peer's phone wants it.
func (s Section) towards(p *extra, quiet, direct bool) Section {
	s.Direction, s.At = sdp.SendRecv, Place{}
	if p != nil {
		s.Direction = p.agreed.wish
	}
	if quiet {
		s.Direction = sdp.Inactive
	}
	if direct && p != nil {
		s.At = p.place()
	}
	return s
}

// Tells reports whether our last description says this already.
func (l *Leg) Tells(w Local) bool {
	if l.shown == w.Silent || l.shown && (w.Direction != l.told || w.At != l.at || !sameCodecs(w.Codecs, l.local)) {
		return false
	}
	told := 0
	for _, s := range w.Sections {
		x := l.find(s.Kind)
		if x == nil && len(l.extras) >= maxExtras {
			continue
		}
		if x == nil || !x.shown || !x.says(s) {
			return false
		}
		told++
	}
	return told == len(l.Sections())
}

// says reports whether the section was described so. Ways that its phone does not use itself make no difference.
func (x *extra) says(s Section) bool {
	return (x.told^s.Direction)&^x.agreed.wish.Reverse() == 0 && x.at == s.At && sameCodecs(x.said.Codecs, s.Codecs) &&
		(s.Kind.Raw == "" || slices.Equal(x.said.Lines, s.Lines) && slices.Equal(x.said.Formats, s.Formats))
}

// Asks reports whether the offer that SetOffer took brings a section about which the peer's phone is to be asked before it can be
// answered; that one's earlier refusal is then forgotten.
func (l *Leg) Asks(peer *Leg) bool {
	asks := false
	look := func(i int, mine *channel, theirs *channel) {
		if !mine.agreed.live || i < len(l.before.agreed) && l.before.agreed[i].live {
			return
		}
		if theirs.agreed.off = false; !theirs.shown || !theirs.agreed.live {
			asks = true
		}
	}
	look(0, &l.channel, &peer.channel)
	for i, x := range l.extras {
		if p := peer.extra(x.kind); p != nil {
			look(1+i, &x.channel, &p.channel)
		}
	}
	return asks
}

// HasMore reports whether the phone's last description has sections besides the voice.
func (l *Leg) HasMore() bool {
	return slices.ContainsFunc(l.extras, func(x *extra) bool { return x.agreed.live })
}

// Silent reports whether the phone has taken its voice out of the call, as fax machines do for their pictures.
func (l *Leg) Silent() bool { return l.agreed.off }
