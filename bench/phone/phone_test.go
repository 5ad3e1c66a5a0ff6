package phone

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/bench/audio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a phone until the test ends.
func start(t *testing.T, cfg Config) *Phone {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- p.Run(context.Background()) }() // stopped and waited for below
	t.Cleanup(func() {
		p.Close()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	return p
}

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

// pair returns an answered call of a to b, from both sides.
func pair(t *testing.T, a, b *Phone) (caller, callee *Call) {
	t.Helper()
	ctx := within(t, 10*time.Second)
	caller, err := a.Call(ctx, b.URI())
	must(t, err)
	callee, err = b.WaitIncoming(ctx)
	must(t, err)
	_, err = callee.Wait(ctx, func(s Status) bool { return s.State >= Answered })
	must(t, err)
	return caller, callee
}

// hears listens again and again until what is heard of the frequencies, in dBFS in their order, is
// right: what was said before has to die away first, and a busy machine has its pauses.
func hears(t *testing.T, c *Call, want string, right func(levels ...float64) bool, hz ...float64) {
	t.Helper()
	var tones []audio.Tone
	for i, f := range hz {
		tones = append(tones, audio.Tone{Name: fmt.Sprint(i), Hz: f})
	}
	ctx, levels := within(t, 8*time.Second), []float64(nil)
	for {
		h, err := c.Listen(ctx, 200*time.Millisecond, tones)
		if err != nil {
			t.Errorf("hears %.1f dBFS at %v, want %s: %v", levels, hz, want, err)
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

// peerOnly is a good call: the peer at the level it speaks, nothing of the own voice.
func peerOnly(levels ...float64) bool {
	return math.Abs(levels[0]+20) < 0.5 && (len(levels) == 1 || levels[1] < -65)
}

func nothing(levels ...float64) bool { return levels[0] < -60 }

func failureCode(err error) int {
	var f *Failure
	if errors.As(err, &f) {
		return f.Code
	}
	return 0
}

var voices = audio.Voices()

func TestTwoPhonesHearEachOther(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		for _, codec := range []Codec{PCMU, PCMA} {
			t.Run(transport+" "+codec.Name, func(t *testing.T) {
				t.Parallel()
				ledger := NewLedger()
				a := start(t, Config{Tel: "a", Transport: transport, Tone: voices[0], Ledger: ledger})
				b := start(t, Config{Tel: "b", Transport: transport, Tone: voices[1], Ledger: ledger, Incoming: Auto, Codecs: []Codec{codec}})
				caller, callee := pair(t, a, b)
				hears(t, callee, "the caller only", peerOnly, voices[0], voices[1])
				hears(t, caller, "the callee only", peerOnly, voices[1], voices[0])
				must(t, caller.Hangup(within(t, 5*time.Second)))
				if s, err := callee.WaitEnded(within(t, 5*time.Second)); err != nil || !s.ByPeer {
					t.Errorf("callee: %+v %v", s, err)
				}
				s := callee.Stats()
				if s.Received < 10 || len(s.Latencies) != s.Received || s.Bad != 0 || s.Foreign != 0 {
					t.Errorf("stats %d received, %d recognised, %d bad, %d foreign", s.Received, len(s.Latencies), s.Bad, s.Foreign)
				}
				if p50 := Percentile(s.Latencies, 0.5); p50 <= 0 || p50 > 20*time.Millisecond {
					t.Errorf("loopback takes %v", p50)
				}
				if len(a.Calls())+len(b.Calls()) != 0 {
					t.Error("calls left over")
				}
			})
		}
	}
}

func TestUnansweredCallsEndAsTheyShould(t *testing.T) {
	t.Run("busy", func(t *testing.T) {
		a, b := start(t, Config{Tel: "a"}), start(t, Config{Tel: "b", Incoming: Busy})
		if _, err := a.Call(within(t, 5*time.Second), b.URI()); failureCode(err) != 486 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("rejected", func(t *testing.T) {
		a, b := start(t, Config{Tel: "a"}), start(t, Config{Tel: "b"})
		ctx := within(t, 5*time.Second)
		out, err := a.Dial(ctx, b.URI())
		must(t, err)
		in, err := b.WaitIncoming(ctx)
		must(t, err)
		must(t, out.WaitRinging(ctx))
		must(t, in.Reject(ctx, 480))
		if err := out.WaitAnswered(ctx); failureCode(err) != 480 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		a, b := start(t, Config{Tel: "a"}), start(t, Config{Tel: "b"})
		ctx := within(t, 5*time.Second)
		out, err := a.Dial(ctx, b.URI())
		must(t, err)
		in, err := b.WaitIncoming(ctx)
		must(t, err)
		must(t, out.Hangup(ctx))
		if s, err := in.WaitEnded(ctx); err != nil || s.Code != 487 || !s.ByPeer {
			t.Errorf("callee: %+v %v", s, err)
		}
		if s := out.Status(); s.State != Ended || s.Code != 487 {
			t.Errorf("caller: %+v", s)
		}
	})
	t.Run("feature code", func(t *testing.T) {
		a, b := start(t, Config{Tel: "a"}), start(t, Config{Tel: "b"})
		ctx := within(t, 5*time.Second)
		go func() { // ends with the reject, or the phone
			if in, err := b.WaitIncoming(ctx); err == nil {
				_ = in.Reject(ctx, 480)
			}
		}()
		must(t, a.Feature(ctx, b.URI()))
		b.SetIncoming(Auto)
		if err := a.Feature(ctx, b.URI()); err == nil {
			t.Error("an answered feature code must be an error")
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		a := start(t, Config{Tel: "a"})
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if _, err := a.Call(ctx, "sip:x@127.0.0.1:9"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestHoldAndResume(t *testing.T) {
	for name, style := range map[string]HoldStyle{"sendonly": SendOnly, "inactive": Inactive, "zero address": ZeroAddress} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, Config{Tel: "a", Tone: voices[0]})
			b := start(t, Config{Tel: "b", Tone: voices[1], Incoming: Auto})
			caller, callee := pair(t, a, b)
			ctx := within(t, 10*time.Second)
			must(t, caller.Hold(ctx, style))
			if !caller.Status().OnHold || !callee.Status().Held {
				t.Fatalf("caller %+v, callee %+v", caller.Status(), callee.Status())
			}
			hears(t, caller, "nothing while it holds", nothing, voices[1])
			if style == Inactive {
				hears(t, callee, "nothing, since nobody sends", nothing, voices[0])
			} else {
				hears(t, callee, "the holder's tone in place of its music", peerOnly, voices[0])
			}
			must(t, caller.Resume(ctx))
			if caller.Status().OnHold || callee.Status().Held {
				t.Fatalf("caller %+v, callee %+v", caller.Status(), callee.Status())
			}
			hears(t, caller, "the callee again", peerOnly, voices[1])
			must(t, callee.Hangup(ctx)) // the callee may hang up, too
		})
	}
}

// A phone on hold that is offered a resume by the other side stays on hold, as a user who pressed HOLD expects.
func TestHolderAnswersAnOfferWithoutLeavingHold(t *testing.T) {
	a := start(t, Config{Tel: "a", Tone: voices[0]})
	b := start(t, Config{Tel: "b", Tone: voices[1], Incoming: Auto})
	caller, callee := pair(t, a, b)
	ctx := within(t, 10*time.Second)
	must(t, caller.Hold(ctx, SendOnly))
	must(t, callee.Resume(ctx))
	if !caller.Status().OnHold || !callee.Status().Held {
		t.Errorf("caller %+v, callee %+v", caller.Status(), callee.Status())
	}
}

func TestGlareIsResolved(t *testing.T) {
	t.Parallel()
	a := start(t, Config{Tel: "a"})
	b := start(t, Config{Tel: "b", Incoming: Auto})
	caller, callee := pair(t, a, b)
	ctx := within(t, 20*time.Second)
	result := make(chan error, 2)
	go func() { result <- caller.Hold(ctx, SendOnly) }() // both received below
	go func() { result <- callee.Hold(ctx, SendOnly) }()
	must(t, <-result)
	must(t, <-result)
}

func TestInfo(t *testing.T) {
	a, b := start(t, Config{Tel: "a"}), start(t, Config{Tel: "b", Incoming: Auto})
	caller, callee := pair(t, a, b)
	must(t, caller.Info(within(t, 5*time.Second), "application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n")))
	if _, err := b.WaitSeen(within(t, 5*time.Second), "INFO", callee, time.Time{}); err != nil {
		t.Error(err)
	}
}

func TestSeveralLinesAtOnce(t *testing.T) {
	a := start(t, Config{Tel: "a", Tone: voices[0]})
	b := start(t, Config{Tel: "b", Tone: voices[1], Incoming: Auto})
	c := start(t, Config{Tel: "c", Tone: voices[2], Incoming: Auto})
	first, _ := pair(t, a, b)
	second, _ := pair(t, a, c)
	if n := len(a.Calls()); n != 2 {
		t.Fatalf("%d lines", n)
	}
	for line, hz := range map[*Call]float64{first: voices[1], second: voices[2]} {
		hears(t, line, "the line's own peer", peerOnly, hz)
	}
	must(t, first.Hangup(within(t, 5*time.Second)))
	if n := len(a.Calls()); n != 1 {
		t.Errorf("%d lines after one hung up", n)
	}
}

func TestVanishedPhoneIsSilentAndAnswersNothing(t *testing.T) {
	a := start(t, Config{Tel: "a", Tone: voices[0]})
	b := start(t, Config{Tel: "b", Tone: voices[1], Incoming: Auto})
	caller, callee := pair(t, a, b)
	b.Vanish()
	gone := time.Now()
	hears(t, caller, "nothing", nothing, voices[1])
	if err := caller.Hangup(within(t, 100*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("somebody answered the BYE: %v", err)
	}
	if _, err := b.WaitSeen(within(t, 5*time.Second), "BYE", callee, gone); err != nil {
		t.Error(err)
	}
	b.Revive() // the repeated BYE finds it
	if _, err := caller.WaitEnded(within(t, 10*time.Second)); err != nil {
		t.Error(err)
	}
}

func TestSayIsFoundWhereItWasSpoken(t *testing.T) {
	a := start(t, Config{Tel: "a", Tone: voices[0]})
	b := start(t, Config{Tel: "b", Tone: voices[1], Incoming: Auto})
	caller, callee := pair(t, a, b)
	chirp := audio.Chirp(700, 3000, -20, rate, rate/5)
	ctx := within(t, 10*time.Second)
	for {
		spoken, err := caller.Say(ctx, chirp)
		must(t, err)
		if _, err := callee.Hear(ctx, 500*time.Millisecond); err != nil {
			t.Fatal("never found where it belongs")
		}
		at, _, contrast := audio.Find(callee.Heard(spoken, spoken.Add(500*time.Millisecond)), chirp)
		// 20 ms to fill the packet, 60 ms of playout, and how far off its schedule the stream's first packet was.
		if delay := audio.Duration(at, rate); contrast > 8 && delay > 50*time.Millisecond && delay < 150*time.Millisecond {
			return
		}
	}
}

func TestClosedPhoneSaysSo(t *testing.T) {
	p, err := New(Config{Tel: "a"})
	must(t, err)
	must(t, p.Close())
	must(t, p.Close())
	if _, err := p.Dial(context.Background(), "sip:b@127.0.0.1:9"); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []Config{{}, {Tel: "1", Transport: "smoke"}, {Tel: "1", Address: "nowhere"}, {Tel: "1", Address: "192.0.2.1"}} {
		if p, err := New(c); err == nil {
			p.Close()
			t.Errorf("%+v was taken", c)
		}
	}
}
