package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// counterMode is AES-CM with HMAC-SHA1 (RFC 3711 4.1.1 and 4.2.1, RFC 6188 2), for RTP
// and RTCP under one master key.
//
// What a packet of RTP needs comes first and fills one line of the processor's cache (Prefetch).
type counterMode struct {
	rtpTag  int    // length in bytes
	saltLo  uint64 // the session salt as a counter, see splitSalt
	rtpAuth macKey
	mac     *mac // the Context's

	saltHi    uint64
	block     cipher.Block
	streamsOf *streams

	rtcpTag  int
	rtcp     blockCTR // its initial counter is set for each packet
	rtcpHi   uint64
	rtcpLo   uint64
	rtcpAuth macKey
}

func newCounterMode(k Key, m *mac, s *streams) (*counterMode, error) {
	kdf, err := newKDF(k.Master, k.Salt)
	if err != nil {
		return nil, err
	}
	c := &counterMode{rtpTag: k.Profile.TagLen(), rtcpTag: k.Profile.RTCPTagLen(), mac: m, streamsOf: s}
	for _, half := range []struct {
		key    label
		block  *cipher.Block
		auth   *macKey
		hi, lo *uint64
	}{
		{labelRTPKey, &c.block, &c.rtpAuth, &c.saltHi, &c.saltLo},
		{labelRTCPKey, &c.rtcp.block, &c.rtcpAuth, &c.rtcpHi, &c.rtcpLo},
	} {
		if *half.block, err = kdf.sessionCipher(half.key, len(k.Master)); err != nil {
			return nil, err
		}
		var auth [authKeyLen]byte
		kdf.derive(auth[:], half.key+1)
		*half.auth = m.key(auth[:])
		var salt [14]byte
		kdf.derive(salt[:], half.key+2)
		*half.hi, *half.lo = splitSalt(&salt)
	}
	return c, nil
}

// originMask is what of a counter's lower half is fixed in a keystream: its offsets, being
// in bytes, reach through the other 60 bits. An SSRC needs a second keystream after
// 2^44 packets.
const originMask = 0xf << 60

// xorRTP en- or decrypts the payload of one packet.
//
// hot path: no allocation, lock, clock or log (for a stream that has its keystream)
func (c *counterMode) xorRTP(st *stream, dst, src []byte, ssrc uint32, index uint64) {
	lo := c.saltLo ^ index<<16
	if st.keystream == nil || st.origin != lo&originMask {
		c.aim(st, ssrc, lo&originMask)
	}
	st.keystream.XORKeyStreamAt(dst, src, (lo&^originMask)*aes.BlockSize)
}

// aim gives the stream a keystream.
func (c *counterMode) aim(st *stream, ssrc uint32, origin uint64) {
	var iv [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[:], c.saltHi^uint64(ssrc))
	binary.BigEndian.PutUint64(iv[8:], origin)
	c.streamsOf.keep(st, newKeystream(c.block, iv[:]), origin)
}

// tagRTP computes the tag of header and ciphertext; it holds until the next use of mac.
//
// hot path: no allocation, lock, clock or log
func (c *counterMode) tagRTP(p []byte, index uint64) []byte {
	binary.BigEndian.PutUint32(c.mac.extra[:], uint32(index>>16))
	return c.mac.sum(&c.rtpAuth, p, c.mac.extra[:])[:c.rtpTag]
}

// verifyRTP compares the tag of header and ciphertext in constant time.
//
// hot path: no allocation, lock, clock or log
func (c *counterMode) verifyRTP(p, tag []byte, index uint64) bool {
	return subtle.ConstantTimeCompare(c.tagRTP(p, index), tag) == 1
}

// xorRTCP en- or decrypts what follows the first header of a compound packet.
//
// hot path: no allocation, lock, clock or log
func (c *counterMode) xorRTCP(dst, src []byte, ssrc, index uint32) {
	c.rtcp.hi, c.rtcp.lo = c.rtcpHi^uint64(ssrc), c.rtcpLo^uint64(index)<<16
	c.rtcp.XORKeyStreamAt(dst, src, 0)
}

// tagRTCP computes the tag of a packet and the index word behind it.
//
// hot path: no allocation, lock, clock or log
func (c *counterMode) tagRTCP(p []byte) []byte {
	return c.mac.sum(&c.rtcpAuth, p, nil)[:c.rtcpTag]
}

// verifyRTCP compares the tag of a packet and the index word behind it in constant time.
//
// hot path: no allocation, lock, clock or log
func (c *counterMode) verifyRTCP(p, tag []byte) bool {
	return subtle.ConstantTimeCompare(c.tagRTCP(p), tag) == 1
}
