package load

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/bench/load/loadtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func reflector(t *testing.T) *loadtest.Reflector {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	r, err := loadtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func generator(t *testing.T, r *loadtest.Reflector, kind Kind) *Generator {
	t.Helper()
	g, err := New(Config{Server: r.Address(), Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

// A server that passes every packet on loses none, whatever it does to them on the way.
func TestEveryPacketComesBackOnce(t *testing.T) {
	for _, kind := range []Kind{Relay, SRTP, Transcode} {
		t.Run(kind.String(), func(t *testing.T) {
			r := reflector(t)
			g := generator(t, r, kind)
			if err := g.Open(t.Context(), 20); err != nil {
				t.Fatal(err)
			}
			for _, legs := range []int{20, 6} { // sequence numbers go on from step to step
				readings := 0
				res, err := g.Run(t.Context(), Step{Rate: 2000, Legs: legs, Warm: 50 * time.Millisecond, Window: 250 * time.Millisecond,
					Meter: func() (time.Duration, error) { readings++; return time.Duration(readings) * time.Second, nil }})
				if err != nil {
					t.Fatal(err)
				}
				if res.Sent != 500 || res.Received != 500 || res.Lost() != 0 || res.Wrong != 0 || res.Duplicates != 0 || res.Unsent != 0 {
					t.Errorf("%d legs: sent %d, received %d, wrong %d, duplicates %d, unsent %d", legs, res.Sent, res.Received, res.Wrong, res.Duplicates, res.Unsent)
				}
				if res.Delay.N() != 500 || res.Late.N() != 500 || res.Delay.Percentile(0.5) <= 0 {
					t.Errorf("%d delays, %d times of sending, p50 %v", res.Delay.N(), res.Late.N(), res.Delay.Percentile(0.5))
				}
				if res.Way.N() != 500 || res.Way.Max() > res.Delay.Max() || res.Way.Percentile(0.5) <= 0 {
					t.Errorf("%d times on the way, p50 %v", res.Way.N(), res.Way.Percentile(0.5))
				}
				if readings != 2 || res.CPU != time.Second {
					t.Errorf("%d readings, %v", readings, res.CPU)
				}
				if (res.Checked > 0) != (kind == SRTP) {
					t.Errorf("%d packets decrypted", res.Checked)
				}
				if res.Busy <= 0 || res.Busy > 1 {
					t.Errorf("busy %v", res.Busy)
				}
			}
			if err := g.Hangup(t.Context()); err != nil || r.Calls() != 0 || g.Legs() != 0 {
				t.Errorf("after the end: %v, %d calls, %d legs", err, r.Calls(), g.Legs())
			}
			if o, a, d := r.Seen("offer"), r.Seen("answer"), r.Seen("delete"); o != 10 || a != 10 || d != 10 {
				t.Errorf("%d offers, %d answers, %d deletes", o, a, d)
			}
		})
	}
}

func TestLossIsCounted(t *testing.T) {
	r := reflector(t)
	r.Lose(10)
	g := generator(t, r, Relay)
	if err := g.Open(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	res, err := g.Run(t.Context(), Step{Rate: 2000, Legs: 10, Window: 250 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if res.Sent != 500 || res.Lost() != 50 || res.Wrong != 0 {
		t.Errorf("sent %d, lost %d, wrong %d; every tenth of 500 was lost", res.Sent, res.Lost(), res.Wrong)
	}
}

// After a burst the legs of a server that passes everything on flow again; of one that loses every packet none does.
func TestBurst(t *testing.T) {
	const legs, watch = 10, time.Second
	b := Burst{Legs: legs, Rate: 500, Pace: 50, Length: 100 * time.Millisecond, Watch: watch}
	for _, tc := range []struct{ lose, silent int }{{0, 0}, {1, legs}} {
		r := reflector(t)
		r.Lose(tc.lose)
		g := generator(t, r, Relay)
		if err := g.Open(t.Context(), legs); err != nil {
			t.Fatal(err)
		}
		rec, err := g.Burst(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		if n := rec.Silent(watch); n != tc.silent || len(rec.First) != legs || rec.After.Sent != legs*b.Pace {
			t.Errorf("losing every %d. packet: %d of %d legs silent, %d packets sent after the burst", tc.lose, n, len(rec.First), rec.After.Sent)
		}
		if last := rec.Last(watch); last <= 0 || (last == watch) != (tc.silent > 0) {
			t.Errorf("losing every %d. packet: the last leg flowed after %v", tc.lose, last)
		}
	}
}

func TestSignalling(t *testing.T) {
	r := reflector(t)
	g := generator(t, r, Relay)
	res, err := g.Signal(t.Context(), 2*time.Millisecond, 40*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if res.Calls != 20 || res.Offer.N() != 20 || res.Answer.N() != 20 || res.Delete.N() != 20 || res.Setup.N() != 20 {
		t.Errorf("%d calls, %d offers, %d answers, %d deletes", res.Calls, res.Offer.N(), res.Answer.N(), res.Delete.N())
	}
	if res.Setup.Percentile(1) < res.Answer.Percentile(0.5) {
		t.Errorf("a setup of %v with an answer of %v", res.Setup.Percentile(1), res.Answer.Percentile(0.5))
	}
	const length = time.Second
	calls, took, err := g.Churn(t.Context(), 4, length, 1<<20)
	if err != nil || calls == 0 || took < length || r.Calls() != 0 {
		t.Errorf("%d calls, %v, %d left", calls, err, r.Calls())
	}
}

func TestRefusals(t *testing.T) {
	r := reflector(t)
	g := generator(t, r, Relay)
	r.Refuse("Ran out of ports")
	err := g.Open(t.Context(), 2)
	if err == nil || !strings.Contains(err.Error(), "call 1: ng: offer refused: Ran out of ports") {
		t.Errorf("opening: %v", err)
	}
	if _, _, err := g.Churn(t.Context(), 2, time.Millisecond, 10); !errors.As(err, new(Refusal)) {
		t.Errorf("churn: %v", err)
	}
	r.Refuse("")
	if err := g.Open(t.Context(), 3); err == nil {
		t.Error("an odd number of legs was opened")
	}
	if _, err := g.Run(t.Context(), Step{Rate: 1000, Legs: 2, Window: time.Second}); err == nil {
		t.Error("legs that are not open sent")
	}
	if err := g.Open(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Step{{}, {Rate: 1000, Legs: 2}, {Rate: 1_000_000, Legs: 2, Window: time.Second}} {
		if _, err := g.Run(t.Context(), s); err == nil {
			t.Errorf("%+v was run", s)
		}
	}
	if _, err := New(Config{Server: netip.MustParseAddrPort("192.0.2.1:2223")}); err == nil {
		t.Error("would have sent beyond the loopback")
	}
}

func TestCancelled(t *testing.T) {
	r := reflector(t)
	g := generator(t, r, Relay)
	if err := g.Open(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := g.Run(ctx, Step{Rate: 100, Legs: 2, Window: time.Minute, Meter: func() (time.Duration, error) { cancel(); return 0, nil }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a step: %v", err)
	}
	if err := g.Open(ctx, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("a request: %v", err)
	}
	failed := errors.New("no meter")
	if _, err := g.Run(t.Context(), Step{Rate: 100, Legs: 2, Window: time.Second, Meter: func() (time.Duration, error) { return 0, failed }}); !errors.Is(err, failed) {
		t.Errorf("a meter that fails: %v", err)
	}
}

func TestPing(t *testing.T) {
	r := reflector(t)
	g := generator(t, r, Relay)
	if !g.Ping(10 * time.Second) {
		t.Error("no answer")
	}
	r.Close()
	if g.Ping(time.Millisecond) {
		t.Error("an answer from nobody")
	}
}
