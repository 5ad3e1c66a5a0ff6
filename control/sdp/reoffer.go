package sdp

// Reoffer writes an offer inside a session that has been negotiated before (RFC 3264 section 8): it
// keeps the number and order of the sections of the other side's last description, offers l in place
// of its audio section and refuses the others with port 0.
func Reoffer(last *Session, l Local) []byte {
	proto := "RTP/AVP"
	if len(l.Crypto) > 0 {
		proto = "RTP/SAVP"
	}
	s := newSession(l.Origin)
	audio := last.Audio()
	for _, m := range last.Media {
		if m == audio {
			s.Media = append(s.Media, l.media(s, proto, l.Codecs, l.Direction, l.Mux))
		} else {
			s.Media = append(s.Media, newMedia(s, m.Kind, 0, m.Proto, m.Formats))
		}
	}
	if audio == nil {
		s.Media = append(s.Media, l.media(s, proto, l.Codecs, l.Direction, l.Mux))
	}
	return s.Bytes()
}
