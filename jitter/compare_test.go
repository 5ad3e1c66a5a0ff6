package jitter

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sidetone/relay/quality"
)

// network is a profile in the manner of ITU-T G.1050: jitter that is always there, spikes of queueing that come at
// random and drain, losses alone and in bursts, and packets that overtake.
type network struct {
	jitter      time.Duration // exponential mean
	spike       time.Duration // at most
	spikes      float64       // a packet
	drain       float64       // of a spike, what is left a packet later
	loss, burst float64       // alone a packet; begin of a burst of 3 to 8
	overtake    float64
}

// through lets a trace pass the network.
func (t trace) through(seed uint64, n network) trace {
	r := rand.New(rand.NewPCG(seed, 1050))
	queue := time.Duration(0)
	t = t.delayed(true, func(int) time.Duration {
		queue = time.Duration(float64(queue) * n.drain)
		if r.Float64() < n.spikes {
			queue = max(queue, time.Duration(r.Float64()*float64(n.spike)))
		}
		return queue + time.Duration(r.ExpFloat64()*float64(n.jitter))
	})
	for i := range t[1:] {
		if r.Float64() < n.overtake {
			t[i].at = t[i+1].at + millisecond
		}
	}
	var kept trace
	left := 0
	for i, a := range t {
		if r.Float64() < n.burst {
			left = 3 + r.IntN(6)
		}
		if left--; i == 0 || left < 0 && r.Float64() >= n.loss {
			kept = append(kept, a)
		}
	}
	return kept
}

// rated is the transmission rating R of G.107 for G.711 with concealment over a way of 30 ms and packets of 20.
func rated(o outcome) float64 {
	return quality.Rating(quality.ImpairmentOf("PCMU"), o.loss, 50*time.Millisecond+time.Duration(o.delay*1e6))
}

// silences makes a sender that is silent for 1.5 s every 5 s.
func silences(t trace) trace {
	for at := 5 * time.Second; at < 2*time.Minute; at += 5 * time.Second {
		t = t.paused(at, at+1500*time.Millisecond)
	}
	return t
}

func ours(t trace) (outcome, result) {
	j := newJudge(t)
	r := playTo(New(Config{}), t, j.play)
	return j.outcome(), r
}

// No trace rates better with any of the others, but for a tenth of R, which is 4 ms.
func TestRatingBesideOthers(t *testing.T) {
	at := 20 * time.Second
	long := 79 * time.Second // no stall at the very end
	traces := []struct {
		name string
		make func() trace
	}{
		{"clean", func() trace { return sent(long, ms(20)) }},
		{"A: managed network", func() trace {
			return sent(long, ms(20)).through(1, network{jitter: ms(2), spike: ms(30), spikes: 0.002, drain: 0.8, loss: 0.0005})
		}},
		{"B: partly managed", func() trace {
			return sent(long, ms(20)).through(2, network{jitter: ms(6), spike: ms(100), spikes: 0.004, drain: 0.85, loss: 0.003, burst: 0.0005, overtake: 0.001})
		}},
		{"C: unmanaged", func() trace {
			return sent(long, ms(20)).through(3, network{jitter: ms(15), spike: ms(250), spikes: 0.008, drain: 0.85, loss: 0.01, burst: 0.002, overtake: 0.005})
		}},
		{"uniform 40 ms", func() trace { return sent(long, ms(20)).uniform(4, ms(40)) }},
		{"uniform 100 ms", func() trace { return sent(long, ms(20)).uniform(5, ms(100)) }},
		{"exponential 20 ms", func() trace { return sent(long, ms(20)).exponential(6, ms(20)) }},
		{"stall of 150 ms every 10 s", func() trace { return sent(long, ms(20)).stalled(at, 10*time.Second, ms(150)) }},
		{"stall of 300 ms every 10 s", func() trace { return sent(long, ms(20)).stalled(at, 10*time.Second, ms(300)) }},
		{"one stall of 150 ms", func() trace { return sent(long, ms(20)).stalled(at, time.Hour, ms(150)) }},
		{"one stall of 300 ms", func() trace { return sent(long, ms(20)).stalled(at, time.Hour, ms(300)) }},
		{"reordered", func() trace { return sent(long, ms(20)).swapped(7) }},
		{"slow by 200 ppm, 20 ms", func() trace { return sent(long, ms(20)).drifting(200).uniform(7, ms(20)) }},
		{"fast by 200 ppm, 20 ms", func() trace { return sent(long, ms(20)).drifting(-200).uniform(8, ms(20)) }},
		{"DTX, 30 ms", func() trace { return silences(sent(long, ms(20)).uniform(9, ms(30))) }},
		{"timestamps jump, 20 ms", func() trace {
			return sent(long, ms(20)).uniform(10, ms(20)).after(at, func(p *Packet) { p.Timestamp += 12345678 })
		}},
		{"2 % lost, 20 ms", func() trace { return sent(long, ms(20)).uniform(11, ms(20)).lossy(12, 0.02) }},
	}
	others := []struct {
		name string
		make func() rival
	}{
		{"fixed 60", func() rival { return &fixedRival{60 * millisecond} }},
		{"Asterisk", func() rival { return &asteriskRival{} }},
		{"Speex", func() rival { return &speexRival{} }},
		{"NetEQ", func() rival { return &netEQRival{} }},
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-28s %-22s", "R (delay ms, lost %)", "sidetone")
	for _, o := range others {
		fmt.Fprintf(&table, " %-22s", o.name)
	}
	cell := func(o outcome) string { return fmt.Sprintf("%5.1f (%5.1f, %5.2f)", rated(o), o.delay, 100*o.loss) }
	for _, tt := range traces {
		own, r := ours(tt.make())
		fmt.Fprintf(&table, "\n%-28s %-22s", tt.name, cell(own))
		if r.worstWait() > 200 {
			t.Errorf("%s: a packet was played %.1f ms after it came, Max is 200", tt.name, r.worstWait())
		}
		for _, o := range others {
			other := compete(o.make(), tt.make())
			fmt.Fprintf(&table, " %-22s", cell(other))
			if rated(own) < rated(other)-0.1 {
				t.Errorf("%s: R is %.1f, that of %s %.1f", tt.name, rated(own), o.name, rated(other))
			}
		}
	}
	t.Log(table.String())
}
