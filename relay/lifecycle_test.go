package relay_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/relay"
	"sidetone/relay/port"
	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

func TestConfigMistakesAreNamed(t *testing.T) {
	lan := relay.Interface{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 20099}
	with := func(change func(*relay.Interface)) []relay.Interface {
		i := lan
		change(&i)
		return []relay.Interface{i}
	}
	for _, c := range []struct {
		name   string
		config relay.Config
		want   string
	}{
		{"no interface", relay.Config{}, "no interface"},
		{"no address", relay.Config{Interfaces: with(func(i *relay.Interface) { i.Address = netip.Addr{} })}, "interface lan: no address"},
		{"foreign address", relay.Config{Interfaces: with(func(i *relay.Interface) { i.Address = netip.MustParseAddr("192.0.2.1") })}, "interface lan: open udp 192.0.2.1:0: address not available on this machine"},
		{"range too small", relay.Config{Interfaces: with(func(i *relay.Interface) { i.LastPort = 20000 })}, "interface lan: port range 20000-20000 holds no pair"},
		{"wildcard with nothing to advertise", relay.Config{Interfaces: with(func(i *relay.Interface) { i.Address = netip.IPv4Unspecified() })}, "needs an address to advertise"},
		{"families mixed", relay.Config{Interfaces: with(func(i *relay.Interface) { i.Advertise = relayV6 })}, "cannot be advertised as fd00::1"},
		{"one name, one family, twice", relay.Config{Interfaces: append(with(func(i *relay.Interface) { i.Address = netip.MustParseAddr("10.0.0.2") }), lan)}, "two addresses of one family"},
		{"overlapping ranges", relay.Config{Interfaces: append(with(func(i *relay.Interface) { i.Name, i.FirstPort, i.LastPort = "wan", 20050, 20200 }), lan)}, "overlap"},
		{"negative shards", relay.Config{Shards: -1, Interfaces: []relay.Interface{lan}}, "-1 shards"},
	} {
		c.config.Network = udptest.New(udptest.Config{Addresses: []netip.Addr{relayV4, relayV6, netip.MustParseAddr("10.0.0.2"), netip.IPv4Unspecified()}})
		r, err := relay.New(c.config)
		if err == nil {
			r.Close()
			t.Errorf("%s: accepted", c.name)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want ... %s ...", c.name, err, c.want)
		}
	}
	for _, c := range []struct {
		sockets string
		dscp    int
		want    string
	}{{"raw", 0, `"raw" is none of`}, {"ports", 64, "dscp 64"}} {
		if _, err := relay.New(relay.Config{Sockets: c.sockets, DSCP: c.dscp, Interfaces: []relay.Interface{lan}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.sockets, err)
		}
	}
	// Whatever the privilege, a port of every address cannot be steered.
	everywhere := with(func(i *relay.Interface) { i.Address, i.Advertise = netip.IPv4Unspecified(), relayV4 })
	if _, err := relay.New(relay.Config{Sockets: "steered", Interfaces: everywhere}); !errors.Is(err, udp.ErrUnsupported) || !strings.Contains(err.Error(), "ports of 0.0.0.0") {
		t.Errorf("steered: %v", err)
	}
}

func TestExhaustedRangeAndFilesAreToldApart(t *testing.T) {
	small := []relay.Interface{{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 20003}}
	b := start(t, udptest.Config{}, relay.Config{Interfaces: small, Quarantine: time.Second})
	first := b.leg(relay.LegConfig{ID: "1"})
	b.leg(relay.LegConfig{ID: "2"})
	_, err := b.OpenLeg(relay.LegConfig{ID: "3"})
	if !errors.Is(err, port.ErrRangeFull) || errors.Is(err, udp.ErrFileDescriptors) || !strings.Contains(err.Error(), "leg 3: 10.0.0.1 ports 20000-20003: port range full") {
		t.Errorf("range full: %v", err)
	}
	first.Close()
	if _, err := b.OpenLeg(relay.LegConfig{ID: "4"}); !errors.Is(err, port.ErrRangeFull) {
		t.Errorf("in quarantine: %v", err)
	}
	b.net.Advance(time.Second)
	b.leg(relay.LegConfig{ID: "5"})

	b = start(t, udptest.Config{FileDescriptors: 3}, relay.Config{})
	b.leg(relay.LegConfig{ID: "1"})
	_, err = b.OpenLeg(relay.LegConfig{ID: "2"})
	if !errors.Is(err, udp.ErrFileDescriptors) || errors.Is(err, port.ErrRangeFull) {
		t.Errorf("out of files: %v", err)
	}
	if n := b.net.OpenPorts(); n != 2 {
		t.Errorf("%d ports open after the failure, want the 2 of the first leg", n)
	}
	if use := b.Interfaces(); use[0].InUse != 1 {
		t.Errorf("%d pairs in use, want 1", use[0].InUse)
	}
	if s := b.Stats(); s[0].Legs+s[1].Legs != 1 {
		t.Errorf("%+v", s)
	}
}

func TestPortHeldByAnotherProgramIsPassedOver(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Interfaces: []relay.Interface{{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 20005}}})
	b.net.Endpoint(netip.MustParseAddrPort("10.0.0.1:20000")) // the RTP port of one pair
	b.net.Endpoint(netip.MustParseAddrPort("10.0.0.1:20003")) // the RTCP port of another
	if l := b.leg(relay.LegConfig{}); l.LocalRTP().Port() != 20004 {
		t.Errorf("got port %d", l.LocalRTP().Port())
	}
	if n := b.net.OpenPorts(); n != 2 {
		t.Errorf("%d ports open, want 2", n)
	}
}

func TestCloseCutsRoutesAndFreesThePorts(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	k.talk(5)
	k.legB.Close()
	k.legB.Close()
	k.talk(5) // B's packets find no port, A's no route
	heard(t, k.b, 0xa, 5)
	heard(t, k.a, 0xb, 5)
	if s := k.legA.Stats(); s.Dropped[relay.DropNoSession] != 5 {
		t.Errorf("A's drops %v", s.Dropped)
	}
	if s := k.legB.Stats(); s.Received.Packets != 5 || s.Sent.Packets != 5 {
		t.Errorf("final stats of B %+v", s)
	}
	if n := b.net.OpenPorts(); n != 2 {
		t.Errorf("%d ports open, want A's 2", n)
	}
	k.legB.SetRemote(k.b.remote())
	k.legB.SetTimeouts(1, 1)
}

func TestRelayMayBeClosedAtAnyTime(t *testing.T) {
	config := func(net *udptest.Network) relay.Config {
		return relay.Config{Network: net, Clock: net.Now, Shards: 2, Logger: slog.New(slog.DiscardHandler),
			Interfaces: []relay.Interface{{Name: "lan", Address: relayV4, FirstPort: 20000, LastPort: 20099}}}
	}
	t.Run("before Run", func(t *testing.T) {
		r, err := relay.New(config(udptest.New(udptest.Config{})))
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		r.Close()
		if err := r.Run(context.Background()); !errors.Is(err, relay.ErrClosed) {
			t.Errorf("Run after Close: %v", err)
		}
	})
	t.Run("while legs are opened and used", func(t *testing.T) {
		net := udptest.New(udptest.Config{})
		r, err := relay.New(config(net))
		if err != nil {
			t.Fatal(err)
		}
		ran := make(chan error)
		go func() { ran <- r.Run(context.Background()) }() // ends by Close; waited for below
		var users sync.WaitGroup
		var opened sync.WaitGroup
		opened.Add(4)
		for i := range 4 {
			users.Go(func() { // ends when the relay refuses; waited for below
				for n := 0; ; n++ {
					l, err := r.OpenLeg(relay.LegConfig{Shard: -1})
					if n == 0 {
						opened.Done()
					}
					if errors.Is(err, relay.ErrClosed) {
						return
					}
					if err != nil {
						continue // the range is full of legs in quarantine
					}
					l.SetRemote(relay.Remote{RTP: netip.MustParseAddrPort("10.0.1.1:4000")})
					l.Move((n + i) % 2)
					l.Stats()
					if n%2 == 0 {
						l.Close()
					}
				}
			})
		}
		opened.Wait()
		r.Stats() // runs
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		users.Wait()
		if n := net.OpenPorts(); n != 0 {
			t.Errorf("%d ports left open", n)
		}
		r.Do(0, func(*relay.Shard) { t.Error("ran after Close") })
		r.Post(0, func(*relay.Shard) { t.Error("ran after Close") })
		if r.Stats() != nil {
			t.Error("statistics after Close")
		}
	})
}

func TestDoAndPostRunInOrder(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	var got []int
	for i := range 200 {
		b.Post(1, func(s *relay.Shard) {
			if s.Index() != 1 {
				t.Errorf("on shard %d", s.Index())
			}
			got = append(got, i)
		})
	}
	b.Do(1, func(*relay.Shard) {
		for i := range got {
			if got[i] != i {
				t.Fatalf("%d ran as number %d", got[i], i)
			}
		}
		if len(got) != 200 {
			t.Errorf("%d of 200 ran before", len(got))
		}
	})
}

// beat counts ticks and sends a packet at each. Its fields belong to the shard's thread.
type beat struct {
	leg    *relay.Leg
	packet []byte
	due    []int64
	panics bool
}

func (b *beat) Tick(now int64) {
	if b.panics {
		panic("tick")
	}
	b.due = append(b.due, now)
	if b.leg != nil {
		b.leg.WriteRTP(b.packet)
	}
}

func TestTickersRunOnTheShard(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	p := b.phone("10.0.1.1:4000", 1)
	l := b.leg(relay.LegConfig{})
	l.SetRemote(p.remote())
	m, bad := &beat{leg: l, packet: p.packet()}, &beat{panics: true}
	b.Do(0, func(s *relay.Shard) { s.AddTicker(m); s.AddTicker(bad) })
	b.net.Advance(time.Second)
	b.Do(0, func(s *relay.Shard) {
		if len(m.due) != 50 {
			t.Errorf("%d ticks in 1 s", len(m.due))
		}
		for i := 1; i < len(m.due); i++ {
			if m.due[i]-m.due[i-1] != int64(20*time.Millisecond) {
				t.Errorf("%d ns after the tick before", m.due[i]-m.due[i-1])
			}
		}
		s.RemoveTicker(m)
	})
	if got := len(p.received()[1]); got != 50 {
		t.Errorf("%d packets sent", got)
	}
	b.net.Advance(time.Second)
	s := b.Stats()[0]
	if s.Tickers != 0 || s.LateTicks != 0 || s.MissedTicks != 0 || s.Panics != 1 {
		t.Errorf("stats %+v", s)
	}
	b.Do(0, func(*relay.Shard) {
		if len(m.due) != 50 {
			t.Error("ticked after it was removed")
		}
	})
}

// readBy is a sink that a ticker reads.
type readBy struct {
	sink
	ticker relay.Ticker
}

func (r *readBy) ReadBy() any { return r.ticker }

func TestLegsFailWithTheTickerThatReadsThem(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	bad, good := &beat{panics: true}, &beat{}
	for id, ticker := range map[string]relay.Ticker{"bad": bad, "good": good} {
		l := b.leg(relay.LegConfig{ID: id})
		if err := l.SetRoute(relay.Route{Sink: &readBy{ticker: ticker}}); err != nil {
			t.Fatal(err)
		}
	}
	b.leg(relay.LegConfig{ID: "other"})
	b.Do(0, func(s *relay.Shard) { s.AddTicker(bad); s.AddTicker(good) })
	b.net.Advance(time.Second)
	if got := b.events.take(); !slices.Equal(got, []string{"bad failed: internal error: tick"}) {
		t.Errorf("events %q", got)
	}
}

func TestIdleShardSleeps(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	before := b.Stats()[0].Passes
	b.net.Advance(time.Hour)
	if n := b.Stats()[0].Passes - before; n > 5 {
		t.Errorf("%d turns in an idle hour", n)
	}
	b.leg(relay.LegConfig{})
	before = b.Stats()[0].Passes
	b.net.Advance(100 * time.Second)
	if n := b.Stats()[0].Passes - before; n > 110 {
		t.Errorf("%d turns in 100 s with one silent leg", n)
	}
}

func TestAThousandLegsLeaveNothingBehind(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2, Quarantine: -1})
	b.leg(relay.LegConfig{}) // what is grown once is grown
	b.Stats()                // and runs
	goroutines := goleak.IgnoreCurrent()
	for i := range 10 {
		var legs []*relay.Leg
		for range 100 {
			legs = append(legs, b.leg(relay.LegConfig{Shard: -1}))
		}
		for k := 0; k < len(legs); k += 2 {
			if legs[k].Shard() != legs[k+1].Shard() {
				if err := legs[k].Move(legs[k+1].Shard()); err != nil {
					t.Fatal(err)
				}
			}
			join(t, legs[k], legs[k+1])
		}
		for k := range legs {
			legs[(k*7+i)%100].Close()
		}
	}
	goleak.VerifyNone(t, goroutines)
	if n := b.net.OpenPorts(); n != 2 {
		t.Errorf("%d ports open, want 2", n)
	}
	legs := 0
	for _, s := range b.Stats() {
		legs += s.Legs
	}
	if legs != 1 || b.Interfaces()[0].InUse != 1 {
		t.Errorf("%d legs on the shards, %d pairs in use", legs, b.Interfaces()[0].InUse)
	}
}
