package mixer

import (
	"math"
	"slices"
	"testing"

	"sidetone/codecs"
)

// background is white noise of 60 dB below full scale, as in a quiet office.
func background(seed uint64, n int) []int16 { return noise(seed, n, 57) }

// Whoever has talked leaves the encoder of his own in the next lull, whatever the codec.
func TestEncodersAreSharedAgainAfterALull(t *testing.T) {
	set := codecs.Available(codecs.FindLibraries())
	for _, codec := range set.Codecs() {
		if codec.Kind != codecs.Audio {
			continue
		}
		t.Run(codec.String(), func(t *testing.T) {
			const talk, ticks = 100, 200
			c := NewConference(ConferenceConfig{Members: 8, Set: set})
			join(t, c, "talker", slices.Concat(talker(8000, talk*160, -26, 1), background(2, ticks*160)), 0)
			var all []*party
			for i := range 6 {
				all = append(all, joinAs(t, c, ParticipantConfig{Send: codec.Format, SendPayloadType: 96}, noise(uint64(i), 20*160, 3000), 20+5*i))
			}
			run(c, ticks)
			for i, p := range all {
				if p.shared == nil {
					t.Errorf("member %d has an encoder of its own after a lull of %d ticks", i, ticks-talk)
				}
			}
			before := c.Stats().Encodes
			run(c, 50)
			if got := c.Stats().Encodes - before; got > 2*50 { // the talker's and the others'
				t.Errorf("%d packets encoded in 50 ticks for two mixes", got)
			}
		})
	}
}

func TestALullIsHalfASecondOfBackground(t *testing.T) {
	for _, c := range []struct {
		meanSquare int64
		want       bool
	}{{1000, true}, {0, false}, {lullLeast - 1, false}, {lullLeast, true}, {lullMost, true}, {lullMost + 1, false}, {1 << 20, false}} {
		var l lull
		for range lullTicks {
			if l.lasts() {
				t.Errorf("%d: too early", c.meanSquare)
			}
			l.hear(c.meanSquare)
		}
		if l.lasts() != c.want {
			t.Errorf("a mean square of %d for half a second: %v", c.meanSquare, l.lasts())
		}
		if l.hear(1 << 20); l.lasts() {
			t.Error("it lasts into speech")
		}
	}
}

// What a phone hears whose packets come from another encoder after a lull, when somebody begins to speak in the very next one, is what it
// would hear had they always come from that one, but for a difference below the speech.
func TestAnotherEncoderAfterALullIsNotHeard(t *testing.T) {
	const talk, speech, tries = 60, 25, 6
	for _, codec := range codecs.Available(codecs.FindLibraries()).Codecs() {
		if codec.Kind != codecs.Audio {
			continue
		}
		if _, ok := codec.NewEncoder().(resumable); !ok {
			continue
		}
		frame := samplesPerTick(codec.SampleRate)
		var voice, differs [2]float64 // power: in the first 100 ms of speech, and in 400 behind
		for try := range uint64(tries) {
			others := slices.Concat(talker(codec.SampleRate, talk*frame, -26, try), background(try, lullTicks*frame), talker(codec.SampleRate, speech*frame, -26, 50+try))
			said := talker(codec.SampleRate, talk*frame, -26, 100+try)
			own, shared := codec.NewEncoder(), codec.NewEncoder()
			phone, always := codec.NewDecoder(), codec.NewDecoder()
			packets := [2][]byte{make([]byte, codec.EncodedLen(frame)), make([]byte, codec.EncodedLen(frame))}
			pcm := [2][]int16{make([]int16, 2*frame), make([]int16, 2*frame)}
			for k := range talk + lullTicks + speech {
				mix := others[k*frame:][:frame]
				a := packets[0][:own.Encode(packets[0], mix)]
				if k < talk { // the others hear him too
					mix = slices.Clone(mix)
					for i := range mix {
						mix[i] = mix[i]/2 + said[k*frame+i]/2
					}
				}
				b := packets[1][:shared.Encode(packets[1], mix)]
				if k >= talk+lullTicks {
					a = b
				}
				n, _ := phone.Decode(pcm[0], a)
				_, _ = always.Decode(pcm[1], b)
				if k < talk+lullTicks {
					continue
				}
				part := 0
				if k >= talk+lullTicks+5 {
					part = 1
				}
				for i := range n {
					d := float64(pcm[0][i]) - float64(pcm[1][i])
					voice[part] += float64(pcm[1][i]) * float64(pcm[1][i])
					differs[part] += d * d
				}
			}
		}
		first, rest := 10*math.Log10(voice[0]/(differs[0]+1)), 10*math.Log10(voice[1]/(differs[1]+1))
		t.Logf("%-18v %5.1f dB below speech in its first 100 ms, %5.1f in the next 400", codec, first, rest)
		if first < 18 || rest < 25 {
			t.Errorf("%v: %.1f and %.1f dB below speech", codec, first, rest)
		}
	}
}
