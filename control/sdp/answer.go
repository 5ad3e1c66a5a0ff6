package sdp

import (
	"errors"
	"slices"
	"strings"
)

// Why an offer cannot be answered; a caller turns both into 488 Not Acceptable Here.
var (
	ErrNoAudio       = errors.New("sdp: no audio section that can be taken")
	ErrNoCommonCodec = errors.New("sdp: no codec in common")
)

// Answer writes the answer to an offer of which one section is taken: the first audio section that Takes accepts, as AnswerTo does.
func Answer(offer *Session, l Local) ([]byte, error) {
	for i, m := range offer.Media {
		if l.Takes(m) {
			return AnswerTo(offer, l.Origin, append(make([]*Local, i), &l))
		}
	}
	return nil, ErrNoAudio
}

// AnswerTo writes the answer to an offer (RFC 3264 section 6). It has the offer's sections in their number and order; those that
// have a Local are answered, all others are refused with port 0. Nothing is answered that was not offered: of the Local's Codecs those
// that the offer has remain, in the Local's order and with the offer's payload types (for the offer's order pass Common(offered,
// ours)); its Direction is cut down to what the offer allows; rtcp-mux is answered only to an offer of it. The errors are
// ErrNoAudio, for a section that its Local does not take, and ErrNoCommonCodec.
func AnswerTo(offer *Session, o Origin, lines []*Local) ([]byte, error) {
	s := newSession(o)
	for i, m := range offer.Media {
		if i >= len(lines) || lines[i] == nil {
			s.Media = append(s.Media, newMedia(s, m.Kind, 0, m.Proto, m.Formats))
			continue
		}
		l := lines[i]
		if !l.Takes(m) {
			return nil, ErrNoAudio
		}
		codecs := answered(m.Codecs(), l.Codecs)
		if m.IsRTP() && !hasVoice(codecs) {
			return nil, ErrNoCommonCodec
		}
		a := l.media(s, m.Proto, codecs, l.Direction.And(m.Direction().Reverse()), l.Mux && m.RTCPMux())
		a.Kind = m.Kind // as it was written
		s.Media = append(s.Media, a)
	}
	return s.Bytes(), nil
}

// Takes reports whether l can answer the section: live, of l's kind, over plain RTP, or over SDES-keyed SRTP
// when l has keys and the offer too, or as it is over UDP. Many phones offer SRTP that they can do without as RTP/AVP with
// keys (RFC 8643); it is answered in the same way.
func (l *Local) Takes(m *Media) bool {
	if m.Rejected() || !(l.Kind == "" && m.IsAudio() || strings.EqualFold(l.Kind, m.Kind)) {
		return false
	}
	keyed := len(l.Crypto) > 0
	switch m.Proto {
	case "RTP/AVP", "RTP/AVPF":
		return !keyed || len(m.Crypto()) > 0
	case "RTP/SAVP", "RTP/SAVPF":
		return keyed && len(m.Crypto()) > 0
	default:
		return m.IsDatagram() && len(l.Formats) > 0
	}
}

// answered is ours cut down to what was offered, under the offer's payload types.
func answered(offered, ours []Codec) []Codec {
	var codecs []Codec
	for _, c := range ours {
		o, ok := Find(offered, c)
		if i := slices.IndexFunc(offered, func(o Codec) bool { return o.Same(c) && o.PayloadType == c.PayloadType }); i >= 0 {
			o = offered[i] // a codec may be there twice
		}
		if ok {
			c.PayloadType = o.PayloadType
			codecs = append(codecs, c)
		}
	}
	return codecs
}

// hasVoice reports whether there is a codec besides telephone-event and comfort noise.
func hasVoice(codecs []Codec) bool {
	for _, c := range codecs {
		if !c.IsEvent() && !c.IsComfortNoise() {
			return true
		}
	}
	return false
}
