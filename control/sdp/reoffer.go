package sdp

// Reoffer writes an offer inside a session that has been negotiated before (RFC 3264 section 8): it
// keeps the number and order of the sections of the other side's last description, offers l in place
// of the one that was taken (nil for its first live audio) and refuses the others with port 0.
func Reoffer(last *Session, taken *Media, l Local) []byte {
	s := newSession(l.Origin)
	if taken == nil {
		taken = last.Audio()
	}
	for _, m := range last.Media {
		if m == taken {
			s.Media = append(s.Media, l.media(s, l.proto(), l.Codecs, l.Direction, l.Mux))
		} else {
			s.Media = append(s.Media, newMedia(s, m.Kind, 0, m.Proto, m.Formats))
		}
	}
	if taken == nil {
		s.Media = append(s.Media, l.media(s, l.proto(), l.Codecs, l.Direction, l.Mux))
	}
	return s.Bytes()
}
