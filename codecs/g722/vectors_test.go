package g722

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// vector reads a file of the ITU's data. Without the data the test is skipped, except in CI, where it
// must be there.
func vector(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("SIDETONE_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "itu", "g722", name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("conformance data must be there in CI: %v", err)
		}
		t.Skipf("no conformance data (set SIDETONE_VECTORS): %v", err)
	}
	if len(raw) == 0 || len(raw)%2 != 0 {
		t.Fatalf("%s has %d octets", name, len(raw))
	}
	return raw
}

// samples reads 16-bit little-endian words. The sequences begin in the reset state, so that they
// compare from their first word.
func samples(t *testing.T, name string) []int16 {
	t.Helper()
	raw := vector(t, name)
	words := make([]int16, len(raw)/2)
	for i := range words {
		words[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return words
}

// codes reads words of two octets, the earlier in the upper half.
func codes(t *testing.T, name string) []byte {
	t.Helper()
	raw := vector(t, name)
	for i := 0; i < len(raw); i += 2 {
		raw[i], raw[i+1] = raw[i+1], raw[i]
	}
	return raw
}
