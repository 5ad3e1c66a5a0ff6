package receive

import (
	"fmt"
	"math"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/pcm"
	"sidetone/relay/rtp"
)

// speak feeds a stream a 1 kHz tone in packets of 20 ms, of the codec that each tick has, with the RTP clock of each running on, and
// returns what is pulled.
func speak(t *testing.T, s *Stream, ticks int, codecOf func(tick int) (uint8, codecs.Codec)) []int16 {
	t.Helper()
	encoders := map[uint8]codecs.Encoder{}
	var heard []int16
	out := make([]int16, s.rate/50)
	for tick := range ticks {
		pt, c := codecOf(tick)
		if encoders[pt] == nil {
			encoders[pt] = c.NewEncoder()
		}
		in := make([]int16, c.SampleRate/50)
		for i := range in {
			in[i] = int16(10000 * math.Sin(2*math.Pi*1000/float64(c.SampleRate)*float64(tick*len(in)+i)))
		}
		p := make([]byte, 12+c.EncodedLen(len(in)))
		rtp.Header{PayloadType: pt, SequenceNumber: uint16(tick), Timestamp: uint32(tick * c.ClockRate / 50)}.Put(p)
		n := encoders[pt].Encode(p[12:], in)
		s.ReceiveRTP(p[:12+n], int64(tick)*20*millisecond)
		s.Pull(int64(tick)*20*millisecond+5*millisecond, out)
		heard = append(heard, out...)
	}
	return heard
}

func find(t *testing.T, name string, clock int) codecs.Codec {
	t.Helper()
	c, ok := codecs.Extended().Lookup(name, clock)
	if !ok {
		t.Fatalf("no %s", name)
	}
	return c
}

// brokenAt finds the first sample that does not follow from the two before it as in a 1 kHz tone; -1 when none.
func brokenAt(x []int16, rate int, most float64) int {
	c := 2 * math.Cos(2*math.Pi*1000/float64(rate))
	for i := 2; i < len(x); i++ {
		if e := float64(x[i]) - c*float64(x[i-1]) + float64(x[i-2]); math.Abs(e) > most {
			return i
		}
	}
	return -1
}

func TestEveryCodecIsHeardAtEveryRate(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, c := range []codecs.Codec{find(t, "PCMA", 8000), find(t, "G722", 8000), find(t, "L16", 16000), find(t, "G726-32", 8000)} {
			t.Run(fmt.Sprint(c.Format, " at ", rate), func(t *testing.T) {
				s := New(Config{Set: codecs.Extended(), SampleRate: rate, Formats: map[uint8]codecs.Format{96: c.Format}})
				heard := speak(t, s, 200, func(int) (uint8, codecs.Codec) { return 96, c })
				tail := heard[len(heard)/4:]
				if at := brokenAt(tail, rate, 1500); at >= 0 {
					t.Errorf("broken at sample %d", at)
				}
				if level := pcm.Level(tail) + 13.3; math.Abs(level) > 0.6 {
					t.Errorf("%.2f dB off", level)
				}
				if st := s.Stats(); st.Concealed != 0 || st.Jitter.Underruns != 0 {
					t.Errorf("%+v", st)
				}
			})
		}
	}
}

// A phone that was told of several codecs may change between them in mid-stream, whatever their rates and clocks.
func TestCodecsOfOtherRatesMayComeInTurn(t *testing.T) {
	narrow, wide, linear := find(t, "PCMA", 8000), find(t, "G722", 8000), find(t, "L16", 16000)
	s := New(Config{Set: codecs.Extended(), SampleRate: 16000,
		Formats: map[uint8]codecs.Format{8: narrow.Format, 9: wide.Format, 96: linear.Format}})
	heard := speak(t, s, 300, func(tick int) (uint8, codecs.Codec) {
		switch tick / 100 {
		case 0:
			return 9, wide
		case 1:
			return 8, narrow
		}
		return 96, linear
	})
	for at := 20 * 320; at+320 <= len(heard); at += 320 {
		if level := pcm.Level(heard[at:at+320]) + 13.3; math.Abs(level) > 3 {
			t.Errorf("%v: %.1f dB off", time.Duration(at/16)*time.Millisecond, level)
		}
	}
	if st := s.Stats(); st.Concealed > 16000/20 {
		t.Errorf("%+v", st)
	}
}

func TestResampledStreamNoAllocs(t *testing.T) {
	c := find(t, "G722", 8000)
	s := New(Config{Set: codecs.Extended(), SampleRate: 8000, Formats: map[uint8]codecs.Format{9: c.Format}})
	p, out, tick := make([]byte, 172), make([]int16, 160), 0
	if n := testing.AllocsPerRun(200, func() {
		rtp.Header{PayloadType: 9, SequenceNumber: uint16(tick), Timestamp: uint32(tick * 160)}.Put(p)
		s.ReceiveRTP(p, int64(tick)*20*millisecond)
		s.Pull(int64(tick)*20*millisecond+5*millisecond, out)
		tick++
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

// The longest packets that a codec has: 60 ms, and what fits a packet of Ethernet.
func TestLongPacketsAreHeard(t *testing.T) {
	for _, tt := range []struct {
		name        string
		rate, ptime int
	}{{"PCMA", 8000, 60}, {"G722", 8000, 60}, {"L16", 8000, 60}, {"L16", 16000, 40}, {"L16", 16000, 60}} {
		c := find(t, tt.name, tt.rate)
		t.Run(fmt.Sprint(c.Format, " ", tt.ptime, " ms"), func(t *testing.T) {
			s := New(Config{Set: codecs.Extended(), SampleRate: c.SampleRate, Formats: map[uint8]codecs.Format{96: c.Format}})
			e := c.NewEncoder()
			in, out := make([]int16, c.SampleRate*tt.ptime/1000), make([]int16, c.SampleRate/50)
			var heard []int16
			for tick := range 300 {
				if tick*20%tt.ptime == 0 {
					n := tick * 20 / tt.ptime
					for i := range in {
						in[i] = int16(10000 * math.Sin(2*math.Pi*1000/float64(c.SampleRate)*float64(n*len(in)+i)))
					}
					p := make([]byte, 12+c.EncodedLen(len(in)))
					rtp.Header{PayloadType: 96, SequenceNumber: uint16(n), Timestamp: uint32(n * tt.ptime * c.ClockRate / 1000)}.Put(p)
					s.ReceiveRTP(p[:12+e.Encode(p[12:], in)], int64(tick)*20*millisecond)
				}
				s.Pull(int64(tick)*20*millisecond+5*millisecond, out)
				heard = append(heard, out...)
			}
			if level := pcm.Level(heard[len(heard)/4:]) + 13.3; math.Abs(level) > 0.6 {
				t.Errorf("%.2f dB off: %+v", level, s.Stats())
			}
		})
	}
}
