package codecs

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// libraries are those of this system.
var libraries = sync.OnceValue(FindLibraries)

// everything is the codecs that are built in and those of the system's libraries.
func everything() Set { return Available(libraries()) }

// audio runs a test over every codec that has samples.
func audio(t *testing.T, test func(t *testing.T, c Codec)) {
	tested := 0
	for _, c := range everything().Codecs() {
		if c.Kind == Audio {
			t.Run(c.String(), func(t *testing.T) { test(t, c) })
			tested++
		}
	}
	if tested < 2 {
		t.Fatalf("only %d codecs with samples", tested)
	}
}

// frame is 20 ms of speech-like sound: three tones.
func frame(c Codec, at int) []int16 {
	pcm := make([]int16, c.SampleRate/50)
	for i := range pcm {
		x := 2 * math.Pi * float64(at*len(pcm)+i) / float64(c.SampleRate)
		pcm[i] = int16(6000*math.Sin(300*x) + 4000*math.Sin(1000*x) + 2000*math.Sin(2500*x))
	}
	return pcm
}

func TestDescriptionIsComplete(t *testing.T) {
	for _, c := range everything().Codecs() {
		if c.Name == "" || c.ClockRate <= 0 || c.Duration == nil || c.EncodedLen == nil {
			t.Errorf("%v: incomplete", c.Format)
		}
		if c.PayloadType > 95 && c.PayloadType != Dynamic {
			t.Errorf("%v: payload type %d is neither static nor Dynamic", c.Format, c.PayloadType)
		}
		if isAudio := c.Kind == Audio; (c.NewEncoder != nil) != isAudio || (c.NewDecoder != nil) != isAudio || (c.SampleRate > 0) != isAudio {
			t.Errorf("%v: its kind and its functions disagree", c.Format)
		}
		if c.Kind != Audio && c.Duration(make([]byte, 10)) != 0 {
			t.Errorf("%v: takes time", c.Format)
		}
	}
}

// quality is what a codec makes of the frames: its signal to noise, and by how many samples it is late.
// Who is not here is not late and has 30 dB.
var quality = map[string]struct {
	snr  float64
	late int
}{
	"G722": {25, 22}, "G726-16": {8, 0}, "G726-24": {14, 0}, "G726-32": {20, 0}, "G726-40": {25, 0},
	"opus": {6, 312}, "AMR": {2, 40}, "AMR-WB": {2, 95}, "GSM": {15, 0},
	"AAL2-G726-16": {8, 0}, "AAL2-G726-24": {14, 0}, "AAL2-G726-32": {20, 0}, "AAL2-G726-40": {25, 0},
}

func TestDecodedIsWhatWasEncoded(t *testing.T) {
	audio(t, func(t *testing.T, c Codec) {
		encoder, decoder := c.NewEncoder(), c.NewDecoder()
		var sent, heard []int16
		for at := range 50 {
			in := frame(c, at)
			payload := make([]byte, c.EncodedLen(len(in)))
			payload = payload[:encoder.Encode(payload, in)]
			if d := c.Duration(payload); d != c.ClockRate/50 {
				t.Fatalf("20 ms have a duration of %d units", d)
			}
			out := make([]int16, len(in))
			if n, err := decoder.Decode(out, payload); n != len(in) || err != nil {
				t.Fatalf("decoded %d of %d samples: %v", n, len(in), err)
			}
			sent, heard = append(sent, in...), append(heard, out...)
		}
		want, ok := quality[c.Name]
		if !ok {
			want.snr = 30
		}
		var signal, noise float64
		for i, s := range sent[:len(sent)-want.late] {
			e := float64(s) - float64(heard[i+want.late])
			signal += float64(s) * float64(s)
			noise += e * e
		}
		if snr := 10 * math.Log10(signal/max(noise, 1)); snr < want.snr {
			t.Errorf("signal to noise %.1f dB", snr)
		}
	})
}

func TestShortMemoryAndOddPayloadsAreBounded(t *testing.T) {
	audio(t, func(t *testing.T, c Codec) {
		r := rand.New(rand.NewPCG(1, 1))
		encoder, decoder := c.NewEncoder(), c.NewDecoder()
		for range 400 {
			payload, out := make([]byte, r.IntN(400)), make([]int16, r.IntN(400))
			for i := range payload {
				payload[i] = byte(r.Uint32())
			}
			if n, _ := decoder.Decode(out, payload); n < 0 || n > len(out) {
				t.Fatalf("decoded %d into %d", n, len(out))
			}
			if d := c.Duration(payload); d < 0 {
				t.Fatalf("duration %d", d)
			}
			if n := encoder.Encode(payload, out); n < 0 || n > len(payload) {
				t.Fatalf("encoded %d into %d", n, len(payload))
			}
		}
	})
}

func TestInstancesAreIndependent(t *testing.T) {
	audio(t, func(t *testing.T, c Codec) {
		alone, beside, other := c.NewEncoder(), c.NewEncoder(), c.NewEncoder()
		a, b := make([]byte, 2000), make([]byte, 2000)
		for at := range 10 {
			n := alone.Encode(a, frame(c, at))
			other.Encode(b, frame(c, 90-at))
			m := beside.Encode(b, frame(c, at))
			if string(a[:n]) != string(b[:m]) {
				t.Fatal("an encoder depends on what another does")
			}
		}
	})
}

func TestEncodeDecodeNoAllocs(t *testing.T) {
	audio(t, func(t *testing.T, c Codec) {
		encoder, decoder := c.NewEncoder(), c.NewDecoder()
		pcm := frame(c, 0)
		payload := make([]byte, c.EncodedLen(len(pcm)))
		if n := testing.AllocsPerRun(100, func() {
			n := encoder.Encode(payload, pcm)
			_, _ = decoder.Decode(pcm, payload[:n])
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0x7F, 0x80, 0xFF})
	f.Fuzz(func(t *testing.T, payload []byte) {
		out := make([]int16, 5760)
		for _, c := range everything().Codecs() {
			if d := c.Duration(payload); d < 0 {
				t.Fatalf("%v: duration %d", c.Format, d)
			}
			if c.Kind != Audio {
				continue
			}
			if n, _ := c.NewDecoder().Decode(out, payload); n < 0 || n > len(out) {
				t.Fatalf("%v: %d samples", c.Format, n)
			}
		}
	})
}
