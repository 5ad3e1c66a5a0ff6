package relay_test

import (
	"errors"
	"sync/atomic"
	"testing"

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
	var moves atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // moves the call to and fro; ends with stop; waited for below
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := k.legA.Move(int(moves.Add(1) % 2)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	sent := uint64(0)
	for burst := 0; burst < 100 || moves.Load() < 100; burst++ {
		for range 5 { // so that packets wait in the ports
			k.a.send(k.legA.LocalRTP())
			k.b.send(k.legB.LocalRTP())
		}
		sent += 5
		for try := 0; k.legA.Stats().Received.Packets < sent || k.legB.Stats().Received.Packets < sent; try++ {
			if try > 10_000 {
				t.Fatalf("after %d moves %d and %d of %d packets have been received", moves.Load(),
					k.legA.Stats().Received.Packets, k.legB.Stats().Received.Packets, sent)
			}
		}
		heard(t, k.a, 0xb, 5)
		heard(t, k.b, 0xa, 5)
	}
	close(stop)
	<-stopped
	if d := k.legA.Stats().Dropped; d.Total() != 0 {
		t.Errorf("drops %v", d)
	}
}

func TestMoveTakesAlongWhatIsRoutedOneWay(t *testing.T) {
	for _, mover := range []int{0, 1, 2} {
		b := start(t, udptest.Config{}, relay.Config{Shards: 2})
		legs := []*relay.Leg{b.leg(relay.LegConfig{ID: "0"}), b.leg(relay.LegConfig{ID: "1"}), b.leg(relay.LegConfig{ID: "2"})}
		other := b.leg(relay.LegConfig{ID: "other"})
		for i := range 2 { // 0 to 1 to 2, and nothing back
			if err := legs[i].SetRoute(relay.Route{To: legs[i+1]}); err != nil {
				t.Fatal(err)
			}
		}
		if err := legs[mover].Move(1); err != nil {
			t.Fatal(err)
		}
		for i, l := range legs {
			if l.Shard() != 1 {
				t.Errorf("leg %d moved, leg %d is on shard %d", mover, i, l.Shard())
			}
		}
		if other.Shard() != 0 {
			t.Error("a leg that is joined to none of them has moved")
		}
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
