package jitter

import (
	"math"
	"testing"
	"time"
)

const minute = time.Minute

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// Each trace is played by the reader of trace_test.go. Delay is counted from when a packet would have
// come on an idle network; waited from when it came.
func TestTraces(t *testing.T) {
	step := func(at int, before, after time.Duration) func(i int) time.Duration {
		return func(i int) time.Duration {
			if i < at {
				return before
			}
			return after
		}
	}
	at20s := 20 * time.Second
	tests := []struct {
		name      string
		trace     trace
		delay     float64       // the mean may be this, ms
		concealed time.Duration // may be this
		skipped   uint64        // may be this
		breaks    uint64        // must be this
	}{
		{"clean", sent(minute, ms(20)), 42, 0, 0, 0},
		{"clean, packets of 10 ms", sent(minute, ms(10)), 42, 0, 0, 0},
		{"clean, packets of 30 ms", sent(minute, ms(30)), 42, 0, 0, 0},
		{"clean, packets of 40 ms", sent(minute, ms(40)), 42, 0, 0, 0},
		{"clean, packets of 60 ms", sent(minute, ms(60)), 42, 0, 0, 0},
		{"jitter 10 ms", sent(minute, ms(20)).uniform(1, ms(10)), 42, 0, 0, 0},
		{"jitter 40 ms", sent(minute, ms(20)).uniform(2, ms(40)), 62, ms(40), 0, 0},
		{"jitter 100 ms", sent(minute, ms(20)).uniform(3, ms(100)), 120, ms(100), 0, 0},
		{"exponential 10 ms", sent(minute, ms(20)).exponential(4, ms(10)), 88, ms(200), 0, 0},
		{"exponential 30 ms", sent(minute, ms(20)).exponential(5, ms(30)), 170, ms(800), 20, 0},
		{"one stall of 150 ms", sent(minute, ms(20)).stalled(at20s, time.Hour, ms(150)), 42, ms(150), 0, 0},
		{"150 ms every 5 s", sent(minute, ms(20)).stalled(at20s, 5*time.Second, ms(150)), 100, ms(550), 0, 0},
		{"one stall of 300 ms", sent(minute, ms(20)).stalled(at20s, time.Hour, ms(300)), 42, ms(150), 15, 0},
		{"300 ms every 5 s", sent(minute, ms(20)).stalled(at20s, 5*time.Second, ms(300)), 100, ms(1100), 80, 0},
		{"one stall of 2 s", sent(minute, ms(20)).stalled(at20s, time.Hour, 2*time.Second), 42, ms(150), 100, 0},
		{"reordered", sent(minute, ms(20)).swapped(7), 42, 0, 0, 0},
		{"doubled", sent(minute, ms(20)).doubled(3), 42, 0, 0, 0},
		{"1 % lost", sent(minute, ms(20)).lossy(6, 0.01), 42, ms(700), 0, 0},
		{"10 % lost", sent(minute, ms(20)).lossy(7, 0.10), 42, ms(6500), 0, 0},
		{"10 % lost, jitter 40 ms", sent(minute, ms(20)).uniform(2, ms(40)).lossy(7, 0.10), 62, ms(6500), 0, 0},
		{"sender slow by 200 ppm", sent(5*minute, ms(20)).drifting(200), 42, 0, 0, 0},
		{"sender fast by 200 ppm", sent(5*minute, ms(20)).drifting(-200), 42, 0, 0, 0},
		{"slow, jitter 40 ms", sent(5*minute, ms(20)).drifting(200).uniform(2, ms(40)), 64, ms(200), 0, 0},
		{"fast, jitter 40 ms", sent(5*minute, ms(20)).drifting(-200).uniform(2, ms(40)), 64, ms(200), 0, 0},
		{"silences", sent(minute, ms(20)).paused(10*time.Second, 14*time.Second).paused(20*time.Second, 21*time.Second), 42, ms(250), 0, 0},
		{"way longer by 100 ms", sent(minute, ms(20)).delayed(true, step(1000, 0, ms(100))), 100, ms(100), 0, 0},
		{"way longer by 500 ms", sent(minute, ms(20)).delayed(true, step(1000, 0, ms(500))), 370, ms(150), 0, 0},
		{"sender stops for 10 s, its clock too", sent(minute, ms(20)).delayed(true, step(1000, 0, 10*time.Second)), 7000, ms(150), 0, 0},
		{"way shorter by 100 ms", sent(minute, ms(20)).delayed(true, step(1000, ms(100), 0)), 125, 0, 0, 0},
		{"timestamps leap forward", sent(minute, ms(20)).after(at20s, func(p *Packet) { p.Timestamp += 12345678 }), 42, 0, 0, 1},
		{"timestamps leap back", sent(minute, ms(20)).after(at20s, func(p *Packet) { p.Timestamp -= 80000 }), 42, 0, 0, 1},
		{"other source", sent(minute, ms(20)).after(at20s, func(p *Packet) {
			p.SSRC, p.Timestamp, p.SequenceNumber = 9, p.Timestamp+99999999, p.SequenceNumber+31000
		}), 42, ms(40), 0, 1},
		{"sequence restarts", sent(minute, ms(20)).after(at20s, func(p *Packet) { p.SequenceNumber -= 30000 }), 42, ms(40), 0, 1},
		{"sequence a little back", sent(minute, ms(20)).after(at20s, func(p *Packet) { p.SequenceNumber -= 50 }), 42, ms(40), 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(Config{})
			r := play(b, tt.trace)
			t.Logf("delay %.1f ms, longest wait %.1f ms, target %v, concealed %v, added %v, removed %v, %+v",
				r.mean(), r.worstWait(), r.Target, r.concealed, r.added, r.removed, r.Stats)
			if !(r.mean() <= tt.delay && r.mean() > 0) {
				t.Errorf("mean delay %.1f ms, may be %.0f", r.mean(), tt.delay)
			}
			if r.worstWait() > 200 {
				t.Errorf("a packet was played %.1f ms after it came, Max is 200", r.worstWait())
			}
			if r.concealed > tt.concealed {
				t.Errorf("%v concealed, may be %v", r.concealed, tt.concealed)
			}
			if r.Skipped > tt.skipped {
				t.Errorf("%d packets skipped, may be %d", r.Skipped, tt.skipped)
			}
			if r.Breaks != tt.breaks {
				t.Errorf("%d breaks of the time line, must be %d", r.Breaks, tt.breaks)
			}
			if !r.order {
				t.Error("packets were played out of order")
			}
			if r.Played+r.Skipped+r.Late+r.Duplicates+r.Refused+uint64(b.ring.count) != r.Received {
				t.Errorf("packets do not add up: %+v, %d kept", r.Stats, b.ring.count)
			}
		})
	}
}

// Beside the best constant delay, chosen with the trace known, that would lose no more, of those at which a reader who comes
// every tick can place a packet: on average over some traces at most 10 ms more.
func TestDelayIsNearTheOptimum(t *testing.T) {
	const seeds = 6
	for name, make := range map[string]func(seed uint64) trace{
		"uniform 30":     func(seed uint64) trace { return sent(minute, ms(20)).uniform(seed, ms(30)) },
		"uniform 60":     func(seed uint64) trace { return sent(minute, ms(20)).uniform(seed, ms(60)) },
		"uniform 120":    func(seed uint64) trace { return sent(minute, ms(20)).uniform(seed, ms(120)) },
		"exponential 15": func(seed uint64) trace { return sent(minute, ms(20)).exponential(seed, ms(15)) },
	} {
		var over float64
		for seed := range uint64(seeds) {
			tr := make(seed)
			r := play(New(Config{}), tr)
			best := tr.optimum(float64(r.concealed) / float64(minute))
			const firstTick = 17.0 // ms after a packet that comes undelayed
			reached := firstTick + 20*math.Ceil(max(best-firstTick, 0)/20)
			over += (r.mean() - reached) / seeds
			t.Logf("%s: mean delay %.1f ms, the optimum at %v concealed is %.1f, with ticks %.0f", name, r.mean(), r.concealed, best, reached)
		}
		if over > 10 {
			t.Errorf("%s: %.1f ms more than the optimum", name, over)
		}
	}
}

func TestDuplicatesAreCountedAndPlayedOnce(t *testing.T) {
	clean := sent(10*time.Second, ms(20))
	r := play(New(Config{}), clean.doubled(1))
	if r.Played != 500 || r.Duplicates != 500 {
		t.Errorf("played %d, duplicates %d, want 500 of each", r.Played, r.Duplicates)
	}
}

func TestLossIsCountedExactly(t *testing.T) {
	whole := sent(minute, ms(20))
	tr := whole.lossy(8, 0.05)
	missing := uint64(tr[len(tr)-1].packet.SequenceNumber-tr[0].packet.SequenceNumber) + 1 - uint64(len(tr))
	if missing < 100 {
		t.Fatalf("the trace lost only %d", missing)
	}
	if r := play(New(Config{}), tr); r.Lost != missing || r.concealed != time.Duration(missing)*ms(20) {
		t.Errorf("lost %d, concealed %v, want %d packets", r.Lost, r.concealed, missing)
	}
}

func TestFixedStaysAtNormal(t *testing.T) {
	for _, tr := range []trace{sent(minute, ms(20)), sent(minute, ms(20)).uniform(1, ms(40)), sent(5*minute, ms(20)).drifting(200)} {
		r := play(New(Config{Mode: Fixed, Normal: ms(80)}), tr)
		if r.mean() < 76 || r.mean() > 105 || r.concealed != 0 || r.Target != ms(80) {
			t.Errorf("mean delay %.1f ms, concealed %v, target %v", r.mean(), r.concealed, r.Target)
		}
	}
}

func TestMinAndMaxBoundTheTarget(t *testing.T) {
	c := Config{Min: ms(50), Normal: ms(60), Max: ms(100)}
	if r := play(New(c), sent(minute, ms(20))); r.Target != ms(50) {
		t.Errorf("clean: target %v, want Min", r.Target)
	}
	r := play(New(c), sent(minute, ms(20)).exponential(9, ms(60)))
	if r.Target != ms(80) || r.worstWait() > 100 {
		t.Errorf("bad: target %v, want a tick under Max; a packet waited %.1f ms", r.Target, r.worstWait())
	}
}

func TestStraySourceIsRefused(t *testing.T) {
	var mixed trace
	for i, a := range sent(10*time.Second, ms(20)) {
		mixed = append(mixed, a)
		if i%10 == 5 {
			a.packet.SSRC, a.packet.SequenceNumber = 77, uint16(i*999)
			mixed = append(mixed, a)
		}
	}
	r := play(New(Config{}), mixed)
	if r.Refused != 50 || r.Breaks != 0 || r.Played != 500 || r.concealed != 0 {
		t.Errorf("refused %d, breaks %d, played %d, concealed %v", r.Refused, r.Breaks, r.Played, r.concealed)
	}
}

func TestLatePacketIsNotPlayedAfterItsTurn(t *testing.T) {
	tr := sent(10*time.Second, ms(20))
	tr[200].at += 70 * millisecond
	b := New(Config{})
	r := play(b, tr)
	if r.Late != 1 || r.Lost != 1 || r.Played != 499 || !r.order || b.Discarded() != 1 {
		t.Errorf("late %d, lost %d, played %d, in order %v", r.Late, r.Lost, r.Played, r.order)
	}
}

func TestReaderThatStopsFindsTheNewestAudio(t *testing.T) {
	b := New(Config{})
	tr := sent(minute, ms(20))
	for _, a := range tr {
		b.Put(a.packet, a.at)
	}
	now := tr[len(tr)-1].at + millisecond
	item := b.Next(now, 0)
	last := tr[len(tr)-1].packet.Timestamp
	if behind := time.Duration(int32(last-item.Timestamp)) * 125 * time.Microsecond; item.Kind != Play || behind > ms(100) {
		t.Errorf("got %v, %v behind the newest", item.Kind, behind)
	}
}

func TestEventsKeepTheirPlaceAndTakeNoTime(t *testing.T) {
	b := New(Config{})
	tr := sent(time.Second, ms(20))
	for i := range tr[20:30] { // a digit of 200 ms: ten packets with the timestamp of its start
		p := &tr[20+i].packet
		p.PayloadType, p.Samples, p.Timestamp = 101, 0, tr[20].packet.Timestamp
	}
	r := play(b, tr)
	if r.Played != 50 || r.Lost != 0 || !r.order || r.Breaks != 0 {
		t.Errorf("played %d, lost %d, in order %v, breaks %d", r.Played, r.Lost, r.order, r.Breaks)
	}
}

func TestLongPayloadIsRefused(t *testing.T) {
	b := New(Config{PayloadBytes: 100})
	b.Put(Packet{Payload: make([]byte, 101), Samples: 101}, 1)
	if s := b.Stats(); s.Refused != 1 || b.begun {
		t.Errorf("%+v", s)
	}
}
