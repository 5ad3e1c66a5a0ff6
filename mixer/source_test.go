package mixer

import (
	"math"
	"testing"

	"sidetone/codecs"
	"sidetone/mixer/moh"
	"sidetone/mixer/tone"
)

var (
	_ FiniteSource = (*tone.Generator)(nil)
	_ Source       = (*moh.Cursor)(nil)
)

func TestPlayerPlaysTheHoldTone(t *testing.T) {
	set, err := tone.Lookup(tone.DefaultCountry)
	if err != nil {
		t.Fatal(err)
	}
	g, err := tone.NewGenerator(set.Hold, 8000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		format codecs.Format
		pt     uint8
	}{{pcmu, 0}, {pcma, 8}} {
		p := NewPlayer(PlayerConfig{Source: g, Set: codecs.Builtin()})
		var r recorder
		if _, err := p.Add(ListenerConfig{Send: c.format, SendPayloadType: c.pt, Output: &r}); err != nil {
			t.Fatal(err)
		}
		for range 120 { // one round of 2.4 s
			p.Tick(0)
		}
		heard := r.samples(t, c.format, c.pt)
		beep, pause := heard[400:2800], heard[3300:4700]
		for _, f := range []float64{571, 719} {
			// -18 dBm0 each: 0 dBm0 is -6.15 dBov.
			if got := levelOf(beep, 8000, f); math.Abs(got+24.15) > 0.3 {
				t.Errorf("%s: %g Hz at %.2f dBov", c.format.Name, f, got)
			}
			if got := levelOf(pause, 8000, f); got > -70 {
				t.Errorf("%s: %g Hz at %.2f dBov in the pause", c.format.Name, f, got)
			}
		}
	}
}

func TestPlayerEndsWithItsTone(t *testing.T) {
	set, _ := tone.Lookup(tone.DefaultCountry)
	g, err := tone.NewGenerator(set.Confirmation, 8000)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPlayer(PlayerConfig{Source: g, Set: codecs.Builtin()})
	if _, err := p.Add(ListenerConfig{Send: pcmu, Output: &recorder{}}); err != nil {
		t.Fatal(err)
	}
	for tick := range 31 {
		if p.Ended() != (tick >= 30) {
			t.Fatalf("after %d ticks: ended %v", tick, p.Ended())
		}
		p.Tick(0)
	}
}

func TestMusicIsOneTrackForAllPlayers(t *testing.T) {
	list, err := moh.NewLibrary(moh.LibraryConfig{}).Playlist(8000)
	if err != nil {
		t.Fatal(err)
	}
	var heard [2]recorder
	for i := range heard {
		p := NewPlayer(PlayerConfig{Source: list.Cursor(), Set: codecs.Builtin()})
		if _, err := p.Add(ListenerConfig{Send: l16, SendPayloadType: 97, Output: &heard[i]}); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			p.Tick(0)
		}
	}
	a, b := heard[0].samples(t, l16, 97), heard[1].samples(t, l16, 97)
	var power float64
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("sample %d: %d and %d", i, a[i], b[i])
		}
		power += float64(a[i]) * float64(a[i])
	}
	if level := 10*math.Log10(power/float64(len(a))/32768/32768) + 6.15; math.Abs(level+20) > 4 {
		t.Errorf("music at %.1f dBm0", level)
	}
}
