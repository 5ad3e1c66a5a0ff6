package vectors

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// Read reads a file of the data, such as "itu/g711/sweep.src". It is whole 16-bit words and not empty.
func Read(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("SIDETONE_VECTORS")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "vectors")
	}
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("conformance data must be there in CI: %v", err)
	case err != nil:
		t.Skipf("no conformance data (set SIDETONE_VECTORS): %v", err)
	case len(raw) == 0 || len(raw)%2 != 0:
		t.Fatalf("%s has %d octets", name, len(raw))
	}
	return raw
}

// Words reads a file of little-endian words.
func Words[T int16 | uint16](t *testing.T, name string) []T {
	t.Helper()
	raw := Read(t, name)
	words := make([]T, len(raw)/2)
	for i := range words {
		words[i] = T(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return words
}

// root is the repository: the nearest folder above the test's own that has a go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("no repository above the working folder %s: %v", dir, err)
	return ""
}
