package relay_test

import (
	"errors"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/udp/udptest"
)

func TestMoveTakesTheWholeCallAndKeepsItsState(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 3})
	k := b.call()
	k.talk(5)
	for _, shard := range []int{1, 2, 2, 0} {
		if err := k.legB.Move(shard); err != nil {
			t.Fatal(err)
		}
		if k.legA.Shard() != shard || k.legB.Shard() != shard {
			t.Fatalf("on shards %d and %d, want %d", k.legA.Shard(), k.legB.Shard(), shard)
		}
		k.talk(5)
	}
	heard(t, k.a, 0xb, 25)
	heard(t, k.b, 0xa, 25)
	if s := k.legA.Stats(); s.Received.Packets != 25 || s.State != relay.Locked {
		t.Errorf("stats %+v", s)
	}
	if got := b.events.take(); len(got) != 2 { // latched once each
		t.Errorf("events %q", got)
	}
	for i, s := range b.Stats() {
		if want := map[int]int{0: 2}[i]; s.Legs != want {
			t.Errorf("shard %d has %d legs, want %d", i, s.Legs, want)
		}
	}
}

func TestMoveUnderTrafficLosesNothing(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	k := b.call()
	const packets = 200
	stop := make(chan struct{})
	moved := make(chan int)
	go func() { // moves the call to and fro; ends with stop; the test waits for it
		n := 0
		for {
			select {
			case <-stop:
				moved <- n
				return
			default:
			}
			n++
			if err := k.legA.Move(n % 2); err != nil {
				t.Error(err)
			}
		}
	}()
	for range packets {
		for range 5 { // bursts, so that packets wait in the ports
			k.a.send(k.legA.LocalRTP())
			k.b.send(k.legB.LocalRTP())
		}
		if len(k.a.received())+len(k.b.received()) > 2 {
			t.Error("a stranger's stream")
		}
		time.Sleep(50 * time.Microsecond) // real time for the mover to get in between
	}
	close(stop)
	n := <-moved
	b.net.Advance(time.Second)
	a, bb := k.legA.Stats(), k.legB.Stats()
	if a.Received.Packets != 5*packets || bb.Received.Packets != 5*packets || a.Sent.Packets != 5*packets || bb.Sent.Packets != 5*packets {
		t.Errorf("after %d moves: A got %d and was sent %d, B got %d and was sent %d, want %d each",
			n, a.Received.Packets, a.Sent.Packets, bb.Received.Packets, bb.Sent.Packets, 5*packets)
	}
	if n < 10 {
		t.Errorf("only %d moves", n)
	}
}

func TestMoveRefusesWhatItMust(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	k := b.call()
	for _, shard := range []int{-1, 2} {
		if err := k.legA.Move(shard); err == nil {
			t.Errorf("moved to shard %d", shard)
		}
	}
	if err := k.legB.SetRoute(relay.Route{To: k.legA, Sink: &sink{}}); err != nil {
		t.Fatal(err)
	}
	if err := k.legA.Move(1); !errors.Is(err, relay.ErrHasSink) {
		t.Errorf("with a sink: %v", err)
	}
	k.talk(3)
	heard(t, k.a, 0xb, 3)
	k.legA.Close()
	if err := k.legA.Move(1); !errors.Is(err, relay.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestRoutesStayOnOneShard(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	here, there := b.leg(relay.LegConfig{ID: "here", Shard: 0}), b.leg(relay.LegConfig{ID: "there", Shard: 1})
	if err := here.SetRoute(relay.Route{To: there}); !errors.Is(err, relay.ErrOtherShard) {
		t.Errorf("across shards: %v", err)
	}
	if err := there.Move(0); err != nil {
		t.Fatal(err)
	}
	if err := here.SetRoute(relay.Route{To: there}); err != nil {
		t.Error(err)
	}
	there.Close()
	if err := here.SetRoute(relay.Route{To: there}); !errors.Is(err, relay.ErrClosed) {
		t.Errorf("to a closed leg: %v", err)
	}
	here.Close()
	if err := here.SetRoute(relay.Route{}); !errors.Is(err, relay.ErrClosed) {
		t.Errorf("of a closed leg: %v", err)
	}
}

func TestLegsAreSpreadOverTheShards(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 4})
	var legs []*relay.Leg
	for range 8 {
		legs = append(legs, b.leg(relay.LegConfig{Shard: -1}))
	}
	for i, s := range b.Stats() {
		if s.Legs != 2 {
			t.Errorf("shard %d has %d legs, want 2", i, s.Legs)
		}
	}
	for _, l := range legs {
		if l.Shard() == 2 {
			l.Close()
		}
	}
	if l := b.leg(relay.LegConfig{Shard: -1}); l.Shard() != 2 {
		t.Errorf("on shard %d, want the empty 2", l.Shard())
	}
	for _, shard := range []int{-2, 4} {
		if _, err := b.OpenLeg(relay.LegConfig{Shard: shard}); err == nil {
			t.Errorf("opened on shard %d", shard)
		}
	}
}
