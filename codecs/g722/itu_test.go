package g722

import (
	"slices"
	"testing"
)

func TestEncoderIsBitExactToTheITU(t *testing.T) {
	pcm, want := samples(t, "inpsp.bin"), codes(t, "codsp.cod")
	for _, mode := range []Mode{Mode1, Mode2, Mode3} {
		got := make([]byte, len(want))
		if n := NewEncoder(mode).Encode(got, pcm); n != len(want) {
			t.Fatalf("encoded %d octets of %d", n, len(want))
		}
		for i, octet := range want {
			if octet &= 0xFF << mode; got[i] != octet {
				t.Fatalf("mode %d: octet %d is %#02x, the ITU has %#02x", mode+1, i, got[i], octet)
			}
		}
	}
}

func TestDecoderIsBitExactToTheITU(t *testing.T) {
	code := codes(t, "codsp.cod")
	for mode, name := range []string{"outsp1.bin", "outsp2.bin", "outsp3.bin"} {
		want := samples(t, name)
		got := make([]int16, len(want))
		if n, err := NewDecoder(Mode(mode)).Decode(got, code); n != len(want) || err != nil {
			t.Fatalf("decoded %d samples of %d: %v", n, len(want), err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("mode %d: sample %d is %d, the ITU has %d", mode+1, i, got[i], want[i])
			}
		}
	}
}

// What a data channel puts into the octets does not reach the sound of its mode.
func TestDataChannelIsNotHeard(t *testing.T) {
	code := codes(t, "codsp.cod")
	for mode := Mode1; mode <= Mode3; mode++ {
		dirty := slices.Clone(code)
		for i := range dirty {
			dirty[i] ^= byte(i*37>>3) &^ mode.sound()
		}
		clean, heard := make([]int16, 2*len(code)), make([]int16, 2*len(code))
		NewDecoder(mode).Decode(clean, code)
		NewDecoder(mode).Decode(heard, dirty)
		if !slices.Equal(clean, heard) {
			t.Errorf("mode %d hears the data channel", mode+1)
		}
	}
}
