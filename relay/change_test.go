package relay_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/port"
	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// commands returns how many functions the shards have run, that of asking included.
func (b *bench) commands() (n uint64) {
	for _, s := range b.Stats() {
		n += s.Commands
	}
	return n
}

func TestOneTripForACall(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	p, q := b.phone("10.0.1.1:4000", 0xa), b.phone("10.0.1.2:4000", 0xb)
	before := b.commands()
	legs, err := b.OpenLegs([]relay.LegConfig{{ID: "a"}, {ID: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	toP, toQ := p.remote(), q.remote()
	b.ApplyLater([]relay.Change{
		{Leg: legs[0], Remote: &toP, Route: &relay.Route{To: legs[1]}, Timeouts: &relay.Timeouts{NoMedia: time.Hour}},
		{Leg: legs[1], Remote: &toQ, Route: &relay.Route{To: legs[0]}},
	})
	if n := b.commands() - before - 1; n != 2 {
		t.Errorf("%d trips to the shard to open and join two legs, want 2", n)
	}
	p.send(legs[0].LocalRTP())
	b.net.Advance(time.Millisecond)
	heard(t, q, 0xa, 1)
	before = b.commands()
	if err := b.Apply([]relay.Change{{Leg: legs[0], Close: true}, {Leg: legs[1], Close: true}}); err != nil {
		t.Error(err)
	}
	stats := b.LegStats(legs)
	if stats[0].Received.Packets != 1 || stats[1].Sent.Packets != 1 {
		t.Errorf("final %+v and %+v", stats[0], stats[1])
	}
	if n := b.commands() - before - 1; n != 1 {
		t.Errorf("%d trips to the shard to close two legs, want 1", n)
	}
	if n := b.net.OpenPorts(); n != 0 {
		t.Errorf("%d ports open", n)
	}
}

func TestOpenLegsAllOrNone(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Interfaces: []relay.Interface{{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 20005}}})
	if _, err := b.OpenLegs(make([]relay.LegConfig, 4)); !errors.Is(err, port.ErrRangeFull) {
		t.Errorf("four of three: %v", err)
	}
	if n, use := b.net.OpenPorts(), b.Interfaces()[0].InUse; n != 0 || use != 0 {
		t.Errorf("%d ports open, %d pairs in use", n, use)
	}
}

func TestApplyDoesWhatCanBeDone(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	here, there, gone := b.leg(relay.LegConfig{ID: "here"}), b.leg(relay.LegConfig{ID: "there", Shard: 1}), b.leg(relay.LegConfig{ID: "gone"})
	gone.Close()
	p := b.phone("10.0.1.1:4000", 0xa)
	to := p.remote()
	err := b.Apply([]relay.Change{
		{Leg: gone, Remote: &to},
		{Leg: here, Remote: &to, Route: &relay.Route{To: there}},
		{Leg: there, Remote: &to, Route: &relay.Route{To: there}},
	})
	if !errors.Is(err, relay.ErrOtherShard) {
		t.Errorf("%v", err)
	}
	if err := b.Apply([]relay.Change{{Leg: gone, Route: &relay.Route{}}}); !errors.Is(err, relay.ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := here.SetRoute(relay.Route{To: gone}); err == nil {
		t.Error("routed to a leg that is closed")
	}
	b.ApplyLater([]relay.Change{{Leg: gone, Remote: &to}, {Leg: here, Route: &relay.Route{To: there}, Close: true}})
	stats := b.LegStats([]*relay.Leg{here, gone, there})
	if stats[0].Remote != to.RTP || stats[2].Remote != to.RTP || stats[1].Remote.IsValid() {
		t.Errorf("%v %v %v", stats[0].Remote, stats[1].Remote, stats[2].Remote)
	}
}

func TestCloseFromEverywhereAtOnce(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	legs := []*relay.Leg{b.leg(relay.LegConfig{}), b.leg(relay.LegConfig{Shard: 1}), b.leg(relay.LegConfig{})}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { // ends by itself; waited for below
			if err := b.Apply([]relay.Change{{Leg: legs[0], Close: true}, {Leg: legs[1], Close: true}, {Leg: legs[2], Close: true}, {Leg: legs[0], Close: true}}); err != nil {
				t.Errorf("closing again: %v", err)
			}
			b.LegStats(legs)
		})
	}
	all.Wait()
	if n := b.net.OpenPorts(); n != 0 {
		t.Errorf("%d ports open", n)
	}
}

// full is a network whose Conns take no more ports.
type full struct{ udp.Network }

type fullConn struct{ udp.Conn }

func (f full) Conn(batch int) (udp.Conn, error) {
	c, err := f.Network.Conn(batch)
	return fullConn{c}, err
}

func (fullConn) Attach(uint32, udp.Port) error { return errors.New("no room") }

func TestALegThatCannotBeAttachedIsReported(t *testing.T) {
	net, got := udptest.New(udptest.Config{}), &events{}
	r := run(t, relay.Config{Network: full{net}, Clock: net.Now, Shards: 1, Events: got.add,
		Interfaces: []relay.Interface{{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 20099}}})
	l, err := r.OpenLeg(relay.LegConfig{ID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.SetRoute(relay.Route{}); !errors.Is(err, relay.ErrClosed) {
		t.Errorf("a route of a leg that is nowhere: %v", err)
	}
	if e := got.take(); len(e) != 1 || e[0] != "x failed: no room" {
		t.Errorf("%q", e)
	}
	l.Close()
	if n := net.OpenPorts(); n != 0 {
		t.Errorf("%d ports open", n)
	}
}
