package g726

import (
	"testing"

	"sidetone/codecs/vectors"
)

// vector reads a file of the ITU's data for G.726.
func vector(t *testing.T, name string) []uint16 {
	t.Helper()
	return vectors.Words[uint16](t, "itu/g726/"+name)
}

// octets reads a file whose words are G.711 octets or codes.
func octets(t *testing.T, name string) []byte {
	t.Helper()
	words := vector(t, name)
	b := make([]byte, len(words))
	for i, w := range words {
		if w > 0xFF {
			t.Fatalf("%s: word %d is %#x", name, i, w)
		}
		b[i] = byte(w)
	}
	return b
}

// homing reads an initialization sequence: 3496 words, the rest of the last block is not part of it.
func homing(t *testing.T, name string) []byte {
	t.Helper()
	words := vector(t, name)[:3496]
	b := make([]byte, len(words))
	for i, w := range words {
		b[i] = byte(w)
	}
	return b
}
