package codecs

import (
	"math"
	"testing"
	"time"

	"sidetone/codecs/pcm"
)

// framed is an encoder of whole frames of 20 ms at 16 kHz, which shows its samples.
type framed struct{ pcm.L16 }

func (f framed) Encode(dst []byte, samples []int16) int {
	return f.L16.Encode(dst, samples[:len(samples)/320*320])
}

// Packets that are no whole number of the other codec's frames lose nothing, whatever their length, and what is made of them says when it
// begins.
func TestTranscodedToFramesNothingIsLost(t *testing.T) {
	to := linear16(16000)
	to.Format, to.Frame = Format{Name: "framed", ClockRate: 48000}, 20*time.Millisecond
	to.NewEncoder = func() Encoder { return framed{} }
	set := Builtin().With(to)
	for _, ms := range []int{5, 10, 20, 30, 40, 50, 60} {
		tr, ok := set.Transcoder(Format{Name: "L16", ClockRate: 8000}, to.Format)
		if !ok {
			t.Fatal("no transcoder")
		}
		payload, dst, samples := make([]byte, 16*ms), make([]byte, 4000), make([]int16, 2000)
		var out []int16
		for packet := range 3000 / ms {
			for i := range 8 * ms {
				v := int16(8000 * math.Sin(2*math.Pi*400/8000*float64(packet*8*ms+i)))
				payload[2*i], payload[2*i+1] = byte(uint16(v)>>8), byte(v)
			}
			n := tr.Transform(dst, payload)
			behind, kept := tr.(*tandem).Framing()
			if n%640 != 0 || n == 0 && kept == 0 {
				t.Fatalf("%d ms: %d octets, %d kept", ms, n, kept)
			}
			if begins := 8*ms*packet - int(behind); n > 0 && begins*2 != len(out) {
				t.Fatalf("%d ms: packet %d begins at %d, said %d", ms, packet, len(out), begins*2)
			}
			k, _ := pcm.L16{}.Decode(samples, dst[:n])
			out = append(out, samples[:k]...)
		}
		if missing := 3000/ms*ms*16 - len(out); missing < 0 || missing >= 320 {
			t.Errorf("%d ms: %d samples too few", ms, missing)
		}
		c := 2 * math.Cos(2*math.Pi*400/16000)
		for i := 402; i < len(out); i++ {
			if e := float64(out[i]) - c*float64(out[i-1]) + float64(out[i-2]); math.Abs(e) > 50 {
				t.Fatalf("%d ms: the sine is broken at sample %d by %.0f", ms, i, e)
			}
		}
		if n := testing.AllocsPerRun(20, func() { tr.Transform(dst, payload) }); n != 0 {
			t.Errorf("%d ms: %v allocations", ms, n)
		}
	}
}
