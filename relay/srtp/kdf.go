package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// label tells the session keys derived from one master key apart (RFC 3711 4.3.2).
type label byte

const (
	labelRTPKey label = iota
	labelRTPAuth
	labelRTPSalt
	labelRTCPKey
	labelRTCPAuth
	labelRTCPSalt
)

// authKeyLen is the length of HMAC-SHA1's session key in bytes (RFC 3711 5.2).
const authKeyLen = 20

// kdf derives session keys by the AES-CM pseudo random function of RFC 3711 4.3.3 (of RFC
// 6188 3 for 256 bit keys) at a key derivation rate of zero: once for a master key.
type kdf struct {
	prf  *blockCTR
	salt [14]byte
}

// newKDF takes a salt of 14 bytes, or of 12 for GCM, which counts as 14 with zeros at its
// end (RFC 7714 11).
func newKDF(master, salt []byte) (*kdf, error) {
	block, err := aes.NewCipher(master)
	if err != nil {
		return nil, fmt.Errorf("srtp: master key: %w", err)
	}
	k := &kdf{prf: &blockCTR{block: block}}
	copy(k.salt[:], salt)
	return k, nil
}

// derive fills out with the session key of one label.
func (k *kdf) derive(out []byte, l label) {
	salt := k.salt
	salt[7] ^= byte(l)
	k.prf.hi, k.prf.lo = splitSalt(&salt)
	clear(out)
	k.prf.XORKeyStreamAt(out, out, 0)
}

// splitSalt returns a salt as the two halves of a counter whose last 16 bits are zero.
func splitSalt(salt *[14]byte) (hi, lo uint64) {
	var b [aes.BlockSize]byte
	copy(b[:], salt[:])
	return binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])
}

// sessionCipher is AES under the session key of one label.
func (k *kdf) sessionCipher(l label, keyLen int) (cipher.Block, error) {
	key := make([]byte, keyLen)
	k.derive(key, l)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("srtp: session key: %w", err)
	}
	return block, nil
}
