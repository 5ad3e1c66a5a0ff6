package media

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"sidetone/control/sdp"
	"sidetone/relay"
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

	// What was agreed.
	origin    sdp.Origin
	described []byte       // our last description, without regard to its version
	theirs    *sdp.Session // their last description
	local     []sdp.Codec  // payload types they may send
	remote    []sdp.Codec  // payload types we may send, their favourite first
	told      sdp.Direction
	mux       bool
	remoteSet relay.Remote

	// What happens on it; see plan.go.
	to      *Leg
	from    *Leg                                // the leg whose to this is
	poured  struct{ local, remote []sdp.Codec } // what the translation of to was made from
	hearing *listening
	seat    *seat
	retuned bool // what we send to the phone changed since hearing or seat was made
}

// Local is what our side of a description should say.
type Local struct {
	Codecs    []sdp.Codec
	Direction sdp.Direction
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
func (l *Leg) Remote() []sdp.Codec { return l.remote }

// Offer describes our side for an INVITE or re-INVITE.
func (l *Leg) Offer(want Local) []byte {
	local := l.describe(want)
	local.Mux = l.mux
	if l.theirs != nil {
		return l.versioned(want, sdp.Reoffer(l.theirs, nil, local))
	}
	return l.versioned(want, sdp.Describe(local))
}

// Answer answers the description that SetRemote took last.
func (l *Leg) Answer(want Local) ([]byte, error) {
	local := l.describe(want)
	local.Mux = true
	b, err := sdp.Answer(l.theirs, local)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	l.mux = l.theirs.Audio().RTCPMux()
	l.pointRelay()
	return l.versioned(want, b), nil
}

// SetRemote takes the phone's description: an offer, or the answer to ours.
// Errors wrap ErrNotAcceptable; the leg is then as before.
func (l *Leg) SetRemote(body []byte) error {
	s, err := sdp.Parse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	m := s.Audio()
	if m == nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, sdp.ErrNoAudio)
	}
	codecs := m.Codecs()
	if !hasVoice(codecs) {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, sdp.ErrNoCommonCodec)
	}
	l.theirs = s
	if !sameCodecs(codecs, l.remote) {
		l.remote, l.retuned = codecs, true
	}
	l.mux = l.mux && m.RTCPMux()
	l.pointRelay()
	return nil
}

// RemoteDirection is what the phone's last description said.
func (l *Leg) RemoteDirection() sdp.Direction {
	if l.theirs == nil {
		return sdp.SendRecv
	}
	return l.theirs.Audio().Direction()
}

// pointRelay tells the data plane where the phone says it is. A description
// that repeats the last one changes nothing, so that what was learned stays.
func (l *Leg) pointRelay() {
	m := l.theirs.Audio()
	r := relay.Remote{
		RTP: m.RTP(), RTCP: m.RTCP(), Mux: l.mux,
		SIPSource: l.peer.Unmap(), BehindNAT: l.behindNAT,
	}
	if !r.RTP.Addr().IsValid() || r.RTP.Addr().IsUnspecified() { // RFC 2543 hold: where it was before
		r.RTP, r.RTCP = l.remoteSet.RTP, l.remoteSet.RTCP
	}
	for _, c := range l.local {
		r.PayloadTypes[c.PayloadType>>6] |= 1 << (c.PayloadType & 63)
	}
	if r != l.remoteSet {
		l.remoteSet = r
		l.relay.SetRemote(r)
	}
}

func (l *Leg) describe(want Local) sdp.Local {
	return sdp.Local{
		Origin: l.origin, Address: l.addr,
		Port: l.relay.LocalRTP().Port(), RTCPPort: l.relay.LocalRTCP().Port(),
		Codecs: want.Codecs, Direction: want.Direction, Ptime: ptime,
	}
}

// versioned notes what was said and counts the o= version up when it differs
// from the last time (RFC 3264 section 8).
func (l *Leg) versioned(want Local, b []byte) []byte {
	s, err := sdp.Parse(b)
	if err != nil { // we wrote it
		panic("media: our own description does not parse: " + err.Error())
	}
	l.told = s.Audio().Direction()
	l.local = s.Audio().Codecs()
	if l.theirs != nil {
		l.pointRelay()
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
