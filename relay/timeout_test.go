package relay_test

import (
	"slices"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/udp/udptest"
)

// silence describes what happens on a call and what must be reported when.
func TestTimeouts(t *testing.T) {
	const noMedia, oneWay = 60 * time.Second, 20 * time.Second
	speakRTP := func(p *phone, l *relay.Leg) { p.send(l.LocalRTP()) }
	speakRTCP := func(p *phone, l *relay.Leg) { p.rtcp.Send(l.LocalRTCP(), p.report()) }
	for _, c := range []struct {
		name  string
		a, b  func(*phone, *relay.Leg) // what the phone does each second; nil = nothing
		after time.Duration
		want  []string // sorted
	}{
		{"both speak", speakRTP, speakRTP, 200 * time.Second, nil},
		{"nobody speaks, not yet", nil, nil, 59 * time.Second, nil},
		{"nobody speaks", nil, nil, 62 * time.Second, []string{"A timed out: no media", "B timed out: no media"}},
		{"reported once", nil, nil, 300 * time.Second, []string{"A timed out: no media", "B timed out: no media"}},
		{"one speaks, not yet", speakRTP, nil, 19 * time.Second, nil},
		{"one speaks", speakRTP, nil, 22 * time.Second, []string{"B timed out: one-way media"}},
		{"the other speaks", nil, speakRTP, 22 * time.Second, []string{"A timed out: one-way media"}},
		{"RTCP is life", speakRTCP, speakRTCP, 200 * time.Second, nil},
		{"RTCP from one, RTP from the other", speakRTCP, speakRTP, 200 * time.Second, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
			k := b.call()
			k.legA.SetTimeouts(noMedia, oneWay)
			k.legB.SetTimeouts(noMedia, oneWay)
			for range int(c.after / time.Second) {
				if c.a != nil {
					c.a(k.a, k.legA)
				}
				if c.b != nil {
					c.b(k.b, k.legB)
				}
				b.net.Advance(time.Second)
			}
			got := slices.DeleteFunc(b.events.take(), func(e string) bool { return e == "A latched" || e == "B latched" })
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("after %v: %q, want %q", c.after, got, c.want)
			}
		})
	}
}

func TestStrangersDoNotKeepALegAlive(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	k.legA.SetTimeouts(10*time.Second, 0)
	mallory := b.phone("192.0.2.66:4000", 0xa)
	for range 12 {
		mallory.send(k.legA.LocalRTP())
		mallory.rtcp.Send(k.legA.LocalRTCP(), mallory.report())
		b.net.Advance(time.Second)
	}
	if got := b.events.take(); !slices.Equal(got, []string{"A timed out: no media"}) {
		t.Errorf("events %q", got)
	}
}

func TestLegAtASinkOrNowhereTimesOutByItself(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	lone := b.leg(relay.LegConfig{ID: "lone", NoMedia: 10 * time.Second, OneWay: time.Second})
	p := b.phone("10.0.1.1:4000", 1)
	lone.SetRemote(p.remote())
	sunk := b.leg(relay.LegConfig{ID: "sunk", NoMedia: 10 * time.Second, OneWay: time.Second})
	if err := sunk.SetRoute(relay.Route{Sink: &sink{}}); err != nil {
		t.Fatal(err)
	}
	b.net.Advance(8 * time.Second)
	p.send(lone.LocalRTP())
	b.net.Advance(4 * time.Second)
	if got := b.events.take(); !slices.Equal(got, []string{"lone latched", "sunk timed out: no media"}) {
		t.Errorf("events %q", got)
	}
	b.net.Advance(8 * time.Second)
	if got := b.events.take(); !slices.Equal(got, []string{"lone timed out: no media"}) {
		t.Errorf("events %q", got)
	}
}

func TestHoldChangesTheTimeoutsAndResumeCountsAnew(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	k.legA.SetTimeouts(10*time.Second, 5*time.Second)
	k.talk(5)
	b.events.take()
	b.net.Advance(8 * time.Second)
	k.legA.SetTimeouts(3600*time.Second, 0) // on hold
	b.net.Advance(3500 * time.Second)
	if got := b.events.take(); len(got) != 0 {
		t.Errorf("on hold: %q", got)
	}
	k.legA.SetTimeouts(10*time.Second, 5*time.Second) // resumed
	b.net.Advance(8 * time.Second)
	if got := b.events.take(); len(got) != 0 {
		t.Errorf("8 s after the resume: %q", got)
	}
	b.net.Advance(4 * time.Second)
	if got := b.events.take(); !slices.Equal(got, []string{"A timed out: no media"}) {
		t.Errorf("12 s after the resume: %q", got)
	}
	k.legA.SetTimeouts(0, 0)
	b.net.Advance(time.Hour)
	if got := b.events.take(); len(got) != 0 {
		t.Errorf("without timeouts: %q", got)
	}
}

func TestNewRouteCountsAnewAndANewSilenceIsReportedAgain(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	k.legA.SetTimeouts(10*time.Second, 0)
	b.net.Advance(8 * time.Second)
	join(t, k.legA, k.legB)
	b.net.Advance(8 * time.Second)
	if got := b.events.take(); len(got) != 0 {
		t.Errorf("8 s after the new route: %q", got)
	}
	want := []string{"A timed out: no media"}
	b.net.Advance(4 * time.Second)
	if got := b.events.take(); !slices.Equal(got, want) {
		t.Errorf("events %q", got)
	}
	k.talk(100)
	b.events.take()
	b.net.Advance(12 * time.Second)
	if got := b.events.take(); !slices.Equal(got, want) {
		t.Errorf("second silence: %q", got)
	}
}

// TestManyLegsAreLookedAtInParts has the silence of a thousand legs noticed within a second, but not at once.
func TestManyLegsAreLookedAtInParts(t *testing.T) {
	const legs, noMedia = 1000, 5 * time.Second
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	for range legs {
		b.leg(relay.LegConfig{ID: "silent", NoMedia: noMedia})
	}
	reported, parts, most := 0, 0, 0
	for now := time.Duration(0); now < noMedia+1100*time.Millisecond; now += 10 * time.Millisecond {
		b.net.Advance(10 * time.Millisecond)
		n := len(b.events.take())
		if reported += n; n > 0 {
			parts++
			most = max(most, n)
		}
		if reported > 0 && now < noMedia-10*time.Millisecond {
			t.Fatalf("%d reported after %v", reported, now)
		}
	}
	if reported != legs || parts < 4 || most > 256 {
		t.Errorf("%d of %d reported, in %d parts of at most %d", reported, legs, parts, most)
	}
}
