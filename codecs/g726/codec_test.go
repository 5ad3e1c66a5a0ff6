package g726

import (
	"hash/crc32"
	"math"
	"slices"
	"testing"

	"sidetone/codecs/g711"
)

var packings = []Packing{RTP, AAL2}

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

// tone is a sine of the given frequency and peak.
func tone(n int, hz, peak float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(peak * math.Sin(2*math.Pi*hz*float64(i)/SampleRate)))
	}
	return pcm
}

func encode(pcm []int16, rate Rate, packing Packing) []byte {
	payload := make([]byte, len(pcm)*rate.Bits()/8)
	return payload[:NewEncoder(rate, packing).Encode(payload, pcm)]
}

func decode(payload []byte, rate Rate, packing Packing) []int16 {
	pcm := make([]int16, 8*len(payload)/rate.Bits())
	NewDecoder(rate, packing).Decode(pcm, payload)
	return pcm
}

// sum is over the samples as 16-bit little-endian words.
func sum(pcm []int16) uint32 {
	octets := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		octets = append(octets, byte(s), byte(s>>8))
	}
	return crc32.ChecksumIEEE(octets)
}

// The ITU's sequences do not go by way of linear samples. Noise from rail to rail has been compared octet
// for octet with SpanDSP 0.0.6's encoder in both packings, and sample for sample with its decoder up to
// the rail, where that one wraps; the sums keep it so. (FFmpeg 5.1's is not exact to the ITU.)
func TestLinearInterfaceIsAsInOtherImplementations(t *testing.T) {
	want := []struct{ code, heard uint32 }{
		{0x0AE404FF, 0xA84B5041}, {0xBC93A441, 0x4028B644}, {0x22064084, 0xEAC79817}, {0xF7FF0B08, 0xA79C2180},
	}
	for _, rate := range rates {
		payload := encode(noise(1<<16), rate, RTP)
		if got := crc32.ChecksumIEEE(payload); got != want[rate].code {
			t.Errorf("%v kbit/s: octets sum to %#08x", rate, got)
		}
		if got := sum(decode(payload, rate, RTP)); got != want[rate].heard {
			t.Errorf("%v kbit/s: samples sum to %#08x", rate, got)
		}
	}
}

// The codes 1, 2, 3 ... in the order of RFC 3551 section 4.5.4.
func TestPacking(t *testing.T) {
	tests := []struct {
		rate    Rate
		packing Packing
		codes   []byte
		want    []byte
	}{
		{Rate16, RTP, []byte{1, 2, 3, 0}, []byte{0b00_11_10_01}},
		{Rate16, AAL2, []byte{1, 2, 3, 0}, []byte{0b01_10_11_00}},
		{Rate24, RTP, []byte{1, 2, 3, 4, 5, 6, 7, 0}, []byte{0b11_010_001, 0b0_101_100_0, 0b000_111_11}},
		{Rate24, AAL2, []byte{1, 2, 3, 4, 5, 6, 7, 0}, []byte{0b001_010_01, 0b1_100_101_1, 0b10_111_000}},
		{Rate32, RTP, []byte{1, 2}, []byte{0x21}},
		{Rate32, AAL2, []byte{1, 2}, []byte{0x12}},
		{Rate40, RTP, []byte{1, 2, 3, 4, 5, 6, 7, 31}, []byte{0b010_00001, 0b0_00011_00, 0b0101_0010, 0b11_00110_0, 0b11111_001}},
		{Rate40, AAL2, []byte{1, 2, 3, 4, 5, 6, 7, 31}, []byte{0b00001_000, 0b10_00011_0, 0b0100_0010, 0b1_00110_00, 0b111_11111}},
	}
	for _, tt := range tests {
		got := packed(tt.codes, tt.rate, tt.packing)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v kbit/s, packing %d: %08b, want %08b", tt.rate, tt.packing, got, tt.want)
		}
		var back [longestGroup]uint8
		tt.packing.unpack(&back, got, tt.rate.Bits())
		if !slices.Equal(back[:len(tt.codes)], tt.codes) {
			t.Errorf("%v kbit/s, packing %d: %v came back as %v", tt.rate, tt.packing, tt.codes, back)
		}
	}
}

// The laws here work in 14 bits; codecs/g711 is the truth for both.
func TestLawsAreThoseOfG711(t *testing.T) {
	for i := range 256 {
		octet := []byte{byte(i)}
		linear := make([]int16, 1)
		g711.ALaw{}.Decode(linear, octet)
		if got := ALaw.expand(octet[0]); got != int32(linear[0]>>2) {
			t.Errorf("A-law %#02x is %d, want %d", octet[0], got, linear[0]>>2)
		}
		g711.MuLaw{}.Decode(linear, octet)
		if got := MuLaw.expand(octet[0]); got != int32(linear[0]>>2) {
			t.Errorf("mu-law %#02x is %d, want %d", octet[0], got, linear[0]>>2)
		}
	}
	for sr := int32(-8192); sr < 8192; sr++ {
		linear, octet := []int16{int16(sr << 2)}, make([]byte, 1)
		g711.ALaw{}.Encode(octet, linear)
		if got := ALaw.compress(sr); got != octet[0] {
			t.Errorf("A-law of %d is %#02x, want %#02x", sr, got, octet[0])
		}
		// Where the laws' decision levels are values of 14 bits, the two recommendations part.
		got, want := MuLaw.expand(MuLaw.compress(sr)), MuLaw.expand(MuLaw.compress(-sr))
		if got != -want {
			t.Errorf("mu-law: %d and its negative become %d and %d", sr, got, want)
		}
	}
}

func TestNextOctetsAreInTheOrderOfTheirValues(t *testing.T) {
	for _, law := range []Law{ALaw, MuLaw} {
		for i := range 256 {
			octet := byte(i)
			value := law.expand(octet)
			if up := law.expand(law.higher(octet)); up < value || up == value && value != law.expand(law.compress(8191)) && octet != 0x7E {
				t.Errorf("law %d: above %d is %d", law, value, up)
			}
			if down := law.expand(law.lower(octet)); down > value || down == value && value != law.expand(law.compress(-8192)) {
				t.Errorf("law %d: below %d is %d", law, value, down)
			}
		}
	}
}

// Synchronous coding adjustment: a second and a third coding in tandem, by way of G.711, repeat the
// first code for code.
func TestTandemByG711LosesNothing(t *testing.T) {
	for _, l := range laws {
		for _, rate := range rates {
			pcm := tone(8000, 440, 6000)
			for i, s := range tone(8000, 1830, 2000) {
				pcm[i] += s
			}
			in := make([]byte, len(pcm))
			if l.law == ALaw {
				g711.ALaw{}.Encode(in, pcm)
			} else {
				g711.MuLaw{}.Encode(in, pcm)
			}
			first, again, out := make([]byte, len(in)*rate.Bits()/8), make([]byte, len(in)*rate.Bits()/8), make([]byte, len(in))
			NewEncoder(rate, RTP).EncodeLaw(first, in, l.law)
			NewDecoder(rate, RTP).DecodeLaw(out, first, l.law)
			NewEncoder(rate, RTP).EncodeLaw(again, out, l.law)
			if !slices.Equal(first, again) {
				t.Errorf("%v kbit/s, law %s: the second coding differs", rate, l.letter)
			}
		}
	}
}

func TestTonesKeepTheirLevelAndShape(t *testing.T) {
	snr := []float64{6, 14, 20, 26}
	for _, rate := range rates {
		for _, hz := range []float64{300, 1000, 2100, 3000} {
			for _, peak := range []float64{500, 8000, 24000} {
				in := tone(8000, hz, peak)
				out := decode(encode(in, rate, RTP), rate, RTP)
				var signal, error float64
				for i := 4000; i < len(in); i++ {
					x, y := float64(in[i]), float64(out[i])
					signal += x * x
					error += (y - x) * (y - x)
				}
				if got := 10 * math.Log10(signal/error); got < snr[rate] {
					t.Errorf("%v kbit/s, %v Hz, peak %v: SNR %.1f dB, want %v", rate, hz, peak, got, snr[rate])
				}
			}
		}
	}
}

func TestPiecesOfAnyLengthMakeTheSameStream(t *testing.T) {
	pcm := noise(4000)
	for _, packing := range packings {
		for _, rate := range rates {
			whole := encode(pcm, rate, packing)
			heard := decode(whole, rate, packing)
			samples, octets := rate.group()
			for _, groups := range []int{1, 2, 3, 10, 20, 33} {
				e, d := NewEncoder(rate, packing), NewDecoder(rate, packing)
				var payload []byte
				var out []int16
				for piece := range slices.Chunk(pcm, groups*samples) {
					buf := make([]byte, groups*octets)
					payload = append(payload, buf[:e.Encode(buf, piece)]...)
				}
				for piece := range slices.Chunk(payload, groups*octets) {
					buf := make([]int16, groups*samples)
					n, _ := d.Decode(buf, piece)
					out = append(out, buf[:n]...)
				}
				if !slices.Equal(payload, whole) || !slices.Equal(out, heard) {
					t.Errorf("%v kbit/s: pieces of %d groups make another stream", rate, groups)
				}
			}
		}
	}
}

func TestShortBuffersBoundTheWork(t *testing.T) {
	for _, rate := range rates {
		samples, octets := rate.group()
		e, d := NewEncoder(rate, AAL2), NewDecoder(rate, AAL2)
		if n := e.Encode(make([]byte, 2*octets), make([]int16, 5*samples)); n != 2*octets {
			t.Errorf("%v kbit/s: encoded %d octets into %d", rate, n, 2*octets)
		}
		if n := e.Encode(make([]byte, 100), make([]int16, 2*samples-1)); n != octets {
			t.Errorf("%v kbit/s: encoded %d octets of %d samples", rate, n, 2*samples-1)
		}
		if n := e.Encode(nil, make([]int16, 160)); n != 0 {
			t.Errorf("%v kbit/s: encoded %d octets into nothing", rate, n)
		}
		for length := range 40 {
			all := 8 * length / rate.Bits()
			if n, err := d.Decode(make([]int16, 200), make([]byte, length)); n != all || err != nil {
				t.Errorf("%v kbit/s: decoded %d samples of %d octets, %v", rate, n, length, err)
			}
			if n, _ := d.Decode(make([]int16, 7), make([]byte, length)); n != min(all, 7) {
				t.Errorf("%v kbit/s: decoded %d samples of %d octets into 7", rate, n, length)
			}
			if n := d.DecodeLaw(make([]byte, 7), make([]byte, length), ALaw); n != min(all, 7) {
				t.Errorf("%v kbit/s: decoded %d octets of %d into 7", rate, n, length)
			}
		}
	}
}

func TestResetForgets(t *testing.T) {
	pcm := noise(640)
	for _, rate := range rates {
		e, d := NewEncoder(rate, RTP), NewDecoder(rate, RTP)
		first, second := make([]byte, 400), make([]byte, 400)
		heard, again := make([]int16, 640), make([]int16, 640)
		n := e.Encode(first, pcm)
		d.Decode(heard, first[:n])
		e.Reset()
		d.Reset()
		e.Encode(second, pcm)
		d.Decode(again, second[:n])
		if !slices.Equal(first, second) || !slices.Equal(heard, again) {
			t.Errorf("%v kbit/s: a reset codec is not as new", rate)
		}
	}
}

// What codecs' TestEncodersWithMemoryGoOnWhereAnotherStopped cannot ask, as it compares encoders of one kind only.
func TestEncodersOfOtherKindsAreNotTheSame(t *testing.T) {
	if NewEncoder(Rate24, RTP).SameState(NewEncoder(Rate24, AAL2)) || NewEncoder(Rate24, RTP).SameState(NewEncoder(Rate32, RTP)) {
		t.Error("encoders of other rates or packings are the same")
	}
}

func TestNewRefusesRatesThatAreNone(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a fifth rate was taken")
		}
	}()
	NewEncoder(Rate40+1, RTP)
}

func TestEncodeDecodeNoAllocs(t *testing.T) {
	pcm, octets, payload := noise(160), make([]byte, 160), make([]byte, 100)
	for _, rate := range rates {
		for _, packing := range packings {
			e, other, d := NewEncoder(rate, packing), NewEncoder(rate, packing), NewDecoder(rate, packing)
			if n := testing.AllocsPerRun(100, func() {
				n := e.Encode(payload, pcm)
				other.CopyState(e)
				other.SameState(e)
				d.Decode(pcm, payload[:n])
				d.DecodeLaw(octets, payload[:n], MuLaw)
				e.EncodeLaw(payload, octets, MuLaw)
			}); n != 0 {
				t.Errorf("%v kbit/s: %v allocations", rate, n)
			}
		}
	}
}

// FuzzDecode decodes anything at every rate, by both interfaces, and encodes it again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 0x7F, 0x80, 0xFF}, uint8(0))
	f.Add(encode(noise(320), Rate40, RTP), uint8(3))
	f.Add([]byte{}, uint8(6))
	f.Add([]byte{0x55}, uint8(13))
	f.Fuzz(func(t *testing.T, payload []byte, choice uint8) {
		rate, packing, law := Rate(choice%4), Packing(choice>>2&1), Law(choice>>3&1)
		n := 8 * len(payload) / rate.Bits()
		e, d, lawful := NewEncoder(rate, packing), NewDecoder(rate, packing), NewDecoder(rate, packing)
		pcm, octets, back := make([]int16, n), make([]byte, n), make([]byte, len(payload))
		samples, size := rate.group()
		for range 3 { // the third pass begins where the worst input left the registers
			if got, err := d.Decode(pcm, payload); got != n || err != nil {
				t.Fatalf("%d samples of %d, %v", got, n, err)
			}
			if got := lawful.DecodeLaw(octets, payload, law); got != n {
				t.Fatalf("%d octets of %d", got, n)
			}
			if got := e.Encode(back, pcm); got != n/samples*size {
				t.Fatalf("%d octets of %d samples", got, n)
			}
			e.EncodeLaw(back, octets, law)
		}
		if d.state != lawful.state {
			t.Fatal("the interfaces leave different states")
		}
		for _, s := range []*state{&d.state, &e.state} {
			if s.yu < 544 || s.yu > 5120 || s.yl < 0 || s.yl >= 1<<19 || s.ap < 0 || s.ap >= 1<<10 ||
				s.dms < 0 || s.dms >= 1<<12 || s.dml < 0 || s.dml >= 1<<14 {
				t.Fatalf("a register left its range: %+v", *s)
			}
		}
	})
}
