package codecs

import (
	"math"
	"slices"
	"testing"
)

func TestExtendedBeginsWithBuiltin(t *testing.T) {
	extended := Extended().Codecs()
	for i, c := range Builtin().Codecs() {
		if !c.Is(extended[i].Format) {
			t.Errorf("at %d is %v, not %v", i, extended[i].Format, c.Format)
		}
	}
	if c, ok := Extended().Static(9); !ok || c.String() != "G722/8000" || c.SampleRate != 16000 {
		t.Errorf("payload type 9 is %v, %d Hz", c.Format, c.SampleRate)
	}
	for _, name := range []string{"G726-16", "g726-24", "G726-32", "G726-40", "AAL2-G726-16", "AAL2-G726-24", "aal2-g726-32", "AAL2-G726-40"} {
		if _, ok := Extended().Lookup(name, 8000); !ok {
			t.Errorf("there is no %s", name)
		}
		if _, ok := Builtin().Lookup(name, 8000); ok {
			t.Errorf("%s is in every build's set", name)
		}
	}
}

// What the mixer asks of an encoder with memory that several listeners share.
type copier interface {
	CopyState(from Encoder)
	SameState(as Encoder) bool
}

func TestEncodersWithMemoryGoOnWhereAnotherStopped(t *testing.T) {
	resumed := 0
	for _, c := range everything().Codecs() {
		if c.Kind != Audio {
			continue
		}
		one, ok := c.NewEncoder().(copier)
		if !ok {
			continue // has no memory
		}
		resumed++
		other := c.NewEncoder()
		if !one.SameState(other) {
			t.Errorf("%v: two new encoders differ", c.Format)
		}
		a, b := make([]byte, 2000), make([]byte, 2000)
		one.(Encoder).Encode(a, frame(c, 0))
		if one.SameState(other) {
			t.Errorf("%v: one that has encoded is as new", c.Format)
		}
		other.(copier).CopyState(one.(Encoder))
		if !one.SameState(other) {
			t.Errorf("%v: a copy differs", c.Format)
		}
		n := one.(Encoder).Encode(a, frame(c, 1))
		if one.SameState(other) {
			t.Errorf("%v: the copy moves with its original", c.Format)
		}
		if m := other.Encode(b, frame(c, 1)); !slices.Equal(a[:n], b[:m]) || !one.SameState(other) {
			t.Errorf("%v: the copy makes other octets", c.Format)
		}
		if allocs := testing.AllocsPerRun(100, func() {
			other.(copier).CopyState(one.(Encoder))
			one.SameState(other)
		}); allocs != 0 {
			t.Errorf("%v: %v allocations", c.Format, allocs)
		}
	}
	if resumed < 9 {
		t.Errorf("%d codecs can be resumed", resumed)
	}
}

// levelWithin is by how many dB a codec may change the level of the frames.
func levelWithin(c Codec) float64 {
	if c.Frame > 0 { // codes a voice, not a wave
		return 1
	}
	return 0.5
}

// Every pair of formats: packets keep their duration and a tone its level, and nothing is allocated.
func TestTranscodersOfExtended(t *testing.T) {
	for _, from := range everything().Codecs() {
		for _, to := range everything().Codecs() {
			tr, ok := everything().Transcoder(from.Format, to.Format)
			if want := from.Kind == Audio && to.Kind == Audio; ok != want {
				t.Errorf("%v to %v: %v", from.Format, to.Format, ok)
			}
			if !ok {
				continue
			}
			encoder, decoder := from.NewEncoder(), to.NewDecoder()
			in, out, pcm := make([]byte, 2000), make([]byte, 2000), make([]int16, to.SampleRate/50)
			var inLevel, outLevel float64
			for at := range 9 {
				source := frame(from, at)
				payload := in[:encoder.Encode(in, source)]
				n := tr.Transform(out, payload)
				if d := to.Duration(out[:n]); d != to.ClockRate/50 {
					t.Fatalf("%v to %v: a packet of 20 ms becomes one of %d units", from.Format, to.Format, d)
				}
				if n, _ := decoder.Decode(pcm, out[:n]); n != len(pcm) {
					t.Fatalf("%v to %v: %d samples", from.Format, to.Format, n)
				}
				if at < 4 {
					continue
				}
				for _, s := range source {
					inLevel += float64(s) * float64(s) / float64(len(source))
				}
				for _, s := range pcm {
					outLevel += float64(s) * float64(s) / float64(len(pcm))
				}
			}
			if d := 10 * math.Log10(outLevel/inLevel); math.Abs(d) > levelWithin(from)+levelWithin(to) {
				t.Errorf("%v to %v: the level changes by %.2f dB", from.Format, to.Format, d)
			}
			payload := in[:encoder.Encode(in, frame(from, 0))]
			if n := testing.AllocsPerRun(5, func() { tr.Transform(out, payload) }); n != 0 {
				t.Errorf("%v to %v: %v allocations", from.Format, to.Format, n)
			}
			tr.Transform(out, make([]byte, 65535)) // far too long: bounded, not a panic
		}
	}
}

// PCMA by way of G.726 and back, thrice, is what it was after the first time.
func TestCrossingADPCMAgainCostsNothing(t *testing.T) {
	pcma, g726 := Format{Name: "PCMA", ClockRate: 8000}, Format{Name: "G726-32", ClockRate: 8000}
	law, _ := Builtin().Find(pcma)
	packet, code := make([]byte, 160), make([]byte, 80)
	var first [][]byte
	for round := range 3 {
		there, _ := Extended().Transcoder(pcma, g726)
		back, _ := Extended().Transcoder(g726, pcma)
		for at := range 20 {
			if round == 0 {
				law.NewEncoder().Encode(packet, frame(law, at))
				first = append(first, nil)
			} else {
				copy(packet, first[at])
			}
			if n := there.Transform(code, packet); n != 80 {
				t.Fatalf("%d octets", n)
			}
			back.Transform(packet, code)
			if round > 0 && !slices.Equal(packet, first[at]) {
				t.Fatalf("round %d changed packet %d", round+1, at)
			}
			first[at] = slices.Clone(packet)
		}
	}
}

// BenchmarkTranscode turns a packet of 20 ms into the other format.
func BenchmarkTranscode(b *testing.B) {
	for _, pair := range [][2]string{{"PCMU", "PCMA"}, {"PCMU", "G722"}, {"G722", "PCMU"}, {"PCMA", "G726-32"}, {"G726-32", "PCMA"}} {
		from, to := Format{Name: pair[0], ClockRate: 8000}, Format{Name: pair[1], ClockRate: 8000}
		b.Run(pair[0]+" to "+pair[1], func(b *testing.B) {
			tr, ok := Extended().Transcoder(from, to)
			if !ok {
				b.Fatal("there is none")
			}
			c, _ := Extended().Find(from)
			pcm, dst := frame(c, 0), make([]byte, 400)
			payload := make([]byte, c.EncodedLen(len(pcm)))
			c.NewEncoder().Encode(payload, pcm)
			b.ReportAllocs()
			for b.Loop() {
				tr.Transform(dst, payload)
			}
		})
	}
}
