package g711

import (
	"testing"

	"sidetone/codecs/vectors"
)

// vector reads a file of the ITU's data for G.711.
func vector(t *testing.T, name string) []int16 {
	t.Helper()
	return vectors.Words[int16](t, "itu/g711/"+name)
}

func octets(words []int16) []byte {
	b := make([]byte, len(words))
	for i, w := range words {
		b[i] = byte(w)
	}
	return b
}
