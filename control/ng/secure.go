package ng

import (
	"io"
	"slices"
	"strings"

	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/srtp"
)

// secured reports whether a transport protocol is SRTP (RFC 3711, RFC 5764).
func secured(proto string) bool { return strings.Contains(strings.ToUpper(proto), "RTP/SAVP") }

// isDTLS reports whether keys are agreed on inside the media path (RFC 5764), which we do not do.
func isDTLS(proto string) bool { return strings.Contains(strings.ToUpper(proto), "TLS/") }

// isRTP reports whether a transport protocol is one of RTP's, secured or not.
func isRTP(proto string) bool { return strings.Contains(strings.ToUpper(proto), "RTP/") }

// protection is what becomes of a section that is SRTP on at least one side.
//
//	offerer's a=crypto ──► theirs ─────────────────────────► Select ──► answer to the offerer
//	                         └► suites ─► own keys ─► offered ──┐           │
//	                                                             ▼           ▼
//	answerer's a=crypto ────────────────────────────────────► Accept ──► relay.Keys of both legs
//
// Each side that speaks SRTP shares its keys with us alone: the relay decrypts and encrypts again, so
// that it knows whose packets it is looking at. Only where no suite is one of ours, and both sides
// speak SRTP, the keys pass untouched and so do the packets.
type protection struct {
	shared bool // the two sides share keys that we do not know
	sides  [2]keying
}

// keying is the keys of one side.
type keying struct {
	theirs  []srtp.Crypto // of the side's last offer, those that we can do
	offered []srtp.Crypto // of our last offer to the side
	own     []srtp.Key    // what we send with, one for each suite that was ever wanted
	receive srtp.Key      // of keys
	send    srtp.Key      // of keys
	keys    *relay.Keys   // agreed on; nil = plain RTP
}

// protectable looks at the section of an offer before anything is changed: which keys its sender
// offers, and whether we can take them to a side that speaks another protocol.
func protectable(m *sdp.Media, proto string, rules *sdesRules) (theirs []srtp.Crypto, shared bool, err error) {
	if isDTLS(m.Proto) || isDTLS(proto) {
		return nil, false, needsDTLS
	}
	in, out := secured(m.Proto), secured(proto)
	if in {
		theirs = usable(m.Crypto())
		shared = len(theirs) == 0 && out
		if len(theirs) == 0 && !out {
			return nil, false, noSuite
		}
	}
	if out && !shared && (rules.Off || len(rules.suites(theirs)) == 0) {
		return nil, false, noSuite
	}
	return theirs, shared, nil
}

// usable are the lines that we can do what they ask for.
func usable(values []string) []srtp.Crypto {
	return slices.DeleteFunc(srtp.ParseOffer(values), func(c srtp.Crypto) bool { return c.Usable() != nil })
}

// offer writes the keys that the other side is offered in place of the sender's.
func (s *section) offerKeys(from int, m *sdp.Media, p intent, rules *sdesRules, random io.Reader) error {
	to := 1 - from
	s.secure.shared = p.shared
	s.secure.sides[from].theirs = p.theirs
	if p.shared || !secured(p.proto) && !secured(m.Proto) {
		return nil
	}
	stripKeys(m)
	if !secured(p.proto) {
		return nil
	}
	k := &s.secure.sides[to]
	k.offered = k.offered[:0]
	for i, profile := range rules.suites(p.theirs) {
		key, err := k.key(profile, random)
		if err != nil {
			return err
		}
		c := srtp.Crypto{Tag: uint32(i + 1), Suite: profile.String(), Key: key}
		if rules.Lifetime {
			c.Lifetime = 1 << 31
		}
		k.offered = append(k.offered, c)
		m.AddAttribute("crypto", c.Line())
	}
	return nil
}

// suites are what the other side is offered: what the offerer has, in its order, then the rest of what
// we can do, as the rules want it.
func (r *sdesRules) suites(theirs []srtp.Crypto) (list []srtp.Profile) {
	for _, c := range theirs {
		list = append(list, c.Key.Profile)
	}
	if !r.NoNew || len(theirs) == 0 {
		list = append(list, srtp.Profiles()...)
	}
	var kept []srtp.Profile
	for _, p := range list {
		listed := len(r.Only) == 0 && !named(p, r.No) || named(p, r.Only)
		if (listed || r.NoNew) && !slices.Contains(kept, p) {
			kept = append(kept, p)
		}
	}
	first := func(p srtp.Profile) int {
		if i := slices.IndexFunc(r.Order, func(s string) bool { return named(p, []string{s}) }); i >= 0 {
			return i
		}
		return len(r.Order)
	}
	slices.SortStableFunc(kept, func(a, b srtp.Profile) int { return first(a) - first(b) })
	return kept
}

// named reports whether a rule's list of suites has the profile.
func named(p srtp.Profile, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		q, ok := srtp.ParseProfile(s)
		return ok && q == p
	})
}

// key is what we send with to the side under a profile; it stays the same for the section's life.
func (k *keying) key(p srtp.Profile, random io.Reader) (srtp.Key, error) {
	for _, key := range k.own {
		if key.Profile == p {
			return key, nil
		}
	}
	key, err := srtp.NewKey(p, random)
	if err == nil {
		k.own = append(k.own, key)
	}
	return key, err
}

// agreed is what an answer settles about the keys of a section.
type agreed struct {
	keys [2]*relay.Keys
	line string // for the answer to the offerer, "" when it speaks plain RTP
	both [2][2]srtp.Key
}

// agree looks at the section of an answer before anything is changed.
func (s *section) agree(from int, m *sdp.Media, pref []string, random io.Reader) (a agreed, err error) {
	to := 1 - from
	if isDTLS(m.Proto) {
		return a, needsDTLS
	}
	if s.secure.shared || !secured(s.proto[0]) && !secured(s.proto[1]) {
		return a, nil
	}
	if secured(s.proto[from]) {
		answers := usable(m.Crypto())
		if len(answers) == 0 {
			return a, noSuite
		}
		local, err := srtp.Accept(s.secure.sides[from].offered, answers[0])
		if err != nil {
			return a, noSuite
		}
		if err := a.set(s, from, answers[0].Key, local.Key); err != nil {
			return a, err
		}
	}
	if secured(s.proto[to]) {
		k := &s.secure.sides[to]
		line, err := srtp.Select(k.theirs, preferred(k.theirs, pref))
		if err != nil {
			return a, noSuite
		}
		local, err := k.key(line.Key.Profile, random)
		if err != nil {
			return a, err
		}
		if err := a.set(s, to, line.Key, local); err != nil {
			return a, err
		}
		answer, err := line.Answer(local)
		if err != nil {
			return a, err
		}
		a.line = answer.Line()
	}
	return a, nil
}

// preferred is the profile that the answerer of an offer would rather use, any of it when none is named.
func preferred(theirs []srtp.Crypto, pref []string) []srtp.Profile {
	for _, name := range pref {
		if p, ok := srtp.ParseProfile(name); ok && slices.ContainsFunc(theirs, func(c srtp.Crypto) bool { return c.Key.Profile == p }) {
			return []srtp.Profile{p}
		}
	}
	return srtp.Profiles()
}

// set notes the keys of a side; those that did not change stay the same value, which the relay then
// goes on with.
func (a *agreed) set(s *section, side int, receive, send srtp.Key) error {
	k := &s.secure.sides[side]
	a.both[side] = [2]srtp.Key{receive, send}
	if a.keys[side] = k.keys; k.keys != nil && k.receive.Equal(receive) && k.send.Equal(send) {
		return nil
	}
	var err error
	a.keys[side], err = relay.NewKeys(receive, send)
	return err
}

// answerKeys writes the keys that the offerer is answered with and keeps what was agreed on.
func (s *section) answerKeys(to int, m *sdp.Media, a agreed) {
	for side := range s.secure.sides {
		k := &s.secure.sides[side]
		k.keys, k.receive, k.send = a.keys[side], a.both[side][0], a.both[side][1]
	}
	if s.secure.shared || !secured(s.proto[0]) && !secured(s.proto[1]) {
		return
	}
	stripKeys(m)
	if a.line != "" {
		m.AddAttribute("crypto", a.line)
	}
}

// keyed reports whether no side that wants SRTP would be sent plain RTP.
func (s *section) keyed() bool {
	for side, proto := range s.proto {
		if secured(proto) && !s.secure.shared && s.secure.sides[side].keys == nil {
			return false
		}
	}
	return true
}

// stripKeys takes keys, and what offers to agree on some, out of a section.
func stripKeys(m *sdp.Media) {
	for _, name := range [...]string{"crypto", "fingerprint", "setup", "tls-id", "dtls-id"} {
		if _, ok := m.Attribute(name); ok {
			m.RemoveAttribute(name)
		}
	}
}
