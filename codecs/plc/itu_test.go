package plc

import (
	"testing"

	"sidetone/codecs/vectors"
)

// vector reads a file of the ITU's data for Appendix I.
func vector(t *testing.T, name string) []int16 {
	t.Helper()
	return vectors.Words[int16](t, "itu/g711iplc/"+name)
}

func TestConcealmentMatchesG711AppendixI(t *testing.T) {
	const erased = 0x6B20
	for _, tt := range []struct{ pattern, reference string }{
		{"fe10.g192", "f2_10.raw"},
		{"fe10_2.g192", "f2_10_2.raw"},
	} {
		t.Run(tt.pattern, func(t *testing.T) {
			speech, pattern, want := vector(t, "f2.le"), vector(t, tt.pattern), vector(t, tt.reference)
			c := New(8000)
			var got []int16
			losses := 0
			for i := 0; i*frame+frame <= len(speech); i++ {
				step := append([]int16(nil), speech[i*frame:][:frame]...)
				if pattern[i%len(pattern)] == erased {
					c.Lost(step)
					losses++
				} else {
					c.Good(step)
				}
				got = append(got, step...)
			}
			if losses < 20 {
				t.Fatalf("only %d frames lost", losses)
			}
			// The reference's files have the algorithm's delay taken off.
			got = got[c.Delay():]
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("sample %d (frame %d): %d, the ITU has %d", i, i/frame, got[i], want[i])
				}
			}
		})
	}
}
