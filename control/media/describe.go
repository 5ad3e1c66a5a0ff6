package media

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sidetone/control/sdp"
)

// Offers and answers (RFC 3264). Each side of a call has its own session: m= lines keep their number and order in it, and what is off
// keeps its line with port 0.
//
//	our offer      Offer ──► SetAnswer, or OfferRefused: as before it
//	the phone's    SetOffer ──► Answer, or Revert: as before it

// accord is what was agreed about all sections.
type accord struct {
	theirs *sdp.Session
	agreed []agreement // the voice, and the extras in their order
}

func (l *Leg) accord() accord {
	a := accord{theirs: l.theirs, agreed: []agreement{l.agreed}}
	for _, x := range l.extras {
		a.agreed = append(a.agreed, x.agreed)
	}
	return a
}

// channels are all sections, the voice first.
func (l *Leg) channels() []*channel {
	list := []*channel{&l.channel}
	for _, x := range l.extras {
		list = append(list, &x.channel)
	}
	return list
}

func (l *Leg) statements() []statement {
	var list []statement
	for _, s := range l.channels() {
		list = append(list, s.statement)
	}
	return list
}

// Offer describes our side for an INVITE or re-INVITE.
func (l *Leg) Offer(want Local) []byte {
	l.undo = l.statements()
	var lines []*sdp.Local
	if l.ours != nil {
		lines = make([]*sdp.Local, len(l.ours.Media))
	}
	put := func(s *channel, line *sdp.Local) {
		if n := s.agreed.number; n == 0 || n > len(lines) || lines[n-1] != nil {
			lines = append(lines, nil)
			s.agreed.number = len(lines)
		}
		lines[s.agreed.number-1] = line
	}
	before := l.at
	if l.shown = !want.Silent; l.shown {
		line := l.describe(l, want.Codecs, want.Direction, want.At)
		line.Mux, line.Ptime = l.agreed.mux && want.At == Place{}, ptime
		l.at = want.At
		l.lines, line.Proto = l.agreed.offering(l.security)
		line.Crypto = values(l.lines...)
		put(&l.channel, &line)
	}
	for _, x := range l.extras {
		x.shown = false
	}
	for _, s := range want.Sections {
		x := l.extra(s.Kind)
		if x == nil {
			continue
		}
		line := x.offer(s)
		if line == nil {
			continue
		}
		if s.Instead && want.Silent && x.agreed.number == 0 {
			x.agreed.number = l.agreed.number
		}
		put(&x.channel, line)
	}
	return l.versioned(sdp.Offer(l.origin, l.ours, lines), before)
}

// OfferRefused takes back our last offer, which the phone has not taken. What it would have brought into the call is not offered
// again, unless the phone only had something else to do (again). An offer that would have brought nothing is left as it is: the
// phone knows less than it should, and offering the same again would not help.
func (l *Leg) OfferRefused(again bool) {
	brought := false
	for i, s := range l.channels() {
		if l.undo != nil && s.shown && (i >= len(l.undo) || !l.undo[i].shown) {
			brought, s.agreed.off = true, s.agreed.off || !again
		}
	}
	if brought {
		for i, s := range l.channels() {
			s.statement = statement{}
			if i < len(l.undo) {
				s.statement = l.undo[i]
			}
		}
		l.tidy()
	}
	l.undo = nil
}

// SetAnswer takes the phone's answer to our offer. Errors wrap ErrNotAcceptable; the leg is then as before.
func (l *Leg) SetAnswer(body []byte) error {
	s, err := sdp.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	found := make([]*sdp.Media, 1+len(l.extras))
	keys := make([]secured, len(found))
	taken := 0
	if m := l.answered(s); m != nil {
		k, err := l.agreed.answered(l.lines, m, l.security == SecurityRequired)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
		}
		if !hasVoice(m.Codecs()) {
			return fmt.Errorf("%w: %w", ErrNotAcceptable, sdp.ErrNoCommonCodec)
		}
		found[0], keys[0] = m, k
		taken++
	}
	for i, x := range l.extras {
		if m := x.answered(s); m != nil {
			if k, err := x.agreed.answered(x.lines, m, l.security == SecurityRequired); err == nil {
				found[1+i], keys[1+i] = m, k
				taken++
			}
		}
	}
	if taken == 0 && l.shown {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, sdp.ErrNoAudio)
	}
	l.theirs, l.ours, l.undo = s, l.stated, nil
	l.take(found[0], l.agreed.number, keys[0])
	for i, x := range l.extras {
		x.take(found[1+i], x.agreed.number, keys[1+i])
	}
	l.point()
	l.tidy()
	return nil
}

// answered is the voice of an answer: where it was offered, or wherever a phone has put it; nil when there is none.
func (l *Leg) answered(s *sdp.Session) *sdp.Media {
	if !l.shown {
		return nil
	}
	if n := l.agreed.number; n <= len(s.Media) && s.Media[n-1].IsAudio() && !s.Media[n-1].Rejected() {
		return s.Media[n-1]
	}
	return s.Audio()
}

// answered is the section's line in an answer, or nil.
func (x *extra) answered(s *sdp.Session) *sdp.Media {
	n := x.agreed.number
	if !x.shown || x.relay == nil || n == 0 || n > len(s.Media) {
		return nil
	}
	m := s.Media[n-1]
	if k, ok := kindOf(m); !ok || m.Rejected() || k.Media != x.kind.Media || k.Raw != x.kind.Raw || k.Raw == "" && len(m.Codecs()) == 0 {
		return nil
	}
	return m
}

// SetOffer takes the phone's offer, which Answer then puts into force. Errors wrap ErrNotAcceptable; the leg is
// then as before.
func (l *Leg) SetOffer(body []byte) error {
	s, err := sdp.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	voice, keys, err := l.offered(s)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	l.before = l.accord()
	first := l.theirs == nil
	l.theirs = s
	l.take(voice, 1+slices.Index(s.Media, voice), keys)
	l.agreed.off = l.agreed.off || first && voice == nil
	all := kinds(s)
	for _, x := range l.extras {
		if !slices.Contains(all, x.kind) {
			x.take(nil, 0, secured{})
			x.agreed.number = 0
		}
	}
	for i, k := range all {
		if k != (Kind{}) {
			l.takeExtra(k, s.Media[i], 1+i)
		}
	}
	return nil
}

// offered is the voice of a phone's offer, nil when it has other sections only, and its keys.
func (l *Leg) offered(s *sdp.Session) (*sdp.Media, secured, error) {
	m, crypto, err := l.security.choose(s)
	if errors.Is(err, sdp.ErrNoAudio) && slices.ContainsFunc(s.Media, func(m *sdp.Media) bool { _, ok := kindOf(m); return ok && !m.Rejected() }) {
		return nil, secured{}, nil
	}
	if err != nil {
		return nil, secured{}, err
	}
	if !hasVoice(m.Codecs()) {
		return nil, secured{}, sdp.ErrNoCommonCodec
	}
	keys, err := l.agreed.answering(crypto, m.Proto)
	return m, keys, err
}

// takeExtra takes a section of the phone's offer besides the voice.
func (l *Leg) takeExtra(k Kind, m *sdp.Media, number int) {
	x := l.find(k)
	if x == nil && !m.Rejected() {
		x = l.extra(k)
	}
	if x == nil {
		return
	}
	crypto, ok := l.security.passes(m)
	keys, err := x.agreed.answering(crypto, m.Proto)
	if m.Rejected() || !ok || err != nil || k.Raw == "" && len(m.Codecs()) == 0 {
		x.take(nil, 0, secured{})
		x.agreed.number = number
		return
	}
	x.take(m, number, keys)
}

// Answer answers the description that SetOffer took last. Errors wrap ErrNotAcceptable; what was agreed before
// stands.
func (l *Leg) Answer(want Local) ([]byte, error) {
	lines := make([]*sdp.Local, len(l.theirs.Media))
	before, said := l.at, l.statements()
	l.shown = l.agreed.live && !want.Silent
	if l.shown {
		line := l.describe(l, want.Codecs, want.Direction, want.At)
		line.Mux, line.Ptime, line.Crypto = want.At == Place{}, ptime, values(l.agreed.line)
		lines[l.agreed.number-1] = &line
	}
	answered := l.shown
	for _, x := range l.extras {
		x.shown = false
		i := slices.IndexFunc(want.Sections, func(s Section) bool { return s.Kind == x.kind })
		if i < 0 || !x.agreed.live {
			continue
		}
		if line := x.answer(want.Sections[i]); line != nil {
			lines[x.agreed.number-1] = line
			answered = true
		}
	}
	b, err := sdp.AnswerTo(l.theirs, l.origin, lines)
	if err == nil && !answered {
		err = sdp.ErrNoAudio
	}
	if err != nil {
		for i, s := range l.channels() {
			s.statement = said[i]
		}
		l.Revert()
		return nil, fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	if l.shown {
		l.agreed.mux = l.agreed.theirs.RTCPMux() && want.At == Place{}
		l.at = want.At
	}
	b = l.versioned(b, before)
	l.ours, l.undo, l.before = l.stated, nil, accord{}
	l.tidy()
	return b, nil
}

// Revert forgets the description that SetOffer took last, unless it was the first: what was agreed before stands.
func (l *Leg) Revert() {
	if l.before.theirs == nil {
		return
	}
	l.theirs, l.agreed, l.retuned = l.before.theirs, l.before.agreed[0], true
	for i, x := range l.extras {
		x.agreed = agreement{}
		if 1+i < len(l.before.agreed) {
			x.agreed = l.before.agreed[1+i]
		}
	}
	l.before = accord{}
	l.tidy()
}

// take is channel.take of the voice.
func (l *Leg) take(m *sdp.Media, number int, keys secured) {
	was := l.agreed.remote
	l.channel.take(m, number, keys)
	if !sameCodecs(was, l.agreed.remote) {
		l.retuned = true
	}
}

// RemoteDirection is what the phone's last description said of its voice.
func (l *Leg) RemoteDirection() sdp.Direction {
	if !l.agreed.live {
		return sdp.SendRecv
	}
	return l.agreed.theirs.Direction()
}

// point tells the data plane of all sections.
func (l *Leg) point() {
	for _, s := range l.channels() {
		s.point(l)
	}
}

// extendedReports tells which extended reports the phone asks for (RFC 3611, 5.1): those by which a receiver finds the round trip, and
// VoIP metrics. The section's own word counts, else the session's.
func extendedReports(s *sdp.Session, m *sdp.Media) (roundTrips, metrics bool) {
	formats, ok := m.Attribute("rtcp-xr")
	if !ok {
		formats, _ = s.Attribute("rtcp-xr")
	}
	for f := range strings.FieldsSeq(formats) {
		switch name, _, _ := strings.Cut(strings.ToLower(f), "="); name {
		case "rcvr-rtt":
			roundTrips = true
		case "voip-metrics":
			metrics = true
		}
	}
	return roundTrips, metrics
}

// versioned notes what was said and counts the o= version up when it differs
// from the last time (RFC 3264 section 8). before is where the phone was sent until now.
func (l *Leg) versioned(b []byte, before Place) []byte {
	s, err := sdp.Parse(b)
	if err != nil { // we wrote it
		panic("media: our own description does not parse: " + err.Error())
	}
	for _, m := range l.channels() {
		if m.shown {
			own := s.Media[m.agreed.number-1]
			m.told, m.local = own.Direction(), own.Codecs()
		}
	}
	if l.theirs != nil {
		l.point()
	}
	if before != l.at {
		l.relay.Interrupt()
	}
	if l.described != nil && !bytes.Equal(b, l.described) {
		l.origin.Version++
		s.SetOrigin(l.origin)
		b = s.Bytes()
	}
	l.described, l.stated = b, s
	return b
}
