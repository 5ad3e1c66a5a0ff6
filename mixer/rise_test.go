package mixer

import (
	"math"
	"testing"
	"time"

	"sidetone/codecs"
)

var (
	l16wide = codecs.Format{Name: "L16", ClockRate: 16000}
	g722    = codecs.Format{Name: "G722", ClockRate: 8000}
	l16full = codecs.Format{Name: "L16", ClockRate: 48000}
)

// fullCodec is linear audio at 48 kHz.
func fullCodec(t testing.TB) codecs.Codec {
	c := mustCodec(t, l16wide)
	c.Format, c.SampleRate = l16full, 48000
	return c
}

// unbroken fails where samples of a sine do not follow from the two before them.
func unbroken(t *testing.T, who string, x []int16, rate int, hz, most float64) {
	t.Helper()
	c := 2 * math.Cos(2*math.Pi*hz/float64(rate))
	for i := 2; i < len(x); i++ {
		if e := float64(x[i]) - c*float64(x[i-1]) + float64(x[i-2]); math.Abs(e) > most {
			t.Fatalf("%s: broken at sample %d by %.0f", who, i, e)
		}
	}
}

// Everybody's tone goes on without a gap, a click or a jump in time while wider members come and the room's rate rises
// under it, twice.
func TestARisingRateIsNotHeard(t *testing.T) {
	for _, hz := range []float64{150, 440, 1000, 2900} {
		const ticks, wide, full = 240, 80, 160
		set := codecs.Extended().With(fullCodec(t))
		c := NewConference(ConferenceConfig{Members: 10, Set: set})
		said := sine(8000, ticks*160, -12, hz)
		join(t, c, "talker", said, 0)
		listener := join(t, c, "listener", nil, 0)
		both := joinAs(t, c, ParticipantConfig{ID: "both", Send: l16, SendPayloadType: 97}, noise(3, ticks*160, 0), 0) // a mix of its own
		var wides, fulls []*party
		for tick := range ticks {
			switch tick {
			case wide, wide + 1:
				wides = append(wides, joinAs(t, c, ParticipantConfig{ID: "wide", Send: l16wide, SendPayloadType: 96}, nil, 0))
			case full, full + 1:
				fulls = append(fulls, joinAs(t, c, ParticipantConfig{ID: "full", Send: l16full, SendPayloadType: 98}, nil, 0))
			}
			c.Tick(0)
			if want := map[bool]int{tick > wide: 16000, tick > full: 48000}[true]; want != 0 && c.Rate() != want {
				t.Fatalf("tick %d: %d Hz", tick, c.Rate())
			} else if tick <= wide && c.Rate() != 8000 {
				t.Fatalf("tick %d: %d Hz", tick, c.Rate())
			}
		}
		for _, p := range []*party{listener, both} {
			heard := p.samples(t, l16, 97)[2*160:]
			unbroken(t, p.ID(), heard, 8000, hz, 60)
			// The same way through the room from the beginning to the end.
			want := sumOf(ticks*160, said)[2*160:]
			for i := range heard {
				if d := float64(heard[i]) - float64(want[i]); math.Abs(d) > 0.05*32768*math.Pow(10, -12.0/20)*math.Sqrt2 {
					t.Fatalf("%g Hz, %s: sample %d is %d, want %d", hz, p.ID(), i, heard[i], want[i])
				}
			}
		}
		unbroken(t, "wide", wides[0].samples(t, l16wide, 96)[3*320:], 16000, hz, 100)
		unbroken(t, "full", fulls[0].samplesOf(t, fullCodec(t), 98)[3*960:], 48000, hz, 150) // images 60 dB down
	}
}

func TestTheRateNeverFallsWhileAnybodyIsIn(t *testing.T) {
	c := NewConference(ConferenceConfig{Members: 4, Set: codecs.Extended()})
	rates := func(want int) {
		t.Helper()
		run(c, 2)
		if c.Rate() != want {
			t.Errorf("%d Hz, want %d", c.Rate(), want)
		}
	}
	a := join(t, c, "narrow", nil, 0)
	wide := func() *party {
		return joinAs(t, c, ParticipantConfig{ID: "wide", Send: g722, SendPayloadType: 9}, nil, 0)
	}
	b := wide()
	rates(8000) // nobody could hear more of anybody
	d := wide()
	rates(16000)
	c.Remove(b.Participant)
	c.Remove(d.Participant)
	rates(16000)
	b = wide()
	rates(16000)
	c.Remove(a.Participant)
	c.Remove(b.Participant)
	run(c, 2)
	join(t, c, "narrow", nil, 0)
	rates(8000) // it was empty

	c = NewConference(ConferenceConfig{Members: 4, Set: codecs.Extended(), MaxRate: 8000})
	wide()
	wide()
	rates(8000)
}

func TestAPhoneMayChangeToAWiderCodecInMidCall(t *testing.T) {
	const ticks = 150
	c := NewConference(ConferenceConfig{Set: codecs.Extended()})
	join(t, c, "talker", sine(8000, ticks*160, -12, 440), 0)
	p, w := join(t, c, "listener", nil, 0), joinAs(t, c, ParticipantConfig{ID: "wide", Send: l16wide, SendPayloadType: 96}, nil, 0)
	run(c, 50)
	if err := p.SetSend(l16wide, 97, 0); err != nil {
		t.Fatal(err)
	}
	run(c, 100)
	if c.Rate() != 16000 {
		t.Errorf("%d Hz", c.Rate())
	}
	p.packets = p.packets[50:]
	p.packets[0][1] |= 0x80 // for samples, which expects the marker where it begins
	unbroken(t, "listener", p.samples(t, l16wide, 97)[4*320:], 16000, 440, 60)
	unbroken(t, "wide", w.samples(t, l16wide, 96)[4*320:], 16000, 440, 60)
}

func TestRiseNoAllocs(t *testing.T) {
	rooms := make([]*Conference, 12)
	for i := range rooms {
		c := NewConference(ConferenceConfig{Members: 10, Set: codecs.Extended()})
		for range 3 {
			if _, err := c.Add(ParticipantConfig{Send: l16, Voice: &onOff{}, Output: &counter{}}); err != nil {
				t.Fatal(err)
			}
		}
		run(c, 5)
		for range 2 {
			if _, err := c.Add(ParticipantConfig{Send: g722, Voice: &onOff{}, Output: &counter{}}); err != nil {
				t.Fatal(err)
			}
		}
		rooms[i] = c
	}
	next := 0
	if n := testing.AllocsPerRun(len(rooms)-1, func() { rooms[next].Tick(0); next++ }); n != 0 {
		t.Errorf("%v allocations in the tick of the rise", n)
	}
}

// What a room costs at the rates it may have, to choose one: narrowband phones gain nothing above 8 kHz.
func BenchmarkConferenceRate(b *testing.B) {
	for _, rate := range []int{8000, 16000, 48000} {
		b.Run(map[int]string{8000: "8kHz", 16000: "16kHz", 48000: "48kHz"}[rate], func(b *testing.B) {
			c := NewConference(ConferenceConfig{Rate: rate, Set: codecs.Builtin()})
			_, feed := phones(b, c, 5)
			tick := 0
			b.ReportAllocs()
			for b.Loop() {
				feed(tick)
				c.Tick(int64(tick) * int64(20*time.Millisecond))
				tick++
			}
		})
	}
}
