package g722

import (
	"hash/crc32"
	"math"
	"slices"
	"testing"
)

// noise is white noise from rail to rail, where every register saturates, by a generator of our own.
func noise(n int) []int16 {
	pcm := make([]int16, n)
	state := uint32(1)
	for i := range pcm {
		state = state*1664525 + 1013904223
		pcm[i] = int16(state >> 16)
	}
	return pcm
}

// tone is a sine of the given frequency and peak, 16 kHz.
func tone(n int, hz, peak float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(peak * math.Sin(2*math.Pi*hz*float64(i)/SampleRate)))
	}
	return pcm
}

func encode(pcm []int16) []byte {
	code := make([]byte, len(pcm)/2)
	NewEncoder(Mode1).Encode(code, pcm)
	return code
}

func decode(code []byte) []int16 {
	pcm := make([]int16, 2*len(code))
	NewDecoder(Mode1).Decode(pcm, code)
	return pcm
}

// The ITU's sequences are speech at a moderate level. Noise from rail to rail has been compared octet
// for octet and sample for sample with FFmpeg 5.1's codec, and SpanDSP 0.0.6's encoder; the sums keep it so.
func TestOverloadIsAsInOtherImplementations(t *testing.T) {
	code := encode(noise(1 << 16))
	if sum := crc32.ChecksumIEEE(code); sum != 0xDAEF30C3 {
		t.Errorf("octets sum to %#08x", sum)
	}
	octets := make([]byte, 0, 1<<17)
	for _, s := range decode(code) {
		octets = append(octets, byte(s), byte(s>>8))
	}
	if sum := crc32.ChecksumIEEE(octets); sum != 0x0AFD7E3A {
		t.Errorf("samples sum to %#08x", sum)
	}
}

func TestPiecesOfAnyLengthMakeTheSameStream(t *testing.T) {
	pcm := noise(4000)
	whole := encode(pcm)
	heard := decode(whole)
	for _, size := range []int{1, 2, 5, 10, 11, 12, 21, 22, 23, 80, 81, 159, 160, 333} {
		e, d := NewEncoder(Mode1), NewDecoder(Mode1)
		code, out := make([]byte, 0, len(whole)), make([]int16, 0, len(heard))
		for piece := range slices.Chunk(pcm, 2*size) {
			buf := make([]byte, size)
			code = append(code, buf[:e.Encode(buf, piece)]...)
		}
		for piece := range slices.Chunk(code, size) {
			buf := make([]int16, 2*size)
			n, _ := d.Decode(buf, piece)
			out = append(out, buf[:n]...)
		}
		if !slices.Equal(code, whole) || !slices.Equal(out, heard) {
			t.Errorf("pieces of %d octets make another stream", size)
		}
	}
}

func TestTonesKeepTheirLevelAndShape(t *testing.T) {
	const delay, n = 22, 8000
	tests := []struct{ hz, snr float64 }{{100, 34}, {300, 34}, {1000, 34}, {3000, 32}, {5000, 19}, {6800, 19}}
	for _, tt := range tests {
		for _, peak := range []float64{300, 8000, 23000} {
			in := tone(n, tt.hz, peak)
			out := decode(encode(in))
			var signal, error float64
			for i := n / 2; i < n; i++ {
				x, y := float64(in[i-delay]), float64(out[i])
				signal += x * x
				error += (y - x) * (y - x)
			}
			if snr := 10 * math.Log10(signal/error); snr < tt.snr {
				t.Errorf("%v Hz, peak %v: SNR %.1f dB, want %v", tt.hz, peak, snr, tt.snr)
			}
		}
	}
}

func TestSilenceStaysSilent(t *testing.T) {
	for i, s := range decode(encode(make([]int16, 3200))) {
		if s < -8 || s > 8 {
			t.Fatalf("sample %d is %d", i, s)
		}
	}
}

// After a packet is lost the decoder finds back to what it would have been.
func TestDecoderRecoversFromLoss(t *testing.T) {
	in := tone(16000, 440, 8000)
	for i, s := range tone(16000, 1830, 3000) {
		in[i] += s
	}
	code := encode(in)
	whole := decode(code)
	lossy := decode(slices.Concat(code[:1600], code[1760:]))
	var error float64
	for i := 4 * 1600; i < len(lossy); i++ {
		error = max(error, math.Abs(float64(whole[i+320])-float64(lossy[i])))
	}
	if error > 64 {
		t.Errorf("200 ms after the loss the decoder is still off by %v", error)
	}
}

func TestShortBuffersBoundTheWork(t *testing.T) {
	e, d := NewEncoder(Mode1), NewDecoder(Mode1)
	if n := e.Encode(make([]byte, 3), make([]int16, 10)); n != 3 {
		t.Errorf("encoded %d octets into 3", n)
	}
	if n := e.Encode(make([]byte, 9), make([]int16, 5)); n != 2 {
		t.Errorf("encoded %d octets of 5 samples", n)
	}
	if n := e.Encode(nil, nil); n != 0 {
		t.Errorf("encoded %d octets of nothing", n)
	}
	if n, err := d.Decode(make([]int16, 7), make([]byte, 9)); n != 6 || err != nil {
		t.Errorf("decoded %d samples into 7, %v", n, err)
	}
	if n, err := d.Decode(make([]int16, 7), nil); n != 0 || err != nil {
		t.Errorf("decoded %d samples of nothing, %v", n, err)
	}
}

func TestResetForgets(t *testing.T) {
	pcm := noise(640)
	e, d := NewEncoder(Mode2), NewDecoder(Mode2)
	first, second := make([]byte, 320), make([]byte, 320)
	heard, again := make([]int16, 640), make([]int16, 640)
	e.Encode(first, pcm)
	d.Decode(heard, first)
	e.Reset()
	d.Reset()
	e.Encode(second, pcm)
	d.Decode(again, second)
	if !slices.Equal(first, second) || !slices.Equal(heard, again) {
		t.Error("a reset codec is not as new")
	}
}

func TestEncodeDecodeNoAllocs(t *testing.T) {
	e, other, d := NewEncoder(Mode1), NewEncoder(Mode1), NewDecoder(Mode1)
	pcm, code := noise(320), make([]byte, 160)
	if n := testing.AllocsPerRun(100, func() {
		e.Encode(code, pcm)
		other.CopyState(e)
		other.SameState(e)
		d.Decode(pcm, code)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDecode decodes anything in every mode, then encodes it again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 0x7F, 0x80, 0xFF}, uint8(0))
	f.Add(encode(noise(320)), uint8(1))
	f.Add([]byte{}, uint8(2))
	f.Fuzz(func(t *testing.T, payload []byte, mode uint8) {
		e, d := NewEncoder(Mode(mode)), NewDecoder(Mode(mode))
		pcm, back := make([]int16, 2*len(payload)), make([]byte, len(payload))
		for range 3 { // the third pass begins where the worst input left the registers
			if n, err := d.Decode(pcm, payload); n != len(pcm) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			if n := e.Encode(back, pcm); n != len(payload) {
				t.Fatalf("%d octets of %d", n, len(payload))
			}
		}
		for _, b := range []*band{&d.low, &d.high, &e.state.low, &e.state.high} {
			for _, x := range append(b.b[:], b.a1, b.a2, b.s, b.sz, b.r1, b.r2, b.det) {
				if int32(int16(x)) != x {
					t.Fatalf("a register left its 16 bits: %+v", *b)
				}
			}
			if b.det <= 0 {
				t.Fatalf("scale factor %d", b.det)
			}
		}
	})
}

// The benchmarks' frame is 20 ms, 320 samples.
func BenchmarkEncode(b *testing.B) {
	e, pcm, code := NewEncoder(Mode1), speechlike(), make([]byte, 160)
	b.ReportAllocs()
	for b.Loop() {
		e.Encode(code, pcm)
	}
}

func BenchmarkDecode(b *testing.B) {
	d, code, pcm := NewDecoder(Mode1), encode(speechlike()), make([]int16, 320)
	b.ReportAllocs()
	for b.Loop() {
		d.Decode(pcm, code)
	}
}

// speechlike is 20 ms of a tone in each sub-band.
func speechlike() []int16 {
	pcm := tone(320, 750, 9000)
	for i, s := range tone(320, 4300, 6000) {
		pcm[i] += s
	}
	return pcm
}
