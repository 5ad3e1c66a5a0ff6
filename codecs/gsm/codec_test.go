package gsm

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"sidetone/codecs/clib/clibtest"
)

func coders(t testing.TB) (*Encoder, *Decoder) {
	t.Helper()
	l := clibtest.Need(t, Open)
	e, err := l.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return e, d
}

// tones are two, of n samples.
func tones(n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		x := 2 * math.Pi * float64(i) / SampleRate
		pcm[i] = int16(6000*math.Sin(300*x) + 3000*math.Sin(1000*x))
	}
	return pcm
}

func TestTonesAreHeard(t *testing.T) {
	e, d := coders(t)
	in := tones(8000)
	code, out := make([]byte, EncodedLen(len(in))), make([]int16, len(in))
	if n := e.Encode(code, in); n != 50*33 || Duration(code) != 8000 || code[33]&0xF0 != magic {
		t.Fatalf("%d octets of %d", n, Duration(code))
	}
	if n, err := d.Decode(out, code); n != 8000 || err != nil {
		t.Fatalf("%d samples, %v", n, err)
	}
	var signal, noise float64
	for i := 4000; i < 8000; i++ {
		signal += float64(in[i]) * float64(in[i])
		noise += (float64(in[i]) - float64(out[i])) * (float64(in[i]) - float64(out[i]))
	}
	if snr := 10 * math.Log10(signal/noise); snr < 15 {
		t.Errorf("signal to noise %.1f dB", snr)
	}
}

func TestOnlyWholeFramesCount(t *testing.T) {
	e, d := coders(t)
	code, out := make([]byte, 100), make([]int16, 320)
	for _, tt := range []struct{ samples, room, want int }{{0, 100, 0}, {159, 100, 0}, {320, 100, 66}, {320, 65, 33}, {320, 32, 0}, {480, 98, 66}} {
		if n := e.Encode(code[:tt.room], make([]int16, tt.samples)); n != tt.want {
			t.Errorf("%d samples in %d octets: %d", tt.samples, tt.room, n)
		}
	}
	e.Encode(code, tones(320))
	for _, tt := range []struct {
		octets, room, want int
		malformed          bool
	}{{0, 320, 0, false}, {33, 320, 160, false}, {66, 320, 320, false}, {66, 319, 160, false}, {40, 320, 160, true}, {32, 320, 0, true}} {
		n, err := d.Decode(out[:tt.room], code[:tt.octets])
		if n != tt.want || errors.Is(err, ErrMalformed) != tt.malformed {
			t.Errorf("%d octets for %d samples: %d, %v", tt.octets, tt.room, n, err)
		}
	}
	code[33] = 0x12
	if n, err := d.Decode(out, code[:66]); n != 160 || err == nil {
		t.Errorf("what is no frame: %d, %v", n, err)
	}
	if Duration(code[:34]) != 0 || Duration(code[:66]) != 320 {
		t.Error("duration")
	}
}

func TestCopiedEncoderGoesOnTheSame(t *testing.T) {
	one, _ := coders(t)
	other, _ := coders(t)
	in := tones(1600)
	a, b := make([]byte, 330), make([]byte, 330)
	if !one.SameState(other) {
		t.Error("two new encoders differ")
	}
	one.Encode(a, in[:800])
	if one.SameState(other) {
		t.Error("an encoder that has encoded is as new")
	}
	other.CopyState(one)
	n, m := one.Encode(a, in[800:]), other.Encode(b, in[800:])
	if !bytes.Equal(a[:n], b[:m]) || !one.SameState(other) {
		t.Error("the copy goes on differently")
	}
}

func TestNoAllocs(t *testing.T) {
	e, d := coders(t)
	other, _ := coders(t)
	in, code, out := tones(320), make([]byte, 66), make([]int16, 320)
	if n := testing.AllocsPerRun(50, func() {
		e.Encode(code, in)
		other.CopyState(e)
		other.SameState(e)
		_, _ = d.Decode(out, code)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0xD5}, 66))
	f.Add([]byte{0xD0})
	l := clibtest.Need(f, Open)
	f.Fuzz(func(t *testing.T, payload []byte) {
		d, err := l.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		out := make([]int16, 960)
		if n, _ := d.Decode(out, payload); n < 0 || n > len(out) || n%samples != 0 {
			t.Fatalf("%d samples", n)
		}
	})
}

// The benchmark's packet is 20 ms.
func BenchmarkEncodeDecode(b *testing.B) {
	e, d := coders(b)
	in, code, out := tones(160), make([]byte, 33), make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		e.Encode(code, in)
		_, _ = d.Decode(out, code)
	}
}
