package srtp

import (
	"bytes"
	"encoding/binary"

	"sidetone/relay/rtp"
)

// session is one master key at work: its ciphers and what has come under it.
type session struct {
	streams
	mki     []byte
	tagLen  int // of RTP, bytes
	rtcpTag int // of RTCP, bytes
	cm      *counterMode
	gcm     *galois // one of cm and gcm is nil

	authenticated int // packets that came under this key, counted to settledAfter only
}

func newSession(k Key, m *mac) (*session, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	s := &session{tagLen: k.Profile.TagLen(), rtcpTag: k.Profile.RTCPTagLen()}
	if len(k.MKI) > 0 {
		s.mki = append(s.mki, k.MKI...)
	}
	var err error
	if k.Profile.parameters().isGCM {
		s.gcm, err = newGalois(k)
	} else {
		s.cm, err = newCounterMode(k, m, &s.streams)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// protectRTP is Context.ProtectRTP for a packet with a header of h bytes.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) protectRTP(dst, packet []byte, h int) (int, error) {
	n := len(packet) + s.tagLen + len(s.mki)
	if len(dst) < n {
		return 0, ErrBuffer
	}
	ssrc := rtp.SSRC(packet)
	st, err := s.findOrAdd(ssrc)
	if err != nil {
		return 0, err
	}
	index, err := st.next(rtp.SequenceNumber(packet))
	if err != nil {
		return 0, err
	}
	if st.replayed(index) {
		return 0, ErrReplay
	}
	st.note(index)
	copy(dst, packet[:h])
	end := len(packet)
	if s.gcm != nil {
		s.gcm.sealRTP(dst, packet, h, ssrc, index)
		copy(dst[end+gcmTagLen:], s.mki)
		return n, nil
	}
	s.cm.xorRTP(st, dst[h:end], packet[h:], ssrc, index)
	tag := s.cm.tagRTP(dst[:end], index)
	end += copy(dst[end:], s.mki)
	copy(dst[end:], tag)
	return n, nil
}

// unprotectRTP authenticates and decrypts packet as one of the candidates for its index. st
// is the SSRC's stream or nil. Where there are several candidates dst must not be packet:
// GCM destroys dst when it fails.
//
// A packet without its MKI is read too, for some phones announce one and do not send it. It
// is authenticated like any other.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) unprotectRTP(dst, packet []byte, h int, st *stream, candidates []int64) (int, error) {
	if len(s.mki) == 0 {
		return s.openRTP(dst, packet, h, 0, st, candidates)
	}
	marked := s.endsInMKI(packet, s.tagLen)
	if marked {
		n, err := s.openRTP(dst, packet, h, len(s.mki), st, candidates)
		if err != ErrAuth || s.gcm != nil {
			return n, err
		}
	}
	n, err := s.openRTP(dst, packet, h, 0, st, candidates)
	if err == ErrAuth && !marked {
		err = ErrMKI
	}
	return n, err
}

// endsInMKI tells whether packet has the key's MKI: at its end in GCM, before a tag of tagLen
// bytes in AES-CM.
//
// hot path: no allocation, lock, clock or log
func (s *session) endsInMKI(packet []byte, tagLen int) bool {
	if s.cm != nil {
		packet = packet[:max(0, len(packet)-tagLen)]
	}
	return bytes.HasSuffix(packet, s.mki)
}

// openRTP is unprotectRTP for a packet with an MKI of known length.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) openRTP(dst, packet []byte, h, mkiLen int, st *stream, candidates []int64) (int, error) {
	end := len(packet) - s.tagLen - mkiLen
	if end < h {
		return 0, ErrShort
	}
	if len(dst) < end {
		return 0, ErrBuffer
	}
	ssrc := rtp.SSRC(packet)
	for _, candidate := range candidates {
		if candidate > maxRTPIndex {
			continue // no one with the key sends it
		}
		index := uint64(candidate)
		if s.gcm != nil {
			if !s.gcm.openRTP(dst, packet[:end+gcmTagLen], h, ssrc, index) {
				continue
			}
		} else if !s.cm.verifyRTP(packet[:end], packet[end+mkiLen:], index) {
			continue
		}
		if err := s.acceptRTP(dst, packet, h, end, st, ssrc, index); err != nil {
			return 0, err
		}
		return end, nil
	}
	return 0, ErrAuth
}

// acceptRTP completes an authentic packet: replay check, state, and for AES-CM decryption.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) acceptRTP(dst, packet []byte, h, end int, st *stream, ssrc uint32, index uint64) error {
	if st == nil {
		var err error
		if st, err = s.add(ssrc); err != nil {
			return err
		}
	}
	if st.replayed(index) {
		return ErrReplay
	}
	st.note(index)
	s.authenticated = min(s.authenticated+1, settledAfter)
	copy(dst, packet[:h])
	if s.cm != nil {
		s.cm.xorRTP(st, dst[h:end], packet[h:end], ssrc, index)
	}
	return nil
}

// protectRTCP is Context.ProtectRTCP.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) protectRTCP(dst, packet []byte) (int, error) {
	n := len(packet) + s.rtcpTag + 4 + len(s.mki)
	if len(dst) < n {
		return 0, ErrBuffer
	}
	ssrc := ssrcOfRTCP(packet)
	st, err := s.findOrAdd(ssrc)
	if err != nil {
		return 0, err
	}
	if st.rtcpIndex >= maxRTCPIndex {
		return 0, ErrKeyExpired
	}
	// The first index is 1, as with libsrtp: a receiver that starts its window at 0 would
	// take 0 for a replay.
	st.noteRTCP(st.rtcpIndex + 1)
	word := st.rtcpIndex | rtcpFlag
	copy(dst, packet[:rtcpHeaderLen])
	end := len(packet)
	if s.gcm != nil {
		s.gcm.sealRTCP(dst, packet, ssrc, word)
		end += gcmTagLen
		binary.BigEndian.PutUint32(dst[end:], word)
		copy(dst[end+4:], s.mki)
		return n, nil
	}
	s.cm.xorRTCP(dst[rtcpHeaderLen:end], packet[rtcpHeaderLen:], ssrc, st.rtcpIndex)
	binary.BigEndian.PutUint32(dst[end:], word)
	end += 4
	tag := s.cm.tagRTCP(dst[:end])
	end += copy(dst[end:], s.mki)
	copy(dst[end:], tag)
	return n, nil
}

// unprotectRTCP is Context.UnprotectRTCP under this key, with unprotectRTP's way with MKIs.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) unprotectRTCP(dst, packet []byte) (int, error) {
	if len(s.mki) == 0 {
		return s.openRTCP(dst, packet, 0)
	}
	marked := s.endsInMKI(packet, s.rtcpTag)
	if marked {
		n, err := s.openRTCP(dst, packet, len(s.mki))
		if err != ErrAuth || s.gcm != nil {
			return n, err
		}
	}
	n, err := s.openRTCP(dst, packet, 0)
	if err == ErrAuth && !marked {
		err = ErrMKI
	}
	return n, err
}

// openRTCP is unprotectRTCP for a packet with an MKI of known length.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) openRTCP(dst, packet []byte, mkiLen int) (int, error) {
	end := len(packet) - s.rtcpTag - 4 - mkiLen
	if end < rtcpHeaderLen {
		return 0, ErrShort
	}
	if len(dst) < end {
		return 0, ErrBuffer
	}
	at := end // of the index word
	if s.gcm != nil {
		at += gcmTagLen
	}
	word := binary.BigEndian.Uint32(packet[at:])
	ssrc, encrypted := ssrcOfRTCP(packet), word&rtcpFlag != 0
	var authentic bool
	switch {
	case s.cm != nil:
		authentic = s.cm.verifyRTCP(packet[:at+4], packet[at+4+mkiLen:])
	case encrypted:
		authentic = s.gcm.openRTCP(dst, packet[:at], ssrc, word)
	default:
		authentic = s.gcm.verifyRTCP(packet[:at], ssrc, word)
	}
	if !authentic {
		return 0, ErrAuth
	}
	st, err := s.findOrAdd(ssrc)
	if err != nil {
		return 0, err
	}
	index := word & maxRTCPIndex
	if st.replayedRTCP(index) {
		return 0, ErrReplay
	}
	st.noteRTCP(index)
	s.authenticated = min(s.authenticated+1, settledAfter)
	copy(dst, packet[:rtcpHeaderLen])
	switch {
	case !encrypted:
		copy(dst[rtcpHeaderLen:end], packet[rtcpHeaderLen:end])
	case s.cm != nil:
		s.cm.xorRTCP(dst[rtcpHeaderLen:end], packet[rtcpHeaderLen:end], ssrc, index)
	}
	return end, nil
}
