package mixer

import (
	"math"
	"testing"

	"sidetone/codecs"
)

// seat fills a room, each with a tone of its own at a level.
func seat(t *testing.T, c *Conference, ticks int, levels ...float64) (parties []*party, hz []float64) {
	for i, level := range levels {
		f := 300 + 100*float64(i)
		parties = append(parties, join(t, c, string(rune('a'+i)), sine(8000, ticks*160, level, f), 0))
		hz = append(hz, f)
	}
	return parties, hz
}

func TestTheLoudestAreHeard(t *testing.T) {
	const ticks = 150
	c := NewConference(ConferenceConfig{Members: 20, Talkers: 3, Set: codecs.Builtin()})
	levels := []float64{-40, -25, -35, -20, -30, -22}
	_, hz := seat(t, c, ticks, levels...)
	l := join(t, c, "listener", nil, 0)
	run(c, ticks)
	heard := l.samples(t, l16, 97)[100*160:]
	for i, f := range hz {
		got := levelOf(heard[:8000], 8000, f)
		if in := levels[i] > -27; in && math.Abs(got-levels[i]) > 0.1 || !in && got > -90 {
			t.Errorf("a talker at %g dBov is heard at %.1f", levels[i], got)
		}
	}
}

// Two as loud as each other, and only one place: it does not go to and fro between them. A louder one takes it within a second.
func TestPlacesDoNotFlicker(t *testing.T) {
	const ticks = 400
	c := NewConference(ConferenceConfig{Members: 20, Talkers: 1, Set: codecs.Builtin()})
	a := join(t, c, "a", talker(8000, ticks*160, -25, 1), 0)
	b := join(t, c, "b", talker(8000, ticks*160, -25.5, 2), 0)
	loud := sine(8000, ticks*160, -12, 1000)
	clear(loud[:300*160])
	d := join(t, c, "d", loud, 0)
	changes, before, took := 0, b.pick.in, 0
	for tick := range ticks {
		c.Tick(0)
		if tick < 300 && b.pick.in != before {
			changes, before = changes+1, b.pick.in
		}
		if took == 0 && tick >= 300 && d.pick.in && d.competes() && !a.pick.in && !b.pick.in {
			took = tick
		}
	}
	if changes > 300/pickStay/2 {
		t.Errorf("the place changed %d times in 6 s", changes)
	}
	if took == 0 || took > 350 {
		t.Errorf("a much louder one has the place from tick %d on", took)
	}
}

// While there is a place for everybody nobody's first word is faded in.
func TestAFreePlaceNeedsNoFade(t *testing.T) {
	const ticks = 60
	c := NewConference(ConferenceConfig{Members: 20, Talkers: 2, Set: codecs.Builtin()})
	said := noise(1, 20*160, 5000)
	for range 4 {
		join(t, c, "silent", nil, 0)
	}
	join(t, c, "a", said, 30)
	l := join(t, c, "listener", nil, 0)
	run(c, ticks)
	want := append(make([]int16, 30*160), said...)
	expect(t, "listener", l.samples(t, l16, 97), sumOf(ticks*160, want), faded)
}

// When so many leave that there is a place for everybody, who had none is heard.
func TestAPlaceThatComesFreeIsTaken(t *testing.T) {
	const ticks = 150
	c := NewConference(ConferenceConfig{Members: 20, Talkers: 2, Set: codecs.Builtin()})
	parties, hz := seat(t, c, ticks, -20, -22, -30)
	run(c, 50)
	if parties[2].pick.in {
		t.Fatal("the faintest of three has one of two places")
	}
	c.Remove(parties[0].Participant)
	run(c, ticks-50)
	heard := parties[1].samples(t, l16, 97)[100*160:]
	if got := levelOf(heard[:8000], 8000, hz[2]); math.Abs(got+30) > 0.1 {
		t.Errorf("a talker at -30 dBov is heard at %.1f once there is a place", got)
	}
}
