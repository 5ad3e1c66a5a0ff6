package jitter

import (
	"testing"
	"time"
)

func TestTraces(t *testing.T) {
	const minute = time.Minute
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	tests := []struct {
		name  string
		trace trace
	}{
		{"clean", sent(minute, ms(20))},
		{"clean, 10 ms", sent(minute, ms(10))},
		{"clean, 30 ms", sent(minute, ms(30))},
		{"clean, 60 ms", sent(minute, ms(60))},
		{"jitter 10", sent(minute, ms(20)).uniform(1, ms(10))},
		{"jitter 40", sent(minute, ms(20)).uniform(2, ms(40))},
		{"jitter 100", sent(minute, ms(20)).uniform(3, ms(100))},
		{"exponential 10", sent(minute, ms(20)).exponential(4, ms(10))},
		{"exponential 30", sent(minute, ms(20)).exponential(5, ms(30))},
		{"one stall 150", sent(minute, ms(20)).stalled(20*time.Second, time.Hour, ms(150))},
		{"stall 150 each 5 s", sent(minute, ms(20)).stalled(20*time.Second, 5*time.Second, ms(150))},
		{"one stall 300", sent(minute, ms(20)).stalled(20*time.Second, time.Hour, ms(300))},
		{"stall 300 each 5 s", sent(minute, ms(20)).stalled(20*time.Second, 5*time.Second, ms(300))},
		{"stall 2000", sent(minute, ms(20)).stalled(20*time.Second, time.Hour, ms(2000))},
		{"reorder", sent(minute, ms(20)).swapped(7)},
		{"loss 1", sent(minute, ms(20)).lossy(6, 0.01)},
		{"loss 10", sent(minute, ms(20)).lossy(7, 0.10)},
		{"loss 10 jitter 40", sent(minute, ms(20)).uniform(2, ms(40)).lossy(7, 0.10)},
		{"drift +200", sent(5*minute, ms(20)).drifting(200)},
		{"drift -200", sent(5*minute, ms(20)).drifting(-200)},
		{"drift +200 jitter 40", sent(5*minute, ms(20)).uniform(2, ms(40)).drifting(200)},
		{"silences", sent(minute, ms(20)).paused(10*time.Second, 14*time.Second).paused(20*time.Second, 21*time.Second)},
		{"way +100", sent(minute, ms(20)).delayed(true, func(i int) time.Duration {
			if i > 1000 {
				return ms(100)
			}
			return 0
		})},
		{"way +500", sent(minute, ms(20)).delayed(true, func(i int) time.Duration {
			if i > 1000 {
				return ms(500)
			}
			return 0
		})},
		{"way -100", sent(minute, ms(20)).delayed(true, func(i int) time.Duration {
			if i < 1000 {
				return ms(100)
			}
			return 0
		})},
		{"timestamp jump", sent(minute, ms(20)).after(20*time.Second, func(p *Packet) { p.Timestamp += 12345678 })},
		{"timestamp back", sent(minute, ms(20)).after(20*time.Second, func(p *Packet) { p.Timestamp -= 80000 })},
		{"ssrc change", sent(minute, ms(20)).after(20*time.Second, func(p *Packet) {
			p.SSRC, p.Timestamp, p.SequenceNumber = 9, p.Timestamp+99999999, p.SequenceNumber+31000
		})},
		{"sequence reset", sent(minute, ms(20)).after(20*time.Second, func(p *Packet) { p.SequenceNumber -= 30000 })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(Config{})
			r := play(b, tt.trace)
			t.Logf("%-22s delay %5.1f optimum %5.1f worst wait %5.1f target %v concealed %v added %v removed %v lost %d late %d skipped %d under %d refused %d breaks %d", tt.name, r.mean(), tt.trace.optimum(float64(r.concealed.Milliseconds()/20-int64(r.Lost))/float64(len(tt.trace))), r.worstWait(), r.Target, r.concealed, r.added, r.removed, r.Lost, r.Late, r.Skipped, r.Underruns, r.Refused, r.Breaks)
		})
	}
}
