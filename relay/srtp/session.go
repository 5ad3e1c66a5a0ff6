package srtp

import (
	"crypto/subtle"
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
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) unprotectRTP(dst, packet []byte, h int, st *stream, candidates []int64) (int, error) {
	end := len(packet) - s.tagLen - len(s.mki)
	if end < h {
		return 0, ErrShort
	}
	if len(dst) < end {
		return 0, ErrBuffer
	}
	ssrc := rtp.SSRC(packet)
	mki, tag := packet[end:end+len(s.mki)], packet[end+len(s.mki):]
	if s.gcm != nil {
		mki = packet[end+gcmTagLen:]
	}
	if subtle.ConstantTimeCompare(mki, s.mki) != 1 {
		return 0, ErrMKI
	}
	for _, candidate := range candidates {
		if candidate > maxRTPIndex {
			continue // no one with the key sends it
		}
		index := uint64(candidate)
		if s.gcm != nil {
			if !s.gcm.openRTP(dst, packet[:end+gcmTagLen], h, ssrc, index) {
				continue
			}
		} else if !s.cm.verifyRTP(packet[:end], tag, index) {
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

// unprotectRTCP is Context.UnprotectRTCP under this key.
//
// hot path: no allocation, lock, clock or log (for an SSRC that is known)
func (s *session) unprotectRTCP(dst, packet []byte) (int, error) {
	end := len(packet) - s.rtcpTag - 4 - len(s.mki)
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
	mki, tag := packet[at+4:at+4+len(s.mki)], packet[at+4+len(s.mki):]
	if subtle.ConstantTimeCompare(mki, s.mki) != 1 {
		return 0, ErrMKI
	}
	ssrc, encrypted := ssrcOfRTCP(packet), word&rtcpFlag != 0
	var authentic bool
	switch {
	case s.cm != nil:
		authentic = s.cm.verifyRTCP(packet[:at+4], tag)
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
