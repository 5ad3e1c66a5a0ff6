package relay

import (
	"net/netip"
	"testing"
)

func TestRTCPLatch(t *testing.T) {
	rtcp := netip.AddrPortFrom(signalled.Addr(), 4001)
	for _, c := range []struct {
		name     string
		mode     Mode
		rtp      netip.AddrPort // locked on before, if valid
		src      []netip.AddrPort
		ssrc     uint32
		accepted bool // the last of src
	}{
		{"signalled, before RTP", Heuristic, nobody, []netip.AddrPort{rtcp}, 1, true},
		{"another port, before RTP", Heuristic, nobody, []netip.AddrPort{otherPort}, 1, false},
		{"another port of the locked address, the stream's SSRC", Heuristic, signalled, []netip.AddrPort{otherPort}, 1, true},
		{"another port of the locked address, another SSRC", Heuristic, signalled, []netip.AddrPort{otherPort}, 9, false},
		{"a second port, the stream's SSRC", Heuristic, signalled, []netip.AddrPort{rtcp, otherPort}, 1, true},
		{"a second port, another SSRC", Heuristic, signalled, []netip.AddrPort{rtcp, otherPort}, 9, false},
		{"a stranger", Heuristic, signalled, []netip.AddrPort{attacker}, 1, false},
		{"strict: another port", Strict, signalled, []netip.AddrPort{otherPort}, 1, false},
		{"strict: signalled", Strict, signalled, []netip.AddrPort{rtcp}, 1, true},
		{"off: another port", Off, nobody, []netip.AddrPort{otherPort}, 1, true},
		{"off: a stranger", Off, nobody, []netip.AddrPort{attacker}, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLatchTest(t, c.mode).open()
			if c.rtp.IsValid() {
				l.packet(c.rtp, 1, 1)
			}
			var r rtcpLatch
			r.signal(rtcp)
			var got bool
			for _, src := range c.src {
				if got = r.accepts(src, c.ssrc, &l.Latch); got {
					r.learn(src, &l.Latch)
				}
				if !got && src != c.src[len(c.src)-1] {
					t.Fatalf("%v was refused", src)
				}
			}
			if got != c.accepted {
				t.Errorf("accepted %v, want %v", got, c.accepted)
			}
		})
	}
}

func TestRTCPIsNotSentOnAGuess(t *testing.T) {
	l := newLatchTest(t, Heuristic).behindNAT(false)
	var r rtcpLatch
	r.signal(netip.AddrPortFrom(private.Addr(), 4001))
	if to := r.to(&l.Latch); to.IsValid() {
		t.Errorf("before the lock to %v", to)
	}
	l.stream(natOuter, 1, 1, 4)
	if to := r.to(&l.Latch); to.IsValid() {
		t.Errorf("after the lock, before any RTCP, to %v", to)
	}
	if !r.accepts(natOther, 1, &l.Latch) {
		t.Fatal("RTCP of the locked address was refused")
	}
	r.learn(natOther, &l.Latch)
	if to := r.to(&l.Latch); to != natOther {
		t.Errorf("to %v, want %v", to, natOther)
	}
	r.reset()
	if to := r.to(&l.Latch); to.IsValid() {
		t.Errorf("after the reset to %v", to)
	}
}
