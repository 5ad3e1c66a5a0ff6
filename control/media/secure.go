package media

import (
	"crypto/rand"
	"errors"
	"fmt"

	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/srtp"
)

// Security says whether a phone's media is SRTP, keyed in SDP (SPEC S7, RFC 4568).
//
//	         the phone offers          we offer
//	         RTP/SAVP  both*  RTP/AVP
//	Off      refused   RTP    RTP      RTP/AVP
//	Optional SRTP      SRTP   RTP      both*
//	Required SRTP      SRTP   refused  RTP/SAVP
//
//	* RTP/AVP with a=crypto lines, or one section of each kind
//
// RTP/AVP with a=crypto (RFC 8643) is how we offer the choice, because a phone without SRTP takes it for an ordinary
// call: attributes it does not know are ignored, while RTP/SAVP would leave it no answer but 488. Phones that have SRTP switched
// on as "optional" mean and send the same. One that insists on SRTP may refuse it with 488; control/call then rings it again
// with Required. Two sections, the other way in use, confuse phones that ring two streams.
type Security uint8

// What a station may be set to.
const (
	SecurityOptional Security = iota
	SecurityOff
	SecurityRequired
)

var securityNames = [...]string{SecurityOptional: "optional", SecurityOff: "off", SecurityRequired: "required"}

// ParseSecurity returns what a name of the configuration means.
func ParseSecurity(name string) (Security, error) {
	for s, n := range securityNames {
		if n == name {
			return Security(s), nil
		}
	}
	return 0, fmt.Errorf("srtp %q is none of off, optional, required", name)
}

// String is the name that the configuration uses.
func (s Security) String() string { return securityNames[s] }

// offered are the profiles that we offer, in order of preference. Four, since an INVITE over UDP should stay in one
// datagram; every phone with SRTP has the first. What phones offer is taken in all profiles.
var offered = []srtp.Profile{srtp.AES128CM80, srtp.AES256CM80, srtp.AES256GCM, srtp.AES128GCM}

var errInsecure = errors.New("SRTP is required")

// choose picks the section of a phone's offer that will be answered: one with keys before one without. crypto is the
// line to use, its Key the one the phone sends with; without a profile it is plain RTP.
func (s Security) choose(offer *sdp.Session) (taken *sdp.Media, crypto srtp.Crypto, err error) {
	var plain *sdp.Media
	err = sdp.ErrNoAudio
	for _, m := range offer.Media {
		if !m.IsAudio() || m.Rejected() {
			continue
		}
		line, lineErr := srtp.Select(srtp.ParseOffer(m.Crypto()), srtp.Profiles())
		switch m.Proto {
		case "RTP/AVP", "RTP/AVPF":
			if plain == nil {
				plain = m
			}
		case "RTP/SAVP", "RTP/SAVPF":
			if lineErr != nil {
				err = lineErr
			}
		default:
			continue
		}
		if lineErr == nil && s != SecurityOff {
			return m, line, nil
		}
	}
	switch {
	case plain != nil && s != SecurityRequired:
		return plain, srtp.Crypto{}, nil
	case plain != nil:
		err = errInsecure
	}
	return nil, srtp.Crypto{}, err
}

// secured is what was agreed about SRTP.
type secured struct {
	line  srtp.Crypto // ours, with the key we send with; no profile = plain RTP
	peer  srtp.Key    // the phone's
	keys  *relay.Keys // the two for the data plane, nil = plain RTP
	proto string      // of the section, "" before there is one
}

// Suite is the name of what protects the leg's voice, "" for plain RTP.
func (l *Leg) Suite() string { return l.agreed.suite() }

func (s secured) suite() string {
	if s.keys == nil {
		return ""
	}
	return s.line.Key.Profile.String()
}

// answering agrees to a line that the phone offers. Our key is kept as long as the profile is the same, so that a re-INVITE
// leaves the stream to the phone as it is.
func (was secured) answering(crypto srtp.Crypto, proto string) (secured, error) {
	if !crypto.Key.Profile.Valid() {
		return secured{proto: proto}, nil
	}
	key := was.line.Key
	if key.Profile != crypto.Key.Profile {
		var err error
		if key, err = srtp.NewKey(crypto.Key.Profile, rand.Reader); err != nil {
			return secured{}, err
		}
	}
	line, err := crypto.Answer(key)
	if err != nil {
		return secured{}, err
	}
	return was.with(line, crypto.Key, proto)
}

// answered agrees to what the phone answered to our lines.
func (was secured) answered(lines []srtp.Crypto, m *sdp.Media, need bool) (secured, error) {
	values := m.Crypto()
	if len(lines) == 0 || len(values) == 0 {
		if m.IsSecure() || need {
			return secured{}, errInsecure
		}
		return secured{proto: m.Proto}, nil
	}
	answer, err := srtp.ParseCrypto(values[0])
	if err != nil {
		return secured{}, err
	}
	line, err := srtp.Accept(lines, answer)
	if err != nil {
		return secured{}, err
	}
	return was.with(line, answer.Key, m.Proto)
}

// with makes the agreement of two keys.
func (was secured) with(line srtp.Crypto, peer srtp.Key, proto string) (secured, error) {
	now := secured{line: line, peer: peer, keys: was.keys, proto: proto}
	if was.keys != nil && was.peer.Equal(peer) && was.line.Key.Equal(line.Key) {
		return now, nil
	}
	var err error
	now.keys, err = relay.NewKeys(peer, line.Key)
	return now, err
}

// offering returns the lines of our offer and its protocol: once something is agreed, that again.
func (now secured) offering(s Security) (lines []srtp.Crypto, proto string) {
	switch {
	case now.keys != nil:
		return []srtp.Crypto{now.line}, now.proto
	case now.proto != "" && s != SecurityRequired, s == SecurityOff:
		return nil, now.proto
	case s == SecurityRequired:
		proto = "RTP/SAVP"
	default:
		proto = "RTP/AVP"
	}
	lines, err := srtp.Offer(offered, rand.Reader)
	if err != nil {
		panic("media: no random numbers: " + err.Error())
	}
	return lines, proto
}

// values are the lines as SDP carries them.
func values(lines ...srtp.Crypto) []string {
	var list []string
	for _, c := range lines {
		if c.Key.Profile.Valid() {
			list = append(list, c.Line())
		}
	}
	return list
}
