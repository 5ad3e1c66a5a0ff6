package g711

import (
	"math"
	"testing"
)

var laws = []struct {
	name    string
	law     law
	silence byte
	peak    int16
}{
	{"A-law", ALaw{}, ALawSilence, 32256},
	{"mu-law", MuLaw{}, MuLawSilence, 32124},
}

// every gives all 256 octets.
func every() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestEveryOctetSurvivesDecodeAndEncode(t *testing.T) {
	for _, l := range laws {
		linear, back := make([]int16, 256), make([]byte, 256)
		l.law.Decode(linear, every())
		l.law.Encode(back, linear)
		for i, b := range back {
			// mu-law has two zeros; the encoder knows the positive one.
			if b != byte(i) && !(l.name == "mu-law" && i == 0x7F && b == 0xFF) {
				t.Errorf("%s: %#02x came back as %#02x", l.name, i, b)
			}
		}
	}
}

func TestEncodingIsMonotonicAndNearest(t *testing.T) {
	for _, l := range laws {
		pcm, code, out := make([]int16, 65536), make([]byte, 65536), make([]int16, 65536)
		for i := range pcm {
			pcm[i] = int16(i - 32768)
		}
		l.law.Encode(code, pcm)
		l.law.Decode(out, code)
		for i := range pcm {
			if i > 0 && out[i] < out[i-1] {
				t.Fatalf("%s: not monotonic at %d", l.name, pcm[i])
			}
			// Half a step: 1/32 of the magnitude, and the smallest step near zero.
			if e := math.Abs(float64(out[i]) - float64(pcm[i])); e > math.Abs(float64(pcm[i]))/31+16 && math.Abs(float64(pcm[i])) < float64(l.peak) {
				t.Fatalf("%s: %d became %d", l.name, pcm[i], out[i])
			}
		}
	}
}

func TestSilenceAndPeak(t *testing.T) {
	for _, l := range laws {
		b := make([]byte, 3)
		l.law.Encode(b, []int16{0, math.MaxInt16, math.MinInt16})
		if b[0] != l.silence {
			t.Errorf("%s: silence is %#02x", l.name, b[0])
		}
		out := make([]int16, 3)
		l.law.Decode(out, b)
		if out[1] != l.peak || out[2] != -l.peak {
			t.Errorf("%s: peaks %d %d, want ±%d", l.name, out[1], out[2], l.peak)
		}
	}
}

// Between the laws a level moves by less than the coarser of two steps, signs are kept, and after the
// first crossing a further round trip changes nothing.
func TestTranscodingTables(t *testing.T) {
	directions := []struct {
		name     string
		there    interface{ Transform(dst, payload []byte) int }
		back     interface{ Transform(dst, payload []byte) int }
		from, to law
	}{
		{"A to mu", AToMu{}, MuToA{}, ALaw{}, MuLaw{}},
		{"mu to A", MuToA{}, AToMu{}, MuLaw{}, ALaw{}},
	}
	for _, d := range directions {
		linear, through := make([]int16, 256), make([]byte, 256)
		d.from.Decode(linear, every())
		d.to.Encode(through, linear)
		direct := make([]byte, 256)
		if n := d.there.Transform(direct, every()); n != 256 {
			t.Fatalf("%s: %d octets", d.name, n)
		}
		for i := range direct {
			if direct[i] != through[i] {
				t.Fatalf("%s: %#02x: %#02x, through linear %#02x", d.name, i, direct[i], through[i])
			}
		}
		once, twice := make([]byte, 256), make([]byte, 256)
		d.back.Transform(once, direct)
		d.there.Transform(twice, once)
		d.back.Transform(twice, twice) // in place
		for i := range once {
			if once[i] != twice[i] {
				t.Errorf("%s: %#02x does not settle: %#02x then %#02x", d.name, i, once[i], twice[i])
			}
		}
		out := make([]int16, 256)
		d.to.Decode(out, direct)
		for i := range out {
			if e := math.Abs(float64(out[i]) - float64(linear[i])); e > math.Abs(float64(linear[i]))/31+16 {
				t.Errorf("%s: %d became %d", d.name, linear[i], out[i])
			}
		}
	}
}

func TestShortBuffersBoundTheWork(t *testing.T) {
	for _, l := range laws {
		if n := l.law.Encode(make([]byte, 3), make([]int16, 5)); n != 3 {
			t.Errorf("%s: encoded %d into 3", l.name, n)
		}
		if n, err := l.law.Decode(make([]int16, 2), make([]byte, 9)); n != 2 || err != nil {
			t.Errorf("%s: decoded %d, %v into 2", l.name, n, err)
		}
		if n, _ := l.law.Decode(make([]int16, 2), nil); n != 0 {
			t.Errorf("%s: decoded %d of nothing", l.name, n)
		}
	}
	if n := (AToMu{}).Transform(make([]byte, 1), make([]byte, 2)); n != 1 {
		t.Errorf("transformed %d into 1", n)
	}
}

func TestEncodeDecodeTransformNoAllocs(t *testing.T) {
	pcm, code := make([]int16, 160), make([]byte, 160)
	for _, l := range laws {
		if n := testing.AllocsPerRun(100, func() { l.law.Encode(code, pcm); l.law.Decode(pcm, code) }); n != 0 {
			t.Errorf("%s: %v allocations", l.name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { AToMu{}.Transform(code, code); MuToA{}.Transform(code, code) }); n != 0 {
		t.Errorf("transcoding: %v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 0x7F, 0x80, 0xFF})
	f.Fuzz(func(t *testing.T, payload []byte) {
		out, back := make([]int16, len(payload)), make([]byte, len(payload))
		for _, l := range laws {
			if n, err := l.law.Decode(out, payload); n != len(payload) || err != nil {
				t.Fatalf("%s: %d, %v", l.name, n, err)
			}
			if n := l.law.Encode(back, out); n != len(payload) {
				t.Fatalf("%s: %d", l.name, n)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	pcm, code := frame(), make([]byte, 160)
	for _, l := range laws {
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.law.Encode(code, pcm)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	pcm, code := frame(), make([]byte, 160)
	for _, l := range laws {
		l.law.Encode(code, pcm)
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.law.Decode(pcm, code)
			}
		})
	}
}

func BenchmarkTranscode(b *testing.B) {
	code := make([]byte, 160)
	(MuLaw{}).Encode(code, frame())
	b.ReportAllocs()
	for b.Loop() {
		MuToA{}.Transform(code, code)
	}
}

// frame is 20 ms of two tones with a wide range of levels.
func frame() []int16 {
	pcm := make([]int16, 160)
	for i := range pcm {
		x := float64(i)
		pcm[i] = int16(9000*math.Sin(x*0.3) + 6000*math.Sin(x*1.1))
	}
	return pcm
}
