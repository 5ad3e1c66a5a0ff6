package audio

import (
	"bytes"
	"errors"
	"math"
	"math/rand"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const rate = 8000

// party returns a second mix of the given voices, each at -20 dBFS, through a law and back.
func party(law Law, seconds float64, voices ...float64) []int16 {
	n := int(seconds * rate)
	pcm := make([]int16, n)
	for _, hz := range voices {
		Add(pcm, Sine(hz, -20, rate, n))
	}
	return law.Decode(nil, law.Encode(nil, pcm))
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance || math.IsNaN(got) {
		t.Errorf("%s: got %.3f, want %.3f within %.3f", what, got, want, tolerance)
	}
}

func TestG711KnownValues(t *testing.T) {
	for _, c := range []struct {
		law  Law
		code uint8
		want int16
	}{
		{MuLaw, 0xff, 0}, {MuLaw, 0x7f, 0}, {MuLaw, 0x80, 32124}, {MuLaw, 0x00, -32124}, {MuLaw, 0xfe, 8}, {MuLaw, 0x7e, -8},
		{ALaw, 0xd5, 8}, {ALaw, 0x55, -8}, {ALaw, 0xaa, 32256}, {ALaw, 0x2a, -32256}, {ALaw, 0xd4, 24},
	} {
		if got := c.law.Decode(nil, []byte{c.code})[0]; got != c.want {
			t.Errorf("law %d code %#02x: got %d, want %d", c.law, c.code, got, c.want)
		}
	}
}

func TestG711EncodesToTheNearestValue(t *testing.T) {
	for _, law := range []Law{MuLaw, ALaw} {
		all := law.Decode(nil, func() []byte {
			b := make([]byte, 256)
			for i := range b {
				b[i] = byte(i)
			}
			return b
		}())
		for v := math.MinInt16; v <= math.MaxInt16; v += 37 {
			got := law.Decode(nil, law.Encode(nil, []int16{int16(v)}))[0]
			for _, other := range all {
				if math.Abs(float64(v)-float64(other)) < math.Abs(float64(v)-float64(got)) {
					t.Fatalf("law %d: %d became %d, though %d is nearer", law, v, got, other)
				}
			}
		}
	}
}

func TestLevelOfASine(t *testing.T) {
	for _, hz := range Voices() {
		for _, dB := range []float64{-3, -20, -50} {
			pcm := Sine(hz, dB, rate, rate/2)
			near(t, "level", Level(pcm, rate, hz), dB, 0.1)
			near(t, "rms", RMS(pcm), dB, 0.1)
		}
	}
	if got := Level(make([]int16, 800), rate, 1000); got != Silence {
		t.Errorf("level of nothing: %v", got)
	}
}

func TestListenTellsTheVoicesApart(t *testing.T) {
	v := Voices()
	tones := []Tone{{"a", v[0]}, {"b", v[1]}, {"c", v[2]}, {"d", v[3]}, {"e", v[4]}}
	for _, law := range []Law{MuLaw, ALaw} {
		h := Listen(party(law, 2, v[0], v[1], v[3], v[4]), rate, tones)
		for _, name := range []string{"a", "b", "d", "e"} {
			near(t, name, h.Named(name).Level, -20, 0.2)
			if gap := h.Named(name).Gap.Length; gap != 0 {
				t.Errorf("%s: gap of %v in a whole tone", name, gap)
			}
			near(t, "presence of "+name, h.Named(name).Presence, 1, 0.001)
		}
		near(t, "spread", h.Spread("a", "b", "d", "e"), 0, 0.2)
		if own := h.Named("c").Level; own > -70 {
			t.Errorf("law %d: the voice that is not there has %.1f dBFS", law, own)
		}
		if h.Named("c").Gap.Length != 2*time.Second {
			t.Errorf("an absent voice must be one gap, got %v", h.Named("c").Gap)
		}
		if h.Residual > -45 {
			t.Errorf("law %d: residual %.1f dBFS", law, h.Residual)
		}
	}
}

// A voice 39 dB below the others must be seen, since the bar is 40.
func TestListenSeesALeakOfTheOwnVoice(t *testing.T) {
	v := Voices()
	n := 2 * rate
	pcm := Sine(v[2], -59, rate, n)
	for _, hz := range []float64{v[0], v[1], v[3], v[4]} {
		Add(pcm, Sine(hz, -20, rate, n))
	}
	pcm = MuLaw.Decode(nil, MuLaw.Encode(nil, pcm))
	near(t, "leak", Level(pcm, rate, v[2]), -59, 1.5)
}

func TestGapsAreSeenAtTheirLength(t *testing.T) {
	v := Voices()
	for _, c := range []struct{ from, length, want time.Duration }{
		{300 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond},
		{500 * time.Millisecond, 40 * time.Millisecond, 40 * time.Millisecond},
		{500 * time.Millisecond, 60 * time.Millisecond, 60 * time.Millisecond},
		{500 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond},
	} {
		pcm := party(MuLaw, 1, v[0], v[1], v[2], v[3])
		clear(pcm[samples(c.from, rate):samples(c.from+c.length, rate)])
		gaps := Gaps(pcm, rate, v[1], floor)
		if len(gaps) != 1 {
			t.Fatalf("hole of %v: gaps %v", c.length, gaps)
		}
		near(t, "length ms", gaps[0].Length.Seconds()*1000, c.want.Seconds()*1000, 5)
		near(t, "start ms", gaps[0].Start.Seconds()*1000, c.from.Seconds()*1000, 6)
	}
}

func TestGapOfOneVoiceAmongOthers(t *testing.T) {
	v := Voices()
	pcm := party(MuLaw, 1, v[0], v[1], v[2])
	one := Sine(v[3], -20, rate, rate)
	clear(one[4000:4640])
	Add(pcm, one)
	if gap := Longest(Gaps(pcm, rate, v[3], floor)); gap.Length < 75*time.Millisecond || gap.Length > 85*time.Millisecond {
		t.Errorf("hole of 80 ms in one voice: %v", gap)
	}
	if gap := Longest(Gaps(pcm, rate, v[1], floor)); gap.Length != 0 {
		t.Errorf("another voice has a gap %v", gap)
	}
}

func TestResidualFindsWhatNobodyNamed(t *testing.T) {
	v := Voices()
	pcm := Sine(v[0], -20, rate, rate)
	Add(pcm, Sine(1234, -40, rate, rate))
	near(t, "stranger", Residual(pcm, rate, []float64{v[0]}), -40, 0.5)
	if got := Residual(pcm, rate, []float64{v[0], 1234}); got > -70 {
		t.Errorf("all named, and still %.1f dBFS", got)
	}
}

func TestFindAChirpBelowOtherVoices(t *testing.T) {
	v := Voices()
	chirp := Chirp(700, 3000, -20, rate, 1600)
	for _, at := range []int{0, 777, 4000} {
		pcm := make([]int16, rate)
		copy(pcm[at:], chirp)
		for _, hz := range v[:4] {
			Add(pcm, Sine(hz, -20, rate, len(pcm)))
		}
		pcm = ALaw.Decode(nil, ALaw.Encode(nil, pcm))
		got, match, contrast := Find(pcm, chirp)
		if got < at-1 || got > at+1 || contrast < 8 {
			t.Errorf("chirp at %d found at %d, match %.2f, contrast %.1f", at, got, match, contrast)
		}
	}
}

func TestFindKnowsWhenThereIsNoChirp(t *testing.T) {
	v := Voices()
	chirp := Chirp(700, 3000, -20, rate, 1600)
	r := rand.New(rand.NewSource(1))
	pcm := party(MuLaw, 1, v[0], v[1], v[2], v[3])
	for i := range pcm {
		pcm[i] += int16(r.Intn(400) - 200)
	}
	if _, match, contrast := Find(pcm, chirp); contrast >= 8 {
		t.Errorf("found a chirp in none: match %.2f, contrast %.1f", match, contrast)
	}
}

func TestWAVRoundTrip(t *testing.T) {
	want := Sine(440, -6, rate, 1001)
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := WriteWAV(path, rate, want); err != nil {
		t.Fatal(err)
	}
	got, r, err := ReadWAV(path)
	if err != nil || r != rate || !slices.Equal(got, want) {
		t.Fatalf("read back %d samples at %d: %v", len(got), r, err)
	}
	stereo := WAV{Rate: 16000, Channels: 2, PCM: []int16{1, 2, 3, 4, 5, 6}}
	back, err := DecodeWAV(stereo.Encode())
	if err != nil || back.Channels != 2 || !slices.Equal(back.PCM, stereo.PCM) {
		t.Fatalf("stereo: %+v %v", back, err)
	}
}

func TestWAVOfAKilledRecorderReachesToItsEnd(t *testing.T) {
	b := WAV{Rate: rate, Channels: 1, PCM: []int16{1, 2, 3}}.Encode()
	for _, size := range [][]byte{{0, 0, 0, 0}, {0xff, 0xff, 0xff, 0x7f}} {
		copy(b[40:], size)
		w, err := DecodeWAV(b)
		if err != nil || len(w.PCM) != 3 {
			t.Errorf("size field %v: %d samples, %v", size, len(w.PCM), err)
		}
	}
}

func FuzzDecodeWAV(f *testing.F) {
	f.Add(WAV{Rate: rate, Channels: 1, PCM: []int16{1, 2, 3}}.Encode())
	f.Add([]byte("RIFF....WAVEdata"))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := DecodeWAV(b)
		if err != nil {
			if !errors.Is(err, ErrWAV) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		again, err := DecodeWAV(w.Encode())
		if err != nil || !slices.Equal(again.PCM, w.PCM) {
			t.Fatalf("no round trip: %v", err)
		}
		if !bytes.Equal(again.Encode(), w.Encode()) {
			t.Fatal("not stable")
		}
	})
}
