package srtp

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

const (
	gcmNonceLen = 12
	gcmTagLen   = 16
)

// galois is AES-GCM (RFC 7714), for RTP and RTCP under one master key.
type galois struct {
	rtp      cipher.AEAD
	rtpSalt  [gcmNonceLen]byte
	rtcp     cipher.AEAD
	rtcpSalt [gcmNonceLen]byte

	// scratch, here so that it is not allocated for each packet
	nonce [gcmNonceLen]byte
	aad   [rtcpHeaderLen + 4]byte
	tag   [gcmTagLen]byte
}

func newGalois(k Key) (*galois, error) {
	kdf, err := newKDF(k.Master, k.Salt)
	if err != nil {
		return nil, err
	}
	g := new(galois)
	for _, half := range []struct {
		aead *cipher.AEAD
		salt *[gcmNonceLen]byte
		key  label
	}{{&g.rtp, &g.rtpSalt, labelRTPKey}, {&g.rtcp, &g.rtcpSalt, labelRTCPKey}} {
		block, err := kdf.sessionCipher(half.key, len(k.Master))
		if err != nil {
			return nil, err
		}
		kdf.derive(half.salt[:], half.key+2)
		if *half.aead, err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("srtp: session key: %w", err)
		}
	}
	return g, nil
}

// setNonce is salt XOR 00 00 | SSRC | 48 bit number (RFC 7714 8.1 and 9.1).
//
// hot path: no allocation, lock, clock or log
func (g *galois) setNonce(salt *[gcmNonceLen]byte, ssrc uint32, number uint64) {
	g.nonce = *salt
	high := g.nonce[:8]
	binary.BigEndian.PutUint64(high, binary.BigEndian.Uint64(high)^uint64(ssrc)<<16^number>>32)
	low := g.nonce[8:]
	binary.BigEndian.PutUint32(low, binary.BigEndian.Uint32(low)^uint32(number))
}

// sealRTP encrypts payload src[h:] to dst[h:] and appends the tag; the header src[:h] is
// authenticated with it.
//
// hot path: no allocation, lock, clock or log
func (g *galois) sealRTP(dst, src []byte, h int, ssrc uint32, index uint64) {
	g.setNonce(&g.rtpSalt, ssrc, index)
	g.rtp.Seal(dst[h:h], g.nonce[:], src[h:], src[:h])
}

// openRTP is the reverse. When it fails, dst[h:] is lost, and with it src if they are one.
//
// hot path: no allocation, lock, clock or log
func (g *galois) openRTP(dst, src []byte, h int, ssrc uint32, index uint64) bool {
	g.setNonce(&g.rtpSalt, ssrc, index)
	_, err := g.rtp.Open(dst[h:h], g.nonce[:], src[h:], src[:h])
	return err == nil
}

// sealRTCP encrypts what follows the first header; word is the index with the E bit.
//
// hot path: no allocation, lock, clock or log
func (g *galois) sealRTCP(dst, src []byte, ssrc, word uint32) {
	g.setNonce(&g.rtcpSalt, ssrc, uint64(word&maxRTCPIndex))
	g.setAAD(src, word)
	g.rtcp.Seal(dst[rtcpHeaderLen:rtcpHeaderLen], g.nonce[:], src[rtcpHeaderLen:], g.aad[:])
}

// openRTCP is the reverse, for src that ends with its tag and was encrypted.
//
// hot path: no allocation, lock, clock or log
func (g *galois) openRTCP(dst, src []byte, ssrc, word uint32) bool {
	g.setNonce(&g.rtcpSalt, ssrc, uint64(word&maxRTCPIndex))
	g.setAAD(src, word)
	_, err := g.rtcp.Open(dst[rtcpHeaderLen:rtcpHeaderLen], g.nonce[:], src[rtcpHeaderLen:], g.aad[:])
	return err == nil
}

func (g *galois) setAAD(src []byte, word uint32) {
	copy(g.aad[:], src[:rtcpHeaderLen])
	binary.BigEndian.PutUint32(g.aad[rtcpHeaderLen:], word)
}

// verifyRTCP checks a packet that was authenticated only (RFC 7714 10.2): src is header,
// plain payload, tag. The authenticated data, packet and index word, are put together in
// the place of the tag, which is put back.
//
// hot path: no allocation, lock, clock or log
func (g *galois) verifyRTCP(src []byte, ssrc, word uint32) bool {
	g.setNonce(&g.rtcpSalt, ssrc, uint64(word&maxRTCPIndex))
	n := len(src) - gcmTagLen
	copy(g.tag[:], src[n:])
	binary.BigEndian.PutUint32(src[n:], word)
	_, err := g.rtcp.Open(nil, g.nonce[:], g.tag[:], src[:n+4])
	copy(src[n:], g.tag[:])
	return err == nil
}
