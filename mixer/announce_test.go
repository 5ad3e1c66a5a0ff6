package mixer

import (
	"errors"
	"math"
	"slices"
	"testing"

	"sidetone/codecs"
)

func TestAnnouncementIsMixedIn(t *testing.T) {
	const ticks, from, length = 60, 10, 20
	c := room(0)
	a := noise(1, ticks*160, 5000)
	pa, pb := join(t, c, "a", a, 0), join(t, c, "b", nil, 0)
	run(c, from)
	all, err := c.Play(Announcement{Source: NewClip(noise(8, length*160, 3000))})
	if err != nil {
		t.Fatal(err)
	}
	one, err := c.Play(Announcement{Source: NewClip(noise(9, length*160, 3000)), To: pb.Participant})
	if err != nil {
		t.Fatal(err)
	}
	run(c, length)
	if all.Done() || one.Done() {
		t.Error("over before its end")
	}
	run(c, ticks-from-length)
	if !all.Done() || !one.Done() || pb.private != 0 {
		t.Error("not over after its end")
	}
	toAll, toOne := append(make([]int16, from*160), noise(8, length*160, 3000)...), append(make([]int16, from*160), noise(9, length*160, 3000)...)
	expect(t, "a", pa.samples(t, l16, 97), sumOf(ticks*160, toAll), faded)
	expect(t, "b", pb.samples(t, l16, 97), sumOf(ticks*160, a, toAll, toOne), faded)
	if pb.shared == nil && pa.shared == nil {
		run(c, 3)
		if pb.shared == nil {
			t.Error("not back at the common mix")
		}
	}
}

// An announcement at a rate and gain of its own goes on while the room's rate rises, and fades when it is stopped.
func TestAnnouncementAcrossARisingRate(t *testing.T) {
	const ticks = 120
	c := NewConference(ConferenceConfig{Set: codecs.Extended()})
	l := join(t, c, "listener", nil, 0)
	p, err := c.Play(Announcement{Source: NewClip(sine(16000, ticks*320, -12, 1000)), Rate: 16000, Gain: -6})
	if err != nil {
		t.Fatal(err)
	}
	run(c, 40)
	joinAs(t, c, ParticipantConfig{Send: g722, SendPayloadType: 9}, nil, 0)
	joinAs(t, c, ParticipantConfig{Send: g722, SendPayloadType: 9}, nil, 0)
	run(c, 40)
	p.Stop()
	run(c, 40)
	if !p.Done() || c.Rate() != 16000 {
		t.Errorf("done %v at %d Hz", p.Done(), c.Rate())
	}
	heard := l.samples(t, l16, 97)
	unbroken(t, "listener", heard[3*160:78*160], 8000, 1000, 60)
	if got := levelOf(heard[50*160:75*160], 8000, 1000); math.Abs(got+18) > 0.1 {
		t.Errorf("%.2f dBov, want -18", got)
	}
	if worst := steepest(heard[78*160:], 32768*math.Pow(10, -18.0/20)*math.Sqrt2); worst > 0.5 {
		t.Errorf("%.2f dB a millisecond at its end", worst)
	}
	if slices.Max(heard[100*160:]) != 0 {
		t.Error("heard after its end")
	}
}

func TestAnnouncementsAreBounded(t *testing.T) {
	c := room(0)
	join(t, c, "a", nil, 0)
	for range maxPlaying {
		if _, err := c.Play(Announcement{Source: &sequence{}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Play(Announcement{Source: &sequence{}}); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v", err)
	}
	if _, err := room(0).Play(Announcement{Source: &sequence{}, Rate: 44100}); err == nil {
		t.Error("44.1 kHz was taken")
	}
}
