package g711

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// vector reads a file of the ITU's data, 16-bit little-endian words. Without the data the test is
// skipped, except in CI, where it must be there.
func vector(t *testing.T, name string) []int16 {
	t.Helper()
	dir := os.Getenv("SIDETONE_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "itu", "g711", name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("conformance data must be there in CI: %v", err)
		}
		t.Skipf("no conformance data (set SIDETONE_VECTORS): %v", err)
	}
	words := make([]int16, len(raw)/2)
	for i := range words {
		words[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	if len(words) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return words
}

func octets(words []int16) []byte {
	b := make([]byte, len(words))
	for i, w := range words {
		b[i] = byte(w)
	}
	return b
}
