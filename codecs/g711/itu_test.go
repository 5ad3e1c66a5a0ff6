package g711

import "testing"

type law interface {
	Encode(dst []byte, pcm []int16) int
	Decode(dst []int16, payload []byte) (int, error)
}

// The sweep holds every 16-bit value once, so this is the whole of both laws.
func TestLawsAreBitExactToG191(t *testing.T) {
	tests := []struct {
		name                   string
		law                    law
		code, linear, tandemed string
	}{
		{"A-law", ALaw{}, "sweep-r.a", "sweep-r.rea", "sweep-r.a-a"},
		{"mu-law", MuLaw{}, "sweep-r.u", "sweep-r.reu", "sweep-r.u-u"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, code := vector(t, "sweep.src"), octets(vector(t, tt.code))
			got := make([]byte, len(source))
			if n := tt.law.Encode(got, source); n != len(source) {
				t.Fatalf("encoded %d of %d samples", n, len(source))
			}
			for i := range got {
				if got[i] != code[i] {
					t.Fatalf("linear %d: octet %#02x, the ITU has %#02x", source[i], got[i], code[i])
				}
			}
			linear := vector(t, tt.linear)
			decoded := make([]int16, len(code))
			tt.law.Decode(decoded, code)
			for i := range decoded {
				if decoded[i] != linear[i] {
					t.Fatalf("octet %#02x: linear %d, the ITU has %d", code[i], decoded[i], linear[i])
				}
			}
			second := vector(t, tt.tandemed)
			tt.law.Encode(got, decoded)
			tt.law.Decode(decoded, got)
			for i := range decoded {
				if decoded[i] != second[i] {
					t.Fatalf("second pass of %d: %d, the ITU has %d", linear[i], decoded[i], second[i])
				}
			}
		})
	}
}
