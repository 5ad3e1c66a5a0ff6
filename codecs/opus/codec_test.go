package opus

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"sidetone/codecs/clib/clibtest"
)

func encoder(t testing.TB, l *Library, c Config) *Encoder {
	t.Helper()
	e, err := l.NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decoder(t testing.TB, l *Library, rate int) *Decoder {
	t.Helper()
	d, err := l.NewDecoder(rate)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// voices are those of one second.
var voices = map[int]func() []int16{
	8000:  sync.OnceValue(func() []int16 { return speak(8000) }),
	16000: sync.OnceValue(func() []int16 { return speak(16000) }),
	48000: sync.OnceValue(func() []int16 { return speak(48000) }),
}

// voice is a sound with a pitch of 150 Hz and formants that move, of n samples, a second at most.
func voice(rate, n int) []int16 { return slices.Clone(voices[rate]()[:n]) }

func speak(rate int) []int16 {
	pcm := make([]int16, rate)
	for i := range pcm {
		at := float64(i) / float64(rate)
		x, formant := 0.0, 700+400*math.Sin(2*math.Pi*2*at)
		for h := 1.0; h*150 < 3500; h++ {
			x += math.Sin(2*math.Pi*150*h*at) / (1 + math.Pow((150*h-formant)/300, 2))
		}
		pcm[i] = int16(5000 * x * (1 + 0.3*math.Sin(2*math.Pi*5*at)) / 1.3)
	}
	return pcm
}

// snr gives the signal to noise in dB at the delay from least to most samples where it is best.
func snr(sent, heard []int16, least, most int) (best float64, delay int) {
	best = math.Inf(-1)
	for late := least; late < most; late++ {
		var signal, noise float64
		for i := len(sent) / 4; i < len(sent)-most; i += 5 {
			s, e := float64(sent[i]), float64(sent[i])-float64(heard[i+late])
			signal, noise = signal+s*s, noise+e*e
		}
		if db := 10 * math.Log10(signal/max(noise, 1)); db > best {
			best, delay = db, late
		}
	}
	return best, delay
}

func TestEveryPacketTimeRateAndBitrate(t *testing.T) {
	l := clibtest.Need(t, Open)
	for _, rate := range []int{8000, 16000, 48000} {
		for _, ms := range []int{10, 20, 30, 40, 50, 60} {
			for _, bitrate := range []int{12000, 24000, 64000} {
				for _, fec := range []bool{false, true} {
					name := fmt.Sprintf("%d Hz %d ms %d bit/s fec %v", rate, ms, bitrate, fec)
					e := encoder(t, l, Config{SampleRate: rate, Bitrate: bitrate, FEC: fec})
					d := decoder(t, l, rate)
					in := voice(rate, rate*6/10)
					var heard []int16
					packet, out := make([]byte, MaxPayload), make([]int16, rate*ms/1000)
					for piece := range slices.Chunk(in, rate*ms/1000) {
						n := e.Encode(packet, piece)
						if got := Duration(packet[:n]); got != ms*48 {
							t.Fatalf("%s: %d octets with a duration of %d", name, n, got)
						}
						n, err := d.Decode(out, packet[:n])
						if n != len(out) || err != nil {
							t.Fatalf("%s: %d samples, %v", name, n, err)
						}
						heard = append(heard, out...)
					}
					least := map[int]float64{12000: 3, 24000: 6, 64000: 12}[bitrate]
					if db, delay := snr(in, heard, rate*5/1000, rate*8/1000); db < least {
						t.Errorf("%s: signal to noise %.1f dB, late by %d", name, db, delay)
					}
				}
			}
		}
	}
}

func TestPacketsOfOtherLengthsAreCutToWholeFrames(t *testing.T) {
	l := clibtest.Need(t, Open)
	packet := make([]byte, MaxPayload)
	for samples, want := range map[int]int{0: 0, 119: 0, 120: 120, 359: 240, 400: 240, 480: 480, 700: 480, 1000: 960, 1920: 1920, 2500: 2400, 2880: 2880, 9999: 2880} {
		e := encoder(t, l, Config{})
		if got := Duration(packet[:e.Encode(packet, make([]int16, samples))]); got != want {
			t.Errorf("%d samples make a packet of %d", samples, got)
		}
		if n := e.Encode(nil, make([]int16, samples)); n != 0 {
			t.Errorf("%d octets in no memory", n)
		}
	}
}

func TestALostPacketIsRecoveredFromTheNext(t *testing.T) {
	l := clibtest.Need(t, Open)
	in := voice(16000, 16000)
	lossy := func(fec bool) float64 {
		e, d := encoder(t, l, Config{SampleRate: 16000, Bitrate: 24000, FEC: true, Loss: 20}), decoder(t, l, 16000)
		whole := decoder(t, l, 16000)
		var heard, want []int16
		packet, out := make([]byte, MaxPayload), make([]int16, 320)
		lost := false
		at := 0
		for piece := range slices.Chunk(in, 320) {
			n := e.Encode(packet, piece)
			whole.Decode(out, packet[:n])
			want = append(want, out...)
			if lost {
				next := packet[:n]
				if !fec {
					next = nil
				}
				heard = append(heard, out[:d.Conceal(out, next)]...)
			}
			if lost = at%5 == 4; !lost {
				m, err := d.Decode(out, packet[:n])
				if err != nil {
					t.Fatal(err)
				}
				heard = append(heard, out[:m]...)
			}
			at++
		}
		db, _ := snr(want[:len(heard)-320], heard, 0, 1)
		return db
	}
	with, without := lossy(true), lossy(false)
	t.Logf("every fifth packet lost: %.1f dB to the decoder without loss with FEC, %.1f dB without", with, without)
	if with < without+3 {
		t.Error("forward error correction does not help")
	}
}

func TestConcealmentFadesAndIsBounded(t *testing.T) {
	l := clibtest.Need(t, Open)
	e, d := encoder(t, l, Config{}), decoder(t, l, 48000)
	packet, out := make([]byte, MaxPayload), make([]int16, 960)
	for piece := range slices.Chunk(voice(48000, 48000), 960) {
		n := e.Encode(packet, piece)
		_, _ = d.Decode(out, packet[:n])
	}
	levels := []float64{}
	for range 50 {
		if n := d.Conceal(out, nil); n != 960 {
			t.Fatalf("%d samples", n)
		}
		sum := 0.0
		for _, s := range out {
			sum += float64(s) * float64(s)
		}
		levels = append(levels, math.Sqrt(sum/960))
	}
	if levels[0] < 300 || levels[49] > levels[0]/2 {
		t.Errorf("concealment goes from %.0f to %.0f", levels[0], levels[49])
	}
	for _, n := range []int{0, 1, 119, 100000} {
		if got := d.Conceal(make([]int16, n), []byte{0xFF, 0xFF}); got > n || got%120 != 0 {
			t.Errorf("%d samples concealed of %d", got, n)
		}
	}
}

func TestSilenceIsNotSentWithDTX(t *testing.T) {
	l := clibtest.Need(t, Open)
	for _, dtx := range []bool{false, true} {
		e := encoder(t, l, Config{DTX: dtx, SampleRate: 16000, Bitrate: 16000})
		packet, small := make([]byte, MaxPayload), 0
		for at := range 150 {
			piece := make([]int16, 320)
			for i := range piece { // a room's noise
				piece[i] = int16((at*31+i*7919)%5 - 2)
			}
			if n := e.Encode(packet, piece); n <= 2 && at >= 50 {
				small++
			}
		}
		if dtx != (small > 60) {
			t.Errorf("dtx %v: %d of 100 packets are empty", dtx, small)
		}
	}
}

func TestCopiedEncoderGoesOnTheSame(t *testing.T) {
	l := clibtest.Need(t, Open)
	in := voice(48000, 48000)
	one, other := encoder(t, l, Config{FEC: true}), encoder(t, l, Config{FEC: true})
	if !one.SameState(other) {
		t.Error("two new encoders differ")
	}
	a, b := make([]byte, MaxPayload), make([]byte, MaxPayload)
	for at := range 20 {
		one.Encode(a, in[960*at:][:960])
	}
	if one.SameState(other) {
		t.Error("an encoder that has encoded is as new")
	}
	other.CopyState(one)
	if !one.SameState(other) {
		t.Error("a copy differs")
	}
	for at := 20; at < 50; at++ {
		n, m := one.Encode(a, in[960*at:][:960]), other.Encode(b, in[960*at:][:960])
		if !slices.Equal(a[:n], b[:m]) {
			t.Fatalf("packet %d differs", at)
		}
	}
	if !one.SameState(other) {
		t.Error("the same samples lead to different states")
	}
}

func TestNoAllocs(t *testing.T) {
	l := clibtest.Need(t, Open)
	e, other, d := encoder(t, l, Config{FEC: true}), encoder(t, l, Config{FEC: true}), decoder(t, l, 48000)
	in, packet := voice(48000, 1440), make([]byte, MaxPayload)
	out := make([]int16, 1440)
	for _, samples := range []int{960, 1440} {
		if n := testing.AllocsPerRun(50, func() {
			n := e.Encode(packet, in[:samples])
			other.CopyState(e)
			other.SameState(e)
			_, _ = d.Decode(out, packet[:n])
			d.Conceal(out, nil)
			d.Conceal(out, packet[:n])
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x78, 1, 2, 3})
	f.Add([]byte{0xFF, 0xC3, 1, 2, 3, 4, 5})
	f.Add([]byte{0x0B, 0x41, 255, 1})
	f.Add([]byte{0x08})
	l := clibtest.Need(f, Open)
	d, err := l.NewDecoder(48000)
	if err != nil {
		f.Fatal(err)
	}
	out := make([]int16, 5760)
	f.Fuzz(func(t *testing.T, payload []byte) {
		duration := Duration(payload)
		if duration < 0 || duration > maxDuration {
			t.Fatalf("duration %d", duration)
		}
		n, err := d.Decode(out, payload)
		if (err == nil) != (n == duration && n > 0) {
			t.Fatalf("%d samples of %d: %v", n, duration, err)
		}
		if n := d.Conceal(out[:960], payload); n < 0 || n > 960 {
			t.Fatalf("%d samples concealed", n)
		}
	})
}

// The benchmarks' packets are 20 ms of one voice; the bit rate is 32 kbit/s.
func BenchmarkEncode(b *testing.B) {
	l := clibtest.Need(b, Open)
	for _, complexity := range []int{1, 5, 9} {
		for _, rate := range []int{16000, 48000} {
			b.Run(fmt.Sprintf("complexity %d %d Hz", complexity, rate), func(b *testing.B) {
				e := encoder(b, l, Config{SampleRate: rate, Complexity: complexity})
				in, packet, at := voice(rate, rate), make([]byte, MaxPayload), 0
				b.ReportAllocs()
				for b.Loop() {
					e.Encode(packet, in[at*rate/50:][:rate/50])
					at = (at + 1) % 50
				}
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	l := clibtest.Need(b, Open)
	e, d := encoder(b, l, Config{}), decoder(b, l, 48000)
	in, packets := voice(48000, 48000), [][]byte(nil)
	for piece := range slices.Chunk(in, 960) {
		packet := make([]byte, MaxPayload)
		packets = append(packets, packet[:e.Encode(packet, piece)])
	}
	out, at := make([]int16, 960), 0
	b.ReportAllocs()
	for b.Loop() {
		_, _ = d.Decode(out, packets[at%50])
		at++
	}
}

func BenchmarkCopyState(b *testing.B) {
	l := clibtest.Need(b, Open)
	e, other := encoder(b, l, Config{}), encoder(b, l, Config{})
	b.ReportAllocs()
	for b.Loop() {
		other.CopyState(e)
	}
}
