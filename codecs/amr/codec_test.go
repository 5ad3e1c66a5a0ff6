package amr

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sidetone/codecs/clib"
	"sidetone/codecs/clib/clibtest"
)

// library is that of AMR or AMR-WB, of which both halves must be there.
func library(t testing.TB, wide bool) *Library {
	t.Helper()
	if !wide {
		return clibtest.Need(t, OpenNarrow)
	}
	return clibtest.Need(t, func(loader *clib.Loader) (*Library, error) {
		l, missing, err := OpenWide(loader)
		return l, errors.Join(err, missing)
	})
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// voice is a second of a sound with a pitch of 120 Hz and a formant that moves.
func voice(rate int) []int16 {
	pcm := make([]int16, rate)
	for i := range pcm {
		at := float64(i) / float64(rate)
		x, formant := 0.0, 700+300*math.Sin(2*math.Pi*2*at)
		for h := 1.0; h*120 < 3000; h++ {
			x += math.Sin(2*math.Pi*120*h*at) / (1 + math.Pow((120*h-formant)/200, 2))
		}
		pcm[i] = int16(4000 * x)
	}
	return pcm
}

// snr gives the signal to noise in dB at the best delay.
func snr(sent, heard []int16) (best float64, delay int) {
	best = math.Inf(-1)
	for late := range len(sent) / 80 {
		var signal, noise float64
		for i := len(sent) / 4; i < len(sent)*3/4; i += 3 {
			s, e := float64(sent[i]), float64(sent[i])-float64(heard[i+late])
			signal, noise = signal+s*s, noise+e*e
		}
		if db := 10 * math.Log10(signal/max(noise, 1)); db > best {
			best, delay = db, late
		}
	}
	return best, delay
}

func TestEveryModeAndPackingIsHeard(t *testing.T) {
	for _, wide := range []bool{false, true} {
		l := library(t, wide)
		for _, aligned := range []bool{false, true} {
			last := 0
			for mode := range (Format{Wide: wide}).modes() {
				f := Format{Wide: wide, OctetAligned: aligned, Modes: 1 << mode}
				e, d := must[*Encoder](t)(l.NewEncoder(f)), must[*Decoder](t)(l.NewDecoder(f))
				in := voice(f.ClockRate())
				out, packet := make([]int16, 3*f.samples()), make([]byte, f.EncodedLen(3*f.samples()))
				var heard []int16
				length := 0
				for piece := range slices.Chunk(in, 3*f.samples()) { // 60 ms, the last is 40
					n := e.Encode(packet, piece)
					if got := f.Duration(packet[:n]); got != len(piece) {
						t.Fatalf("%+v: %d samples in a packet of %d", f, len(piece), got)
					}
					m, err := d.Decode(out, packet[:n])
					if m != len(piece) || err != nil {
						t.Fatalf("%+v: %d samples, %v", f, m, err)
					}
					heard = append(heard, out[:m]...)
					length += n
				}
				if length <= last {
					t.Errorf("%+v: not more octets than in the mode below", f)
				}
				last = length
				least := 4.0
				if mode > 4 {
					least = 7
				}
				if db, delay := snr(in, heard); db < least {
					t.Errorf("%+v: signal to noise %.1f dB, late by %d", f, db, delay)
				}
			}
		}
	}
}

// anyFrames are n frames of any types, as the library has them.
func anyFrames(r *rand.Rand, f Format, n int) []byte {
	frames := make([]byte, n*maxOctets)
	for i := range n {
		frame := frames[i*maxOctets:][:maxOctets]
		ft := r.IntN(16)
		for f.speech(ft) < 0 {
			ft = r.IntN(16)
		}
		frame[0] = byte(ft<<3 | r.IntN(2)<<2)
		for bit := range f.speech(ft) {
			frame[1+bit/8] |= byte(r.IntN(2) << (7 - bit%8))
		}
	}
	return frames
}

// Payloads of frames of any type and number come apart into the same frames.
func TestPayloadsKeepTheirFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		f := Format{Wide: r.IntN(2) == 1, OctetAligned: r.IntN(2) == 1}
		n := 1 + r.IntN(maxFrames)
		frames := anyFrames(r, f, n)
		payload := make([]byte, f.EncodedLen(n*f.samples()))
		length := f.pack(payload, frames, maxOctets)
		if f.pack(make([]byte, length-1), frames, maxOctets) != 0 {
			t.Fatalf("%+v: packed into too little", f)
		}
		payload = payload[:length]
		if got := f.Duration(payload); got != n*f.samples() {
			t.Fatalf("%+v: duration %d of %d frames", f, got, n)
		}
		reader, ok := f.open(payload)
		if !ok {
			t.Fatalf("%+v: %x", f, payload)
		}
		got := make([]byte, maxOctets)
		for i := range n {
			if _, _, ok := reader.next(got); !ok || !bytes.Equal(got, frames[i*maxOctets:][:maxOctets]) {
				t.Fatalf("%+v: frame %d is %x", f, i, got)
			}
		}
		if _, _, ok := reader.next(got); ok {
			t.Fatal("one more frame")
		}
	}
}

// RFC 4867 section 4.3.5.1 and 4.4.5.1 have pictures of payloads; these follow them.
func TestLayoutOfRFC4867(t *testing.T) {
	for _, tt := range []struct {
		name    string
		format  Format
		payload []byte
		want    int
	}{
		// CMR 15, F 0, FT 4 (7.4 kbit/s, 148 bits), Q 1: 4+6+148 bits and two of padding.
		{"one frame, efficient", Format{}, append([]byte{0xF2, 0x40}, make([]byte, 18)...), 160},
		{"one frame, an octet short", Format{}, append([]byte{0xF2, 0x40}, make([]byte, 17)...), 0},
		// CMR 6, two frames of FT 5 (7.95 kbit/s, 159 bits): 8+16+2*160 bits.
		{"two frames, aligned", Format{OctetAligned: true}, append([]byte{0x60, 0xAC, 0x2C}, make([]byte, 40)...), 320},
		{"two frames, an octet short", Format{OctetAligned: true}, append([]byte{0x60, 0xAC, 0x2C}, make([]byte, 39)...), 0},
		{"no data", Format{}, []byte{0xF7, 0xC0}, 160},
		{"a type that is not", Format{OctetAligned: true}, []byte{0xF0, 0x54}, 0},
		{"AMR-WB has that type as noise", Format{Wide: true, OctetAligned: true}, append([]byte{0xF0, 0x4C}, make([]byte, 5)...), 320},
		{"a table of contents without an end", Format{OctetAligned: true}, bytes.Repeat([]byte{0xFC}, 40), 0},
		{"nothing", Format{}, nil, 0},
		{"half a table of contents", Format{}, []byte{0xF7}, 0},
	} {
		if got := tt.format.Duration(tt.payload); got != tt.want {
			t.Errorf("%s: %d", tt.name, got)
		}
	}
}

func TestFormatsOfSDP(t *testing.T) {
	for text, want := range map[string]Format{
		"":                          {},
		"octet-align=1":             {OctetAligned: true},
		"octet-align=0; mode-set=7": {Modes: 0x80},
		"mode-set=0,2, 4;mode-change-period=2;max-red=0": {Modes: 0x15},
		"crc=0;robust-sorting=0;channels=1":              {},
	} {
		f, err := ParseFormat(false, text)
		if f != want || err != nil {
			t.Errorf("%q: %+v, %v", text, f, err)
		}
		if back, err := ParseFormat(false, f.String()); back != f || err != nil {
			t.Errorf("%q becomes %q", text, f)
		}
	}
	for _, text := range []string{"crc=1", "robust-sorting=1", "interleaving=4", "channels=2", "mode-set=8", "mode-set=x", "mode-set="} {
		if _, err := ParseFormat(false, text); err == nil {
			t.Errorf("%q is possible", text)
		}
	}
	if f, err := ParseFormat(true, "mode-set=8"); err != nil || f.mode() != 8 || (Format{Modes: 5}).mode() != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestLossIsConcealedAndFades(t *testing.T) {
	for _, wide := range []bool{false, true} {
		l, f := library(t, wide), Format{Wide: wide}
		e, d := must[*Encoder](t)(l.NewEncoder(f)), must[*Decoder](t)(l.NewDecoder(f))
		packet, out := make([]byte, f.EncodedLen(f.samples())), make([]int16, f.samples())
		for piece := range slices.Chunk(voice(f.ClockRate()), f.samples()) {
			_, _ = d.Decode(out, packet[:e.Encode(packet, piece)])
		}
		var levels []float64
		for range 20 {
			if n := d.Conceal(out, nil); n != f.samples() {
				t.Fatalf("%d samples", n)
			}
			sum := 0.0
			for _, s := range out {
				sum += float64(s) * float64(s)
			}
			levels = append(levels, math.Sqrt(sum/float64(len(out))))
		}
		if levels[0] < 100 || levels[19] > levels[0]/10 {
			t.Errorf("wide %v: concealment goes from %.0f to %.0f", wide, levels[0], levels[19])
		}
	}
}

func TestCopiedEncoderGoesOnTheSame(t *testing.T) {
	for _, wide := range []bool{false, true} {
		l, f := library(t, wide), Format{Wide: wide}
		one, other := must[*Encoder](t)(l.NewEncoder(f)), must[*Encoder](t)(l.NewEncoder(f))
		if !one.SameState(other) {
			t.Error("two new encoders differ")
		}
		t.Logf("wide %v: %d octets, %d pointers", wide, one.block.Used(), l.probe.block.Pointers())
		a, b := make([]byte, 100), make([]byte, 100)
		in, other2 := voice(f.ClockRate()), must[*Encoder](t)(l.NewEncoder(f))
		at := func(i int) []int16 { return in[i*f.samples():][:f.samples()] }
		for i := range 20 {
			one.Encode(a, at(i))
			other2.Encode(b, at(49-i)) // has a past of its own
		}
		if one.SameState(other) || one.SameState(other2) {
			t.Error("different pasts are the same")
		}
		other2.CopyState(one)
		if !one.SameState(other2) {
			t.Error("a copy differs")
		}
		for i := 20; i < 50; i++ {
			n, m := one.Encode(a, at(i)), other2.Encode(b, at(i))
			if !bytes.Equal(a[:n], b[:m]) {
				t.Fatalf("wide %v: packet %d differs", wide, i)
			}
			other.Encode(b, at(i)) // the original's memory is not the copy's
		}
		if !one.SameState(other2) {
			t.Error("the same samples lead to different states")
		}
	}
}

func TestNoAllocs(t *testing.T) {
	for _, wide := range []bool{false, true} {
		l, f := library(t, wide), Format{Wide: wide}
		e, other, d := must[*Encoder](t)(l.NewEncoder(f)), must[*Encoder](t)(l.NewEncoder(f)), must[*Decoder](t)(l.NewDecoder(f))
		in, out, packet := voice(f.ClockRate()), make([]int16, 2*f.samples()), make([]byte, 200)
		if n := testing.AllocsPerRun(50, func() {
			n := e.Encode(packet, in[:2*f.samples()])
			other.CopyState(e)
			other.SameState(e)
			_, _ = d.Decode(out, packet[:n])
			d.Conceal(out, nil)
		}); n != 0 {
			t.Errorf("wide %v: %v allocations", wide, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0xF2, 0x40, 1, 2, 3}, false, false)
	f.Add(append([]byte{0x60, 0xAC, 0x2C}, make([]byte, 40)...), false, true)
	f.Add(append([]byte{0xF0, 0x4C}, make([]byte, 5)...), true, true)
	f.Add([]byte{0xF7, 0x00}, true, false)
	narrow, wide := library(f, false), library(f, true)
	f.Fuzz(func(t *testing.T, payload []byte, isWide, aligned bool) {
		format, l := Format{Wide: isWide, OctetAligned: aligned}, narrow
		if isWide {
			l = wide
		}
		d := must[*Decoder](t)(l.NewDecoder(format))
		out := make([]int16, maxFrames*format.samples())
		for range 2 {
			n, err := d.Decode(out, payload)
			if n != format.Duration(payload) || (err == nil) != (n > 0) {
				t.Fatalf("%d samples of %d, %v", n, format.Duration(payload), err)
			}
		}
	})
}

// The benchmarks' packets are 20 ms in the highest mode.
func BenchmarkEncode(b *testing.B) {
	for name, wide := range map[string]bool{"AMR": false, "AMR-WB": true} {
		b.Run(name, func(b *testing.B) {
			l, f := library(b, wide), Format{Wide: wide}
			e, in, packet, at := must[*Encoder](b)(l.NewEncoder(f)), voice(f.ClockRate()), make([]byte, 100), 0
			b.ReportAllocs()
			for b.Loop() {
				e.Encode(packet, in[at*f.samples():][:f.samples()])
				at = (at + 1) % 50
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, wide := range map[string]bool{"AMR": false, "AMR-WB": true} {
		b.Run(name, func(b *testing.B) {
			l, f := library(b, wide), Format{Wide: wide}
			e, d := must[*Encoder](b)(l.NewEncoder(f)), must[*Decoder](b)(l.NewDecoder(f))
			packet, out := make([]byte, 100), make([]int16, f.samples())
			packet = packet[:e.Encode(packet, voice(f.ClockRate())[:f.samples()])]
			b.ReportAllocs()
			for b.Loop() {
				_, _ = d.Decode(out, packet)
			}
		})
	}
}
