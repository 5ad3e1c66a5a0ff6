package media

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sidetone/control/sdp"
	"sidetone/relay"
	"sidetone/relay/quality"
	"sidetone/relay/srtp"
)

// ErrNotAcceptable is returned for a description that has no audio stream or no
// codec we could take part in; SIP answers it with 488.
var ErrNotAcceptable = errors.New("no acceptable audio")

// Leg is one media endpoint: our ports, what was agreed about them, and what
// its phone hears. It belongs to one actor.
type Leg struct {
	engine    *Engine
	relay     *relay.Leg
	peer      netip.Addr // where its signalling comes from
	behindNAT bool
	addr      netip.Addr // what we call ourselves in SDP
	security  Security

	// What was said and agreed.
	origin    sdp.Origin
	described []byte        // our last description, without regard to its version
	lines     []srtp.Crypto // the keys of our last offer
	local     []sdp.Codec   // payload types they may send
	told      sdp.Direction
	at        Place // of our last description
	agreed    agreement
	before    agreement // what stands if the phone's offer cannot be answered
	remoteSet relay.Remote

	// What happens on it; see plan.go.
	to     *Leg
	from   *Leg // the leg whose to this is
	poured struct {
		local, remote []sdp.Codec       // what the translation of to was made from
		how           *relay.PayloadMap // the translation
		silent        bool              // without the keys
	}
	hearing *listening
	seat    *seat
	ear     ear
	splice  *splice // nil until a key had to be put in or taken out of what the phone hears
	retuned bool    // what we send to the phone changed since hearing or seat was made
}

// agreement is what the phone's last description brought.
type agreement struct {
	theirs *sdp.Session
	audio  *sdp.Media  // the section of theirs that was taken
	remote []sdp.Codec // payload types we may send, their favourite first
	mux    bool
	secured
}

// Local is what our side of a description should say.
type Local struct {
	Codecs    []sdp.Codec
	Direction sdp.Direction
	// At is where the phone is to send instead of to us; the zero Place is our ports.
	At Place
}

// Shard is where the leg lives.
func (l *Leg) Shard() int { return l.relay.Shard() }

// Relay is the data plane's side of the leg.
func (l *Leg) Relay() *relay.Leg { return l.relay }

// Told is the direction our last description carried.
func (l *Leg) Told() sdp.Direction { return l.told }

// Described are the codecs of our last description.
func (l *Leg) Described() []sdp.Codec { return l.local }

// Remote are the codecs of the phone's last description; none before it.
func (l *Leg) Remote() []sdp.Codec { return l.agreed.remote }

// Offer describes our side for an INVITE or re-INVITE.
func (l *Leg) Offer(want Local) []byte {
	local := l.describe(want)
	local.Mux = l.agreed.mux && want.At == Place{}
	before := l.at
	l.at = want.At
	l.lines, local.Proto = l.agreed.offering(l.security)
	local.Crypto = values(l.lines...)
	if l.agreed.theirs != nil {
		return l.versioned(sdp.Reoffer(l.agreed.theirs, l.agreed.audio, local), before)
	}
	return l.versioned(sdp.Describe(local), before)
}

// SetOffer takes the phone's offer, which Answer then puts into force. Errors wrap ErrNotAcceptable; the leg is
// then as before.
func (l *Leg) SetOffer(body []byte) error {
	s, err := sdp.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	m, crypto, err := l.security.choose(s)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	keys, err := l.agreed.answering(crypto, m.Proto)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	before := l.agreed
	if err := l.take(s, m, keys); err != nil {
		return err
	}
	l.before = before
	return nil
}

// Answer answers the description that SetOffer took last. Errors wrap ErrNotAcceptable; what was agreed before
// stands.
func (l *Leg) Answer(want Local) ([]byte, error) {
	local := l.describe(want)
	local.Mux, local.Crypto = want.At == Place{}, values(l.agreed.line)
	b, err := sdp.AnswerTo(l.agreed.theirs, l.agreed.audio, local)
	if err != nil {
		if l.before.theirs != nil {
			l.agreed, l.retuned = l.before, true
		}
		return nil, fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	l.agreed.mux = l.agreed.audio.RTCPMux() && want.At == Place{}
	before := l.at
	l.at = want.At
	return l.versioned(b, before), nil
}

// SetAnswer takes the phone's answer to our offer. Errors wrap ErrNotAcceptable; the leg is then as before.
func (l *Leg) SetAnswer(body []byte) error {
	s, err := sdp.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	m := s.Audio()
	if m == nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, sdp.ErrNoAudio)
	}
	keys, err := l.agreed.answered(l.lines, m, l.security == SecurityRequired)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	if err := l.take(s, m, keys); err != nil {
		return err
	}
	l.pointRelay()
	return nil
}

// take makes a section of the phone's description what is agreed.
func (l *Leg) take(s *sdp.Session, m *sdp.Media, keys secured) error {
	codecs := m.Codecs()
	if !hasVoice(codecs) {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, sdp.ErrNoCommonCodec)
	}
	if !sameCodecs(codecs, l.agreed.remote) {
		l.retuned = true
	}
	l.agreed = agreement{theirs: s, audio: m, remote: codecs, mux: l.agreed.mux && m.RTCPMux(), secured: keys}
	return nil
}

// RemoteDirection is what the phone's last description said.
func (l *Leg) RemoteDirection() sdp.Direction {
	if l.agreed.theirs == nil {
		return sdp.SendRecv
	}
	return l.agreed.audio.Direction()
}

// pointRelay tells the data plane where the phone says it is, and the keys. A description that repeats the last
// one changes nothing, so that what was learned stays.
func (l *Leg) pointRelay() {
	m := l.agreed.audio
	r := relay.Remote{
		RTP: m.RTP(), RTCP: m.RTCP(), Mux: l.agreed.mux, Keys: l.agreed.keys,
		SIPSource: l.peer.Unmap(), BehindNAT: l.behindNAT,
	}
	r.RoundTrips, r.Metrics = extendedReports(l.agreed.theirs, m)
	if i := slices.IndexFunc(l.agreed.remote, isVoice); i >= 0 {
		r.Impairment = quality.ImpairmentOf(l.agreed.remote[i].Name)
	}
	if !r.RTP.Addr().IsValid() || r.RTP.Addr().IsUnspecified() { // RFC 2543 hold: where it was before
		r.RTP, r.RTCP = l.remoteSet.RTP, l.remoteSet.RTCP
	}
	for _, c := range l.local {
		r.PayloadTypes[c.PayloadType>>6] |= 1 << (c.PayloadType & 63)
		r.Clocks[c.PayloadType&127] = uint8(min(c.ClockRate/1000, 255))
	}
	if r != l.remoteSet {
		l.remoteSet = r
		l.relay.SetRemote(r)
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

func (l *Leg) describe(want Local) sdp.Local {
	d := sdp.Local{
		Origin: l.origin, Address: l.addr,
		Port: l.relay.LocalRTP().Port(), RTCPPort: l.relay.LocalRTCP().Port(),
		Codecs: want.Codecs, Direction: want.Direction, Ptime: ptime,
	}
	if want.At.RTP.IsValid() {
		d.Address, d.Port, d.RTCPPort = want.At.RTP.Addr(), want.At.RTP.Port(), want.At.RTCP.Port()
	}
	return d
}

// versioned notes what was said and counts the o= version up when it differs
// from the last time (RFC 3264 section 8). before is where the phone was sent until now.
func (l *Leg) versioned(b []byte, before Place) []byte {
	s, err := sdp.Parse(b)
	if err != nil { // we wrote it
		panic("media: our own description does not parse: " + err.Error())
	}
	l.told = s.Audio().Direction()
	l.local = s.Audio().Codecs()
	if l.agreed.theirs != nil {
		l.pointRelay()
	}
	if before != l.at {
		l.relay.Interrupt()
	}
	if l.described != nil && !bytes.Equal(b, l.described) {
		l.origin.Version++
		s.SetOrigin(l.origin)
		b = s.Bytes()
	}
	l.described = b
	return b
}

// SetTimeouts changes after how long without media the relay reports the leg;
// 0 is never.
func (l *Leg) SetTimeouts(noMedia, oneWay time.Duration) { l.relay.SetTimeouts(noMedia, oneWay) }

// Close gives the ports back; a leg that spoke to this one falls silent.
func (l *Leg) Close() error {
	err := l.retreat(Plan{})
	if l.from != nil {
		err = errors.Join(err, l.from.mute())
	}
	l.relay.Close()
	return err
}
