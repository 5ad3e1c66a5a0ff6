package sdp

import "errors"

// Why an offer cannot be answered; a caller turns both into 488 Not Acceptable Here.
var (
	ErrNoAudio       = errors.New("sdp: no audio section that can be taken")
	ErrNoCommonCodec = errors.New("sdp: no codec in common")
)

// Answer writes the answer to an offer (RFC 3264 section 6). It has the offer's sections in their
// number and order; the first audio section that Takes accepts is answered, all others are refused
// with port 0. Nothing is answered that was not offered: of l.Codecs those that the offer has remain,
// in l's order and with the offer's payload types (for the offer's order pass Common(offered, ours));
// l.Direction is cut down to what the offer allows; rtcp-mux is answered only to an offer of it.
// The errors are ErrNoAudio and ErrNoCommonCodec.
func Answer(offer *Session, l Local) ([]byte, error) {
	for _, m := range offer.Media {
		if l.Takes(m) {
			return AnswerTo(offer, m, l)
		}
	}
	return nil, ErrNoAudio
}

// AnswerTo is Answer for a section of the offer that the caller has chosen; Takes must accept it.
func AnswerTo(offer *Session, chosen *Media, l Local) ([]byte, error) {
	if !l.Takes(chosen) {
		return nil, ErrNoAudio
	}
	codecs := answered(chosen.Codecs(), l.Codecs)
	if !hasAudio(codecs) {
		return nil, ErrNoCommonCodec
	}
	s := newSession(l.Origin)
	for _, m := range offer.Media {
		if m != chosen {
			s.Media = append(s.Media, newMedia(s, m.Kind, 0, m.Proto, m.Formats))
			continue
		}
		d := l.Direction.And(m.Direction().Reverse())
		a := l.media(s, m.Proto, codecs, d, l.Mux && m.RTCPMux())
		a.Kind = m.Kind // as it was written
		s.Media = append(s.Media, a)
	}
	return s.Bytes(), nil
}

// Takes reports whether l can answer the section: live audio over plain RTP, or over SDES-keyed SRTP
// when l has keys and the offer too. Many phones offer SRTP that they can do without as RTP/AVP with
// keys (RFC 8643); it is answered in the same way.
func (l Local) Takes(m *Media) bool {
	if !m.IsAudio() || m.Rejected() {
		return false
	}
	keyed := len(l.Crypto) > 0
	switch m.Proto {
	case "RTP/AVP", "RTP/AVPF":
		return !keyed || len(m.Crypto()) > 0
	case "RTP/SAVP", "RTP/SAVPF":
		return keyed && len(m.Crypto()) > 0
	default:
		return false
	}
}

// answered is ours cut down to what was offered, under the offer's payload types.
func answered(offered, ours []Codec) []Codec {
	var codecs []Codec
	for _, c := range ours {
		if o, ok := Find(offered, c); ok {
			c.PayloadType = o.PayloadType
			codecs = append(codecs, c)
		}
	}
	return codecs
}

// hasAudio reports whether there is a codec besides telephone-event and comfort noise.
func hasAudio(codecs []Codec) bool {
	for _, c := range codecs {
		if !c.IsEvent() && !c.IsComfortNoise() {
			return true
		}
	}
	return false
}
