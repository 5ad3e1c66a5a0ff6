package g711

import (
	"slices"
	"testing"
)

// The machine's kernels are the tables, octet for octet, whatever the length and place, and write nothing else.
func TestKernelsAreTheTables(t *testing.T) {
	pcm, octets := make([]int16, 65536), make([]byte, 65536)
	for i := range pcm {
		pcm[i], octets[i] = int16(i*40503), byte(i*167+i>>8)
	}
	for _, k := range []struct {
		name             string
		encode, encodeGo func([]byte, []int16)
		decode, decodeGo func([]int16, []byte)
	}{
		{"mu", encodeMu, encodeMuGo, decodeMu, decodeMuGo},
		{"A", encodeA, encodeAGo, decodeA, decodeAGo},
	} {
		for _, n := range []int{0, 1, 7, 8, 9, 16, 63, 80, 160, 65535, 65536} {
			for _, at := range []int{0, 1, 3} {
				n := min(n, len(pcm)-at)
				want, got := slices.Repeat([]byte{77}, n+9), slices.Repeat([]byte{77}, n+9)
				k.encodeGo(want[1:], pcm[at:at+n])
				k.encode(got[1:], pcm[at:at+n])
				if !slices.Equal(want, got) {
					t.Fatalf("%s: encoding of %d samples from %d differs", k.name, n, at)
				}
				back, backGot := slices.Repeat([]int16{77}, n+9), slices.Repeat([]int16{77}, n+9)
				k.decodeGo(back[1:], octets[at:at+n])
				k.decode(backGot[1:], octets[at:at+n])
				if !slices.Equal(back, backGot) {
					t.Fatalf("%s: decoding of %d octets from %d differs", k.name, n, at)
				}
			}
		}
	}
}
