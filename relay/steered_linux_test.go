package relay_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// on is an interface on 127.0.0.1 with these ports.
func on(first, last uint16) []relay.Interface {
	return []relay.Interface{{Name: "lo", Address: loopback, FirstPort: first, LastPort: last}}
}

// TestTenThousandLegsHoldFewFiles counts the files that legs hold: none where ports are steered, two each where they are not.
func TestTenThousandLegsHoldFewFiles(t *testing.T) {
	overSockets(t, func(t *testing.T, sockets string) {
		legs, perLeg := 10_000, 0
		if sockets == "ports" {
			legs, perLeg = 400, 2 // a process may be allowed no more than 1024 files
		}
		before := files(t)
		r := onLoopback(t, relay.Config{Shards: 2, Sockets: sockets, Interfaces: on(10_000, 29_999)})
		empty := files(t)
		if empty-before > 20 {
			t.Errorf("%d files for two shards", empty-before)
		}
		var open []*relay.Leg
		for range legs {
			l, err := r.OpenLeg(relay.LegConfig{Shard: -1})
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, l)
		}
		if got := files(t); got != empty+perLeg*legs {
			t.Errorf("%d files with %d legs, %d with none", got, legs, empty)
		}
		// All of them hear.
		phone := newSocketPhone(t, loopback, 1)
		for i, l := range open {
			phone.send(t, l.LocalRTP())
			if i%100 == 0 { // no more at once than fit a receive buffer
				r.Do(0, func(*relay.Shard) {})
				r.Do(1, func(*relay.Shard) {})
			}
		}
		received := func() (n uint64) {
			for _, s := range r.Stats() {
				n += s.Received.Packets
			}
			return n
		}
		for end := time.Now().Add(5 * time.Second); received() < uint64(legs) && time.Now().Before(end); {
		}
		for i, s := range r.Stats() {
			t.Logf("%s, shard %d: %d legs, %d packets", sockets, i, s.Legs, s.Received.Packets)
			if s.Overflowed+s.HandedOver+s.NoSession != 0 {
				t.Errorf("shard %d: %+v", i, s)
			}
		}
		if got := received(); got != uint64(legs) {
			t.Errorf("%d of %d packets came", got, legs)
		}
		r.Close()
		if got := files(t); got > before+1 { // the phone's
			t.Errorf("%d files open after Close, %d before", got, before)
		}
	})
}

// TestMoveUnderAFloodLosesNothing moves a call to and fro while its phones send as fast as they can, from threads of their own.
// Every packet is received, most in their order.
func TestMoveUnderAFloodLosesNothing(t *testing.T) { overSockets(t, moveUnderAFloodLosesNothing) }

func moveUnderAFloodLosesNothing(t *testing.T, sockets string) {
	const packets = 5000
	r := onLoopback(t, relay.Config{Shards: 2, Sockets: sockets, BatchWindow: time.Millisecond})
	var legs [2]*relay.Leg
	var phones [2]*socketPhone
	for i := range legs {
		var err error
		if legs[i], err = r.OpenLeg(relay.LegConfig{}); err != nil {
			t.Fatal(err)
		}
		phones[i] = newSocketPhone(t, loopback, uint32(i))
		legs[i].SetRemote(relay.Remote{RTP: phones[i].addr()})
	}
	join(t, legs[0], legs[1])
	var sending sync.WaitGroup
	for i, p := range phones {
		sending.Go(func() { // ends with its packets; waited for below
			for n := range packets {
				p.send(t, legs[i].LocalRTP())
				// A socket's own buffer holds few packets: let the relay keep up.
				for try := 0; n%50 == 49 && legs[i].Stats().Received.Packets+50 < uint64(n) && try < 1000; try++ {
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { sending.Wait(); close(done) }() // ends with them
	moves := 0
	for moving := true; moving; moves++ {
		select {
		case <-done:
			moving = false
		default:
		}
		if err := legs[0].Move(moves % 2); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if legs[0].Stats().Received.Packets == packets && legs[1].Stats().Received.Packets == packets {
			break
		}
	}
	for i, l := range legs {
		if s := l.Stats(); s.Received.Packets != packets || s.Dropped.Total() != 0 {
			t.Errorf("leg %d after %d moves: %+v", i, moves, s)
		}
	}
	for i, s := range r.Stats() {
		t.Logf("%d moves, shard %d: %d packets handed over", moves, i, s.HandedOver)
		if s.Overflowed+s.NoSession != 0 {
			t.Errorf("shard %d: %+v", i, s)
		}
	}
}

// TestChoiceOfSocketsIsLogged checks that it is said once, with the reason.
func TestChoiceOfSocketsIsLogged(t *testing.T) {
	udptest.NeedSteered(t, "steered")
	everywhere := []relay.Interface{{Name: "any", Address: netip.IPv4Unspecified(), Advertise: loopback, FirstPort: 20000, LastPort: 20099}}
	many := make([]relay.Interface, udp.MaxSteeredAddresses+1)
	for i := range many {
		many[i] = relay.Interface{Name: string(rune('a' + i)), Address: netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}), FirstPort: 20000, LastPort: 20099}
	}
	for _, c := range []struct {
		name   string
		config relay.Config
		want   string
		warned bool
	}{
		{"auto", relay.Config{Interfaces: on(20000, 20099)}, `sockets=steered reason="possible here"`, false},
		{"steered", relay.Config{Sockets: "steered", Interfaces: on(20000, 20099)}, `sockets=steered reason="asked for"`, false},
		{"ports", relay.Config{Sockets: "ports", Interfaces: on(20000, 40099)}, `sockets=ports reason="asked for"`, false},
		{"auto on every address", relay.Config{Sockets: "auto", Interfaces: everywhere}, `sockets=ports reason="steered sockets: not supported on this system: ports of 0.0.0.0 cannot be steered`, false},
		{"auto with too many addresses", relay.Config{Interfaces: many}, `sockets=ports reason="steered sockets: not supported on this system: 65 addresses`, false},
		{"ports that others may be given", relay.Config{Interfaces: on(40000, 40099)}, `sockets=steered`, true},
	} {
		var log bytes.Buffer
		c.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.config.Shards = 1
		r, err := relay.New(c.config)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		r.Close()
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		said := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.Contains(l, "media sockets") })
		if len(said) != 1 || !strings.Contains(said[0], c.want) {
			t.Errorf("%s: %q, want ... %s", c.name, lines, c.want)
		}
		warned := strings.Contains(log.String(), "net.ipv4.ip_local_reserved_ports=40000-40099")
		if warned != c.warned {
			t.Errorf("%s: %q", c.name, lines)
		}
	}
}

// TestFailedNewLeavesNothing has New fail after it has attached its program.
func TestFailedNewLeavesNothing(t *testing.T) {
	overSockets(t, func(t *testing.T, sockets string) {
		udptest.NeedSteered(t, sockets)
		before := files(t)
		for _, bad := range [][]relay.Interface{
			on(20000, 20000),
			append(on(20000, 20099), relay.Interface{Name: "away", Address: netip.MustParseAddr("192.0.2.1"), FirstPort: 20000, LastPort: 20099}),
		} {
			if r, err := relay.New(relay.Config{Sockets: sockets, Shards: 2, Interfaces: bad}); err == nil {
				r.Close()
				t.Error("accepted")
			}
		}
		if got := files(t); got != before {
			t.Errorf("%d files open, %d before", got, before)
		}
	})
	if _, err := relay.New(relay.Config{Interfaces: []relay.Interface{{Name: "away", Address: netip.MustParseAddr("192.0.2.1"), FirstPort: 20000, LastPort: 20099}}}); !errors.Is(err, udp.ErrAddressNotAvailable) || !strings.Contains(err.Error(), "interface away") {
		t.Errorf("auto with a foreign address: %v", err)
	}
}

// TestLegsOfTwoRelaysShareARange has two relays on one range, as when a new process takes over from an old one.
func TestLegsOfTwoRelaysShareARange(t *testing.T) {
	overSockets(t, func(t *testing.T, sockets string) {
		var relays [2]*relay.Relay
		for i := range relays {
			relays[i] = onLoopback(t, relay.Config{Shards: 1, Sockets: sockets, Interfaces: on(20000, 20399)})
		}
		seen := map[netip.AddrPort]bool{}
		for i := range 100 {
			l, err := relays[i%2].OpenLeg(relay.LegConfig{})
			if err != nil {
				t.Fatal(err)
			}
			if seen[l.LocalRTP()] {
				t.Errorf("%s was opened twice", l.LocalRTP())
			}
			seen[l.LocalRTP()] = true
			sink := &count{}
			if err := l.SetRoute(relay.Route{Sink: sink}); err != nil {
				t.Fatal(err)
			}
			phone := newSocketPhone(t, loopback, 7)
			l.SetRemote(relay.Remote{RTP: phone.addr()})
			phone.send(t, l.LocalRTP())
			for end := time.Now().Add(5 * time.Second); l.Stats().Received.Packets == 0; {
				if time.Now().After(end) {
					t.Fatalf("leg %d is deaf", i)
				}
			}
			phone.Close()
		}
	})
}

type count struct{ packets int }

func (c *count) ReceiveRTP(p []byte, _ int64) {
	if rtp.SSRC(p) == 7 {
		c.packets++
	}
}
