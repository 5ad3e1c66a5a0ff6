package relay_test

import (
	"fmt"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/udp/udptest"
)

// TestBurst floods fifty streams with 3,000 packets/s each, in clumps: every packet of them goes through, the
// latch stays where it is, no direction falls silent, and the first packet after it comes at once.
func TestBurst(t *testing.T) {
	const (
		calls  = 25 // a stream each way
		bursts = 60 // one every 5 ms
		clump  = 15 // packets of each stream in one
		quiet  = 50 // packets at a phone's pace, before and after
		streak = 20 * time.Millisecond
	)
	b := start(t, udptest.Config{}, relay.Config{Shards: 2, BatchWindow: time.Millisecond})
	var all []*call
	for i := range calls {
		c := &call{bench: b, a: b.phone(fmt.Sprintf("10.0.1.%d:4000", 1+i), uint32(2*i+1)), b: b.phone(fmt.Sprintf("10.0.2.%d:4000", 1+i), uint32(2*i+2))}
		c.legA, c.legB = b.leg(relay.LegConfig{ID: "A", Shard: i % 2}), b.leg(relay.LegConfig{ID: "B", Shard: i % 2})
		c.legA.SetRemote(c.a.remote())
		c.legB.SetRemote(c.b.remote())
		join(t, c.legA, c.legB)
		all = append(all, c)
	}
	send := func() {
		for _, c := range all {
			c.a.send(c.legA.LocalRTP())
			c.b.send(c.legB.LocalRTP())
		}
	}
	everyone := func(when string, n int) {
		t.Helper()
		for i, c := range all {
			before := t.Failed()
			heard(t, c.b, c.a.ssrc, n)
			heard(t, c.a, c.b.ssrc, n)
			if t.Failed() && !before {
				t.Fatalf("call %d %s", i, when)
			}
		}
	}
	for range quiet {
		send()
		b.net.Advance(streak)
	}
	everyone("before the burst", quiet)
	for range bursts {
		for range clump {
			send()
		}
		b.net.Advance(5 * time.Millisecond)
		everyone("in the burst", clump)
	}
	for i := range quiet {
		send()
		b.net.Advance(streak)
		if i == 0 {
			everyone("right after the burst", 1)
		}
	}
	everyone("after the burst", quiet-1)
	for i, c := range all {
		for _, l := range []*relay.Leg{c.legA, c.legB} {
			const n = quiet + bursts*clump + quiet
			s := l.Stats()
			if s.Received.Packets != n || s.Sent.Packets != n || s.Received.Bytes != n*172 || s.Sent.Bytes != n*172 || s.Dropped.Total() != 0 || s.SendFailed != 0 ||
				s.Quality.Expected != n || s.Quality.Lost != 0 {
				t.Errorf("call %d: %+v, want %d packets each way", i, s, n)
			}
		}
	}
	if e := b.events.take(); len(e) != 2*calls { // each leg has locked once, with its first packet
		t.Errorf("%d events: %v", len(e), e)
	}
}
