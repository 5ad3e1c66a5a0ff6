package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// counterMode is AES-CM with HMAC-SHA1 (RFC 3711 4.1.1 and 4.2.1, RFC 6188 2), for RTP
// and RTCP under one master key.
type counterMode struct {
	block     cipher.Block
	saltHi    uint64 // bytes 0-7 of the session salt, above the SSRC
	saltLo    uint64 // bytes 8-13, above the packet index
	rtpTag    int
	rtpAuth   *macKey
	rtcp      blockCTR // its initial counter is set for each packet
	rtcpHi    uint64
	rtcpLo    uint64
	rtcpAuth  *macKey
	mac       *mac // the Context's
	streamsOf *streams
}

// The length of an SRTCP tag does not depend on the profile (RFC 3711 5.2).
const rtcpTagLen = 10

func newCounterMode(k Key, m *mac, s *streams) (*counterMode, error) {
	var salts [2][14]byte
	var auths [2][authKeyLen]byte
	var blocks [2]cipher.Block
	for i, l := range [...]label{labelRTPKey, labelRTCPKey} {
		session := make([]byte, len(k.Master))
		for _, d := range []struct {
			out   []byte
			label label
		}{{session, l}, {auths[i][:], l + 1}, {salts[i][:], l + 2}} {
			if err := derive(d.out, d.label, k.Master, k.Salt); err != nil {
				return nil, err
			}
		}
		block, err := aes.NewCipher(session)
		if err != nil {
			return nil, fmt.Errorf("srtp: session key: %w", err)
		}
		blocks[i] = block
	}
	c := &counterMode{block: blocks[0], rtpTag: k.Profile.TagLen(), mac: m, streamsOf: s}
	c.saltHi, c.saltLo = splitSalt(&salts[0])
	c.rtcpHi, c.rtcpLo = splitSalt(&salts[1])
	c.rtpAuth, c.rtcpAuth = m.key(auths[0][:]), m.key(auths[1][:])
	c.rtcp.block = blocks[1]
	return c, nil
}

// splitSalt returns a session salt as the two halves of a counter, the lower one without
// the 16 bits that count the blocks of a packet.
func splitSalt(salt *[14]byte) (hi, lo uint64) {
	var b [16]byte
	copy(b[2:], salt[8:])
	return binary.BigEndian.Uint64(salt[:]), binary.BigEndian.Uint64(b[:])
}

// originMask is what of a counter's lower half is fixed in a keystream: its offsets, being
// in bytes, reach through the other 60 bits. An SSRC needs a second keystream after
// 2^44 packets.
const originMask = 0xf << 60

// xorRTP en- or decrypts the payload of one packet.
//
// hot path: no allocation, lock, clock or log (for a stream that has its keystream)
func (c *counterMode) xorRTP(st *stream, dst, src []byte, ssrc uint32, index uint64) {
	lo := (c.saltLo ^ index) << 16
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
	return c.mac.sum(c.rtpAuth, p, c.mac.extra[:])[:c.rtpTag]
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
	c.rtcp.hi, c.rtcp.lo = c.rtcpHi^uint64(ssrc), (c.rtcpLo^uint64(index))<<16
	c.rtcp.XORKeyStreamAt(dst, src, 0)
}

// tagRTCP computes the tag of a packet and the index word behind it.
//
// hot path: no allocation, lock, clock or log
func (c *counterMode) tagRTCP(p []byte) []byte {
	return c.mac.sum(c.rtcpAuth, p, nil)[:rtcpTagLen]
}

// verifyRTCP compares the tag of a packet and the index word behind it in constant time.
//
// hot path: no allocation, lock, clock or log
func (c *counterMode) verifyRTCP(p, tag []byte) bool {
	return subtle.ConstantTimeCompare(c.tagRTCP(p), tag) == 1
}
