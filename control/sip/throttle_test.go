package sip

import (
	"net/netip"
	"testing"
	"time"
)

func TestStrangersAreThrottled(t *testing.T) {
	th, now := newThrottle(), time.Unix(1_800_000_000, 0)
	stranger, neighbour := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.1:5061")
	other, friend := netip.MustParseAddrPort("192.0.2.2:5060"), netip.MustParseAddrPort("192.0.2.1:7000")
	th.meet(friend, now)
	count := func(peer netip.AddrPort, messages int) (admitted int) {
		for range messages {
			if th.admits(peer, now) {
				admitted++
			}
		}
		return admitted
	}
	for _, c := range []struct {
		name           string
		peer           netip.AddrPort
		messages, want int
	}{
		{"a burst", stranger, 10_000, strangerBurst},
		{"another port of it", neighbour, 10, 0},
		{"who is known, from the same address", friend, 10_000, 10_000},
		{"another source", other, 10, 10},
	} {
		if got := count(c.peer, c.messages); got != c.want {
			t.Errorf("%s: %d of %d are read, want %d", c.name, got, c.messages, c.want)
		}
	}
	now = now.Add(time.Second)
	if got := count(stranger, 10_000); got != strangerRate {
		t.Errorf("after a second %d are read, want %d", got, strangerRate)
	}
	now = now.Add(acquaintedFor + time.Minute)
	th.meet(other, now) // the table turns
	if got := count(friend, 10_000); got != 10_000 {
		t.Errorf("who was known an hour ago: %d", got)
	}
	now = now.Add(acquaintedFor + time.Minute)
	th.meet(netip.MustParseAddrPort("192.0.2.9:5060"), now)
	if got := count(friend, 10_000); got != strangerBurst {
		t.Errorf("who was known two hours ago: %d", got)
	}
}

// TestThrottleIsBounded: sources beyond number, as forged ones are, fill neither table; those known before are, and who comes
// after the flood has a bucket again.
func TestThrottleIsBounded(t *testing.T) {
	th, now := newThrottle(), time.Unix(1_800_000_000, 0)
	friend := netip.MustParseAddrPort("192.0.2.1:5060")
	th.meet(friend, now)
	admitted := 0
	for i := range 5 * strangerSources {
		if th.admits(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5060), now) {
			admitted++
		}
	}
	if len(th.buckets) > strangerSources || admitted != strangerSources+strangerBurst {
		t.Errorf("%d sources, %d admitted", len(th.buckets), admitted)
	}
	if !th.admits(friend, now) {
		t.Error("a known peer is thrown away")
	}
	now = now.Add(10 * time.Second)
	for range strangerBurst {
		if !th.admits(netip.MustParseAddrPort("192.0.2.7:5060"), now) {
			t.Fatal("no bucket after the flood")
		}
	}
	for i := range 3 * acquaintances {
		th.meet(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5060), now)
	}
	if n := len(th.known) + len(th.before); n > 2*acquaintances {
		t.Errorf("%d peers are known", n)
	}
}

func BenchmarkThrottle(b *testing.B) {
	b.ReportAllocs()
	th, now, peer := newThrottle(), time.Unix(1_800_000_000, 0), netip.MustParseAddrPort("192.0.2.1:5060")
	for range b.N {
		th.admits(peer, now)
	}
}
