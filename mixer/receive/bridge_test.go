package receive

import (
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/jitter"
	"sidetone/relay/rtp"
)

var available = sync.OnceValue(func() codecs.Set { return codecs.Available(codecs.FindLibraries()) })

// ofLibrary gives a codec of a library; without it the test is skipped, unless the peers must be there.
func ofLibrary(t *testing.T, f codecs.Format) codecs.Codec {
	t.Helper()
	c, ok := available().Find(f)
	if !ok {
		if os.Getenv("SIDETONE_PEERS") == "required" {
			t.Fatalf("no library has %v", f)
		}
		t.Skipf("no library has %v", f)
	}
	return c
}

// stranger hides that a decoder conceals.
type stranger struct{ codecs.Decoder }

// through gives what is heard of a signal in packets of 20 ms, some of which are lost, each 2 ms late.
func through(c codecs.Codec, signal []int16, rate int, lost func(i int) bool) ([]int16, Stats) {
	s := New(Config{Set: codecs.Set{}.With(c), SampleRate: rate, Jitter: jitter.Config{Mode: jitter.Fixed, Normal: 60 * time.Millisecond}, Formats: map[uint8]codecs.Format{96: c.Format}})
	e, frame := c.NewEncoder(), c.SampleRate/50
	p := make([]byte, 2000)
	out := make([]int16, rate/50)
	var heard []int16
	for i := 0; (i+1)*frame <= len(signal); i++ {
		rtp.Header{PayloadType: 96, SequenceNumber: uint16(i), Timestamp: uint32(i * c.ClockRate / 50)}.Put(p)
		n := e.Encode(p[rtp.HeaderSize:], signal[i*frame:(i+1)*frame])
		now := int64(i) * 20 * millisecond
		if !lost(i) {
			s.ReceiveRTP(p[:rtp.HeaderSize+n], now+2*millisecond)
		}
		s.Pull(now+5*millisecond, out)
		heard = append(heard, out...)
	}
	return heard, s.Stats()
}

// vowels is like speech: a buzz that moves in pitch and loudness, syllable by syllable.
func vowels(rate, seconds int) []int16 {
	pcm := make([]int16, rate*seconds)
	phase := 0.0
	for i := range pcm {
		t := float64(i) / float64(rate)
		phase += (120 + 40*math.Sin(2*math.Pi*0.7*t)) / float64(rate)
		v := 0.0
		for k := 1.0; k <= 20; k++ {
			v += math.Sin(2*math.Pi*k*phase) / (1 + math.Pow((k*140-500-250*math.Sin(2*math.Pi*1.3*t))/200, 2))
		}
		pcm[i] = int16(3500 * v * (0.55 + 0.45*math.Sin(2*math.Pi*3*t)))
	}
	return pcm
}

// off gives how far what is heard is from what would be, as a share of its energy in dB.
func off(heard, whole []int16) float64 {
	var wrong, all float64
	for i := range heard {
		d := float64(heard[i]) - float64(whole[i])
		wrong, all = wrong+d*d, all+float64(whole[i])*float64(whole[i])
	}
	return 10 * math.Log10(wrong/all)
}

// A decoder that knows its codec makes up for lost packets better than pitch periods of what came out of it, and Opus has most of the
// lost packet in the one behind it.
func TestDecodersConceal(t *testing.T) {
	for _, tc := range []struct {
		format codecs.Format
		better float64 // dB
	}{
		{codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: "useinbandfec=1;maxaveragebitrate=32000"}, 6},
		{codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2}, 0.5},
		{codecs.Format{Name: "AMR", ClockRate: 8000}, 1},
	} {
		for _, rate := range []int{8000, 16000} {
			t.Run(tc.format.String()+" "+tc.format.Fmtp, func(t *testing.T) {
				c := ofLibrary(t, tc.format)
				signal := vowels(c.SampleRate, 10)
				dice := rand.New(rand.NewPCG(4, 2))
				lost := map[int]bool{}
				for i := 50; i < 500; i++ {
					lost[i] = dice.Float64() < 0.1
				}
				whole, _ := through(c, signal, rate, func(int) bool { return false })
				helped, st := through(c, signal, rate, func(i int) bool { return lost[i] })
				make := c.NewDecoder
				c.NewDecoder, c.Negotiate = func() codecs.Decoder { return stranger{make()} }, nil
				alone, _ := through(c, signal, rate, func(i int) bool { return lost[i] })
				a, b := off(helped, whole), off(alone, whole)
				t.Logf("10 %% lost, at %d Hz: error %.1f dB by the decoder, %.1f by pitch periods", rate, a, b)
				if a > b-tc.better {
					t.Errorf("error %.1f dB, %.1f without the decoder's help", a, b)
				}
				if st.Concealed == 0 || st.Jitter.Lost < 30 {
					t.Errorf("%+v", st)
				}
			})
		}
	}
}

// What is never heard again fades to silence, and goes on when packets come again.
func TestDecodersConcealmentEnds(t *testing.T) {
	c := ofLibrary(t, codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2})
	heard, _ := through(c, vowels(48000, 4), 16000, func(i int) bool { return i >= 50 && i < 100 })
	for i, v := range heard[16000*140/100 : 16000*195/100] {
		if v != 0 {
			t.Fatalf("%d at %d ms of the gap", v, 400+i/16)
		}
	}
	if energy := func(x []int16) (e float64) {
		for _, v := range x {
			e += float64(v) * float64(v)
		}
		return e / float64(len(x))
	}(heard[16000*5/2:]); energy < 1e5 {
		t.Errorf("nothing after the gap: %.0f", energy)
	}
}

func TestBridgeNoAllocs(t *testing.T) {
	c := ofLibrary(t, codecs.Format{Name: "opus", ClockRate: 48000, Channels: 2, Fmtp: "useinbandfec=1"})
	s := New(Config{Set: available(), SampleRate: 16000, Formats: map[uint8]codecs.Format{96: c.Format}})
	e, p, out := c.NewEncoder(), make([]byte, 2000), make([]int16, 320)
	n := e.Encode(p[rtp.HeaderSize:], vowels(48000, 1)[:960])
	tick := 0
	if n := testing.AllocsPerRun(200, func() {
		if tick%3 != 0 || tick < 10 {
			rtp.Header{PayloadType: 96, SequenceNumber: uint16(tick), Timestamp: uint32(tick * 960)}.Put(p)
			s.ReceiveRTP(p[:rtp.HeaderSize+n], int64(tick)*20*millisecond)
		}
		s.Pull(int64(tick)*20*millisecond+5*millisecond, out)
		tick++
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if s.Stats().Concealed == 0 {
		t.Error("nothing was concealed")
	}
}
