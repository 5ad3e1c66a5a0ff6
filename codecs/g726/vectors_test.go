package g726

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// vector reads a file of the ITU's data, 16-bit little-endian words. Without the data the test is
// skipped, except in CI, where it must be there.
func vector(t *testing.T, name string) []uint16 {
	t.Helper()
	dir := os.Getenv("SIDETONE_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "itu", "g726", name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("conformance data must be there in CI: %v", err)
		}
		t.Skipf("no conformance data (set SIDETONE_VECTORS): %v", err)
	}
	words := make([]uint16, len(raw)/2)
	for i := range words {
		words[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	if len(words) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return words
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
