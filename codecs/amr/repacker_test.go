package amr

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What is repacked and packed back is what it was, the mode asked for included, and what is malformed gives nothing.
func TestRepackedPayloadsKeepTheirFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		f := Format{Wide: r.IntN(2) == 1, OctetAligned: r.IntN(2) == 1}
		n := 1 + r.IntN(maxFrames)
		frames := anyFrames(r, f, n)
		payload := make([]byte, f.EncodedLen(n*f.samples()))
		payload = payload[:f.pack(payload, frames, maxOctets)]
		payload[0] = payload[0]&15 | byte(r.IntN(16))<<4
		other := f
		other.OctetAligned = !f.OctetAligned
		there, back := make([]byte, 1500), make([]byte, 1500)
		there = there[:NewRepacker(f, other).Transform(there, payload)]
		if other.Duration(there) != n*f.samples() {
			t.Fatalf("%+v: %x becomes %x", f, payload, there)
		}
		if back = back[:NewRepacker(other, f).Transform(back, there)]; !bytes.Equal(back, payload) {
			t.Fatalf("%+v: %x comes back as %x", f, payload, back)
		}
		if got := NewRepacker(f, other).Transform(make([]byte, 1500), payload[:len(payload)-1]); got != 0 && f.Duration(payload[:len(payload)-1]) == 0 {
			t.Fatalf("%d octets of half a payload", got)
		}
		if got := NewRepacker(f, other).Transform(make([]byte, len(there)-1), payload); got != 0 {
			t.Fatalf("%d octets in too little room", got)
		}
	}
	p := NewRepacker(Format{}, Format{OctetAligned: true})
	in, out := append([]byte{0xF2, 0x40}, make([]byte, 18)...), make([]byte, 100)
	if n := testing.AllocsPerRun(50, func() { p.Transform(out, in) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRepack(f *testing.F) {
	f.Add([]byte{0xF2, 0x40, 1, 2, 3}, false, false)
	f.Add(append([]byte{0x60, 0xAC, 0x2C}, make([]byte, 40)...), false, true)
	f.Fuzz(func(t *testing.T, payload []byte, wide, aligned bool) {
		from := Format{Wide: wide, OctetAligned: aligned}
		to := Format{Wide: wide, OctetAligned: !aligned}
		out := make([]byte, 1500)
		n := NewRepacker(from, to).Transform(out, payload)
		if to.Duration(out[:n]) != from.Duration(payload) {
			t.Fatalf("%d of %d", to.Duration(out[:n]), from.Duration(payload))
		}
	})
}
