package mixer

import (
	"math"
	"slices"
	"testing"

	"sidetone/codecs"
)

func TestTalkIsTold(t *testing.T) {
	const ticks = 200
	type event struct {
		tick    int
		id      string
		talking bool
	}
	var events []event
	tick := 0
	c := NewConference(ConferenceConfig{Set: codecs.Builtin(), OnTalk: func(p *Participant, talking bool) {
		if p.Talking() != talking {
			t.Errorf("%s: told %v, is %v", p.ID(), talking, p.Talking())
		}
		events = append(events, event{tick, p.ID(), talking})
	}})
	voice := noise(9, ticks*160, 30) // background at -66 dBov
	add := func(from, to int) {
		for i, v := range noise(1, (to-from)*160, 3000) {
			voice[from*160+i] = v
		}
	}
	add(50, 100)
	add(105, 110) // within the hangover
	add(160, 161) // a click
	join(t, c, "a", voice, 0)
	join(t, c, "b", nil, 0)
	for ; tick < ticks; tick++ {
		c.Tick(0)
	}
	want := []event{{52, "a", true}, {129, "a", false}}
	if !slices.Equal(events, want) {
		t.Errorf("%v, want %v", events, want)
	}
}

func TestSpeechAndBackgroundAreToldApart(t *testing.T) {
	var d talkDetector
	if d.speech.dBov() != 0 || d.background.dBov() != 0 {
		t.Error("levels of nothing")
	}
	speech, background := energy(sine(8000, 160, -25, 1000)), energy(sine(8000, 160, -60, 1000))
	for tick := range 3000 {
		if tick%150 < 75 {
			d.hear(speech)
		} else {
			d.hear(background)
		}
	}
	if s, b := d.speech.dBov(), d.background.dBov(); math.Abs(s+25) > 0.5 || math.Abs(b+60) > 0.5 {
		t.Errorf("speech %.1f dBov, background %.1f, want -25 and -60", s, b)
	}
}

func TestSteadySoundStaysTalk(t *testing.T) {
	var d talkDetector
	x := energy(sine(8000, 160, -25, 1000))
	for tick := range 3000 {
		d.hear(x)
		if d.talking != (tick >= 2) {
			t.Fatalf("tick %d: talking %v", tick, d.talking)
		}
	}
	if got := d.dBov(); math.Abs(got+25) > 0.1 {
		t.Errorf("level %.2f dBov, want -25", got)
	}
}
