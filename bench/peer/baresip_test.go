package peer

import (
	"bufio"
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var voices = audio.Voices()

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func startBaresip(t *testing.T, cfg BaresipConfig) *Baresip {
	t.Helper()
	cfg.Dir = t.TempDir()
	b, err := StartBaresip(within(t, 20*time.Second), cfg)
	must(t, err)
	t.Cleanup(func() {
		b.Close()
		if t.Failed() {
			t.Logf("log of %s:\n%s", cfg.Tel, b.Log())
		}
	})
	return b
}

// hears listens until what the phone plays of the frequencies, in dBFS, is right.
func hears(t *testing.T, b *Baresip, want string, right func(levels ...float64) bool, hz ...float64) {
	t.Helper()
	var tones []audio.Tone
	for _, f := range hz {
		tones = append(tones, audio.Tone{Hz: f})
	}
	ctx, levels := within(t, 10*time.Second), []float64(nil)
	for {
		h, err := b.Listen(ctx, 400*time.Millisecond, tones)
		if err != nil {
			t.Errorf("%s hears %.1f dBFS at %v, want %s: %v", b.Tel(), levels, hz, want, err)
			return
		}
		levels = nil
		for _, tone := range h.Tones {
			levels = append(levels, tone.Usual)
		}
		if right(levels...) {
			return
		}
	}
}

func peerOnly(levels ...float64) bool {
	return math.Abs(levels[0]-speech) < 1 && (len(levels) == 1 || levels[1] < -60)
}

func nothing(levels ...float64) bool { return levels[0] < -60 }

func TestBaresipCallsBaresip(t *testing.T) {
	Need(t, "baresip")
	a := startBaresip(t, BaresipConfig{Tel: "217", Tone: voices[0], Codecs: []string{"PCMA"}})
	b := startBaresip(t, BaresipConfig{Tel: "218", Tone: voices[1]})
	ctx := within(t, 20*time.Second)
	must(t, a.Call(ctx, b.URI()))
	hears(t, a, "218 only", peerOnly, voices[1], voices[0])
	hears(t, b, "217 only", peerOnly, voices[0], voices[1])
	must(t, a.Hold(ctx))
	hears(t, a, "nothing while it holds", nothing, voices[1])
	hears(t, b, "nothing: a baresip that holds does not speak", nothing, voices[0])
	must(t, a.Resume(ctx))
	hears(t, a, "218 again", peerOnly, voices[1])
	hears(t, b, "217 again", peerOnly, voices[0])
	since := time.Now()
	must(t, a.Hangup(ctx))
	_, err := b.WaitEvent(ctx, since, "CALL_CLOSED")
	must(t, err)
}

// A bench phone and a baresip agree on what they hear of each other: each is the other's witness.
func TestBaresipAndBenchPhone(t *testing.T) {
	Need(t, "baresip")
	b := startBaresip(t, BaresipConfig{Tel: "218", Tone: voices[1], Manual: true})
	p, err := phone.New(phone.Config{Tel: "217", Tone: voices[0], Incoming: phone.Auto})
	must(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- p.Run(context.Background()) }() // stopped and waited for below
	t.Cleanup(func() {
		p.Close()
		must(t, <-stopped)
	})
	ctx := within(t, 20*time.Second)
	since := time.Now()
	call, err := p.Dial(ctx, b.URI())
	must(t, err)
	must(t, call.WaitRinging(ctx))
	_, err = b.WaitEvent(ctx, since, "CALL_INCOMING")
	must(t, err)
	must(t, b.Answer(ctx))
	must(t, call.WaitAnswered(ctx))
	hears(t, b, "217 only", peerOnly, voices[0], voices[1])
	must(t, call.Hold(ctx, phone.SendOnly))
	hears(t, b, "the holder's own tone", peerOnly, voices[0])
	must(t, call.Hold(ctx, phone.Inactive))
	hears(t, b, "nothing", nothing, voices[0])
	must(t, call.Resume(ctx))
	hears(t, b, "217 again", peerOnly, voices[0])
	for {
		h, err := call.Listen(ctx, 300*time.Millisecond, []audio.Tone{b.Tone()})
		must(t, err)
		if peerOnly(h.Tones[0].Usual) {
			break
		}
	}
	must(t, b.Hangup(ctx))
	status, err := call.WaitEnded(ctx)
	must(t, err)
	if !status.ByPeer {
		t.Errorf("%+v", status)
	}
	must(t, b.Call(ctx, p.URI())) // and the other way round
	hears(t, b, "217 only", peerOnly, voices[0], voices[1])
}

func TestBaresipSaysWhyACallFailed(t *testing.T) {
	Need(t, "baresip")
	b := startBaresip(t, BaresipConfig{Tel: "218", Tone: voices[1]})
	p, err := phone.New(phone.Config{Tel: "217", Incoming: phone.Busy})
	must(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- p.Run(context.Background()) }() // stopped and waited for below
	t.Cleanup(func() {
		p.Close()
		must(t, <-stopped)
	})
	if err := b.Call(within(t, 10*time.Second), p.URI()); err == nil || !strings.Contains(err.Error(), "486") {
		t.Errorf("got %v", err)
	}
	if err := b.Feature(within(t, 10*time.Second), p.URI()); err == nil {
		t.Error("486 passed for 480")
	}
}

func TestMissingSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Missing("baresip", "sipp")
	if err == nil || !strings.Contains(err.Error(), "apt-get install baresip-core sip-tester") {
		t.Errorf("got %v", err)
	}
	if _, err := StartBaresip(context.Background(), BaresipConfig{}); err == nil {
		t.Error("started what is not there")
	}
	for _, tc := range []struct{ ci, peers, want string }{
		{"", "", "skipped"}, {"true", "", "failed"}, {"", "required", "failed"},
	} {
		t.Setenv("CI", tc.ci)
		t.Setenv("SIDETONE_PEERS", tc.peers)
		if got := needed("baresip"); got != tc.want {
			t.Errorf("CI=%q, SIDETONE_PEERS=%q: %s, want %s", tc.ci, tc.peers, got, tc.want)
		}
	}
}

// verdict is a TB that remembers what it was told.
type verdict struct{ said string }

func (v *verdict) Helper()      {}
func (v *verdict) Skip(...any)  { v.said = "skipped" }
func (v *verdict) Fatal(...any) { v.said = "failed" }

func needed(programs ...string) string {
	v := &verdict{said: "went on"}
	Need(v, programs...)
	return v.said
}

func TestNetstrings(t *testing.T) {
	for _, c := range []struct {
		in, want string
		bad      bool
	}{
		{in: "2:{},", want: "{}"}, {in: "0:,"}, {in: "3:abc", bad: true}, {in: "x:abc,", bad: true},
		{in: "-1:,", bad: true}, {in: "9999999:a,", bad: true}, {in: "3:abcd", bad: true}, {in: "12", bad: true},
	} {
		got, err := readNetstring(bufio.NewReader(strings.NewReader(c.in)))
		if string(got) != c.want || (err != nil) != c.bad {
			t.Errorf("%q: got %q, %v", c.in, got, err)
		}
	}
}
