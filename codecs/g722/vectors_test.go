package g722

import (
	"testing"

	"sidetone/codecs/vectors"
)

// samples reads 16-bit little-endian words. The sequences begin in the reset state, so that they
// compare from their first word.
func samples(t *testing.T, name string) []int16 {
	t.Helper()
	return vectors.Words[int16](t, "itu/g722/"+name)
}

// codes reads words of two octets, the earlier in the upper half.
func codes(t *testing.T, name string) []byte {
	t.Helper()
	raw := vectors.Read(t, "itu/g722/"+name)
	for i := 0; i < len(raw); i += 2 {
		raw[i], raw[i+1] = raw[i+1], raw[i]
	}
	return raw
}
