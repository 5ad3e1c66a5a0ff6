package srtp

import (
	"crypto/aes"
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

// derive fills out with the session key of one label, by the AES-CM pseudo random
// function of RFC 3711 4.3.3 (of RFC 6188 3 for 256 bit keys) at a key derivation
// rate of zero, so that a key is derived once. A salt of 12 bytes, as GCM has it,
// counts as 14 with zeros at its end (RFC 7714 11).
func derive(out []byte, l label, master, salt []byte) error {
	block, err := aes.NewCipher(master)
	if err != nil {
		return fmt.Errorf("srtp: derive session key: %w", err)
	}
	var iv [aes.BlockSize]byte
	copy(iv[:14], salt)
	iv[7] ^= byte(l)
	clear(out)
	newBlockCTR(block, iv[:]).XORKeyStreamAt(out, out, 0)
	return nil
}
