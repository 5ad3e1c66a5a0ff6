package main

import (
	"testing"
	"time"

	"sidetone/bench/netlab"
	"sidetone/bench/phone"
)

// TestNATStaysOpen: a NAT that forgets a flow after 11 s lets a call in that comes 13 s after the phone behind it has
// said anything of its own accord, since the server asks it every 10 s, a third of nat_expires.
func TestNATStaysOpen(t *testing.T) {
	if !netlab.Here(t) {
		return
	}
	t.Parallel()
	a := newArena(t, "auto", ", nat_expires: 30s", []string{"srtp: off"})
	check(t, a.nat.Forget(11))
	open := func(on *netlab.Host, i int, address string) *phone.Phone {
		p, stop, err := a.phone(t, on, phone.Config{Tel: arenaTel(0, i), Address: address})
		check(t, err)
		t.Cleanup(stop)
		return p
	}
	inside, outside := open(a.villa, 0, arenaVilla.Addr().String()), open(a.office, 1, arenaOffice.Addr().String())
	registered := time.Now()
	time.Sleep(13*time.Second - time.Since(registered)) // nothing to wait for: that the NAT would have forgotten is the point
	call, err := outside.Call(soon(t), inside.Tel())
	check(t, err)
	check(t, call.Hangup(soon(t)))
}
