package relay

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The cast. The signalled address is public in "open" tests and private behind nat in "hidden" ones.
var (
	signalled = netip.MustParseAddrPort("198.51.100.7:4000")
	otherPort = netip.MustParseAddrPort("198.51.100.7:4444")
	nextPort  = netip.MustParseAddrPort("198.51.100.7:4446")
	private   = netip.MustParseAddrPort("192.168.1.5:4000")
	natOuter  = netip.MustParseAddrPort("203.0.113.1:50000")
	natOther  = netip.MustParseAddrPort("203.0.113.1:50001")
	attacker  = netip.MustParseAddrPort("192.0.2.66:4000")
	nobody    = netip.AddrPort{}
)

// latchTest drives a latch as a leg does, packet by packet, 20 ms apart.
type latchTest struct {
	t *testing.T
	Latch
	now int64
}

func newLatchTest(t *testing.T, m Mode) *latchTest {
	return &latchTest{t: t, Latch: NewLatch(m, false), now: int64(time.Hour)}
}

func (l *latchTest) say(s Signal) { l.Signal(s, l.now) }

func (l *latchTest) open() *latchTest {
	l.say(Signal{Addr: signalled, Source: signalled.Addr()})
	return l
}

func (l *latchTest) behindNAT(marked bool) *latchTest {
	l.say(Signal{Addr: private, Source: natOuter.Addr(), BehindNAT: marked})
	return l
}

// packet offers one packet and reports what becomes of it.
func (l *latchTest) packet(src netip.AddrPort, ssrc uint32, seq uint16) (Verdict, EventKind) {
	l.now += int64(20 * time.Millisecond)
	return l.arrive(src, ssrc, seq)
}

// arrive is packet without time going on.
func (l *latchTest) arrive(src netip.AddrPort, ssrc uint32, seq uint16) (Verdict, EventKind) {
	switch v := l.Check(src); v {
	case Pass:
		return l.Seen(ssrc, seq, l.now), 0
	case Candidate:
		return l.Learn(src, ssrc, seq, l.now)
	default:
		return v, 0
	}
}

// stream offers n packets in sequence and returns how many passed.
func (l *latchTest) stream(src netip.AddrPort, ssrc uint32, seq uint16, n int) (passed int) {
	for i := range n {
		if v, _ := l.packet(src, ssrc, seq+uint16(i)); v == Pass {
			passed++
		}
	}
	return passed
}

func (l *latchTest) want(state State, to netip.AddrPort) {
	l.t.Helper()
	if l.State() != state || l.To() != to {
		l.t.Errorf("%v and sending to %v, want %v and %v", l.State(), l.To(), state, to)
	}
}

func (l *latchTest) wantPassed(got, want int) {
	l.t.Helper()
	if got != want {
		l.t.Errorf("%d packets passed, want %d", got, want)
	}
}

func TestIdleLatchAcceptsNothingAndSendsNowhere(t *testing.T) {
	for _, m := range []Mode{Heuristic, Off, Strict, Immediate, Delayed} {
		l := newLatchTest(t, m)
		l.wantPassed(l.stream(signalled, 1, 1, 10), 0)
		l.want(Idle, nobody)
	}
}

func TestSignalledAddressLocksAtOnce(t *testing.T) {
	for _, m := range []Mode{Heuristic, Off, Strict, Immediate, Delayed} {
		l := newLatchTest(t, m).open()
		l.want(Learning, signalled)
		if v, e := l.packet(signalled, 1, 100); v != Pass || e != Latched {
			t.Errorf("%v: %v, %v", m, v, e)
		}
		l.want(Locked, signalled)
	}
}

func TestWhoIsACandidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   Mode
		signal Signal
		src    netip.AddrPort
		passed int // of 10 packets in sequence
	}{
		{"heuristic: another port of the signalled address", Heuristic, Signal{Addr: signalled}, otherPort, 7},
		{"heuristic: the SIP source", Heuristic, Signal{Addr: private, Source: natOuter.Addr()}, natOuter, 7},
		{"heuristic: a stranger", Heuristic, Signal{Addr: signalled, Source: signalled.Addr()}, attacker, 0},
		{"heuristic: a stranger, unknown SIP source", Heuristic, Signal{Addr: signalled}, attacker, 0},
		{"heuristic: a stranger, station behind NAT", Heuristic, Signal{Addr: private, Source: natOuter.Addr(), BehindNAT: true}, attacker, 7},
		{"strict: another port", Strict, Signal{Addr: signalled, Source: signalled.Addr()}, otherPort, 0},
		{"strict: behind NAT", Strict, Signal{Addr: private, Source: natOuter.Addr(), BehindNAT: true}, natOuter, 0},
		{"off: another port", Off, Signal{Addr: signalled}, otherPort, 10},
		{"off: the SIP source", Off, Signal{Addr: signalled, Source: natOuter.Addr()}, natOuter, 0},
		{"immediate: another port", Immediate, Signal{Addr: signalled}, otherPort, 10},
		{"immediate: the SIP source", Immediate, Signal{Addr: private, Source: natOuter.Addr()}, natOuter, 10},
		{"immediate: a stranger", Immediate, Signal{Addr: signalled}, attacker, 0},
		{"delayed: the SIP source", Delayed, Signal{Addr: private, Source: natOuter.Addr()}, natOuter, 7},
		{"delayed: a stranger", Delayed, Signal{Addr: signalled}, attacker, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLatchTest(t, c.mode)
			l.say(c.signal)
			l.wantPassed(l.stream(c.src, 1, 65530, 10), c.passed)
		})
	}
}

func TestSourceNeedsFourPacketsInSequenceOfOneSSRC(t *testing.T) {
	type p struct {
		ssrc uint32
		seq  uint16
	}
	for _, c := range []struct {
		name   string
		ps     []p
		locked bool
	}{
		{"four", []p{{1, 10}, {1, 11}, {1, 12}, {1, 13}}, true},
		{"three", []p{{1, 10}, {1, 11}, {1, 12}}, false},
		{"across the wrap", []p{{1, 65534}, {1, 65535}, {1, 0}, {1, 1}}, true},
		{"one missing", []p{{1, 10}, {1, 11}, {1, 13}, {1, 14}}, false},
		{"one missing, then four", []p{{1, 10}, {1, 12}, {1, 13}, {1, 14}, {1, 15}}, true},
		{"a duplicate in between", []p{{1, 10}, {1, 11}, {1, 11}, {1, 12}, {1, 13}}, true},
		{"the same packet again and again", []p{{1, 10}, {1, 10}, {1, 10}, {1, 10}, {1, 10}}, false},
		{"two SSRCs", []p{{1, 10}, {1, 11}, {2, 12}, {2, 13}}, false},
		{"backwards", []p{{1, 13}, {1, 12}, {1, 11}, {1, 10}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLatchTest(t, Heuristic).behindNAT(false)
			for _, p := range c.ps {
				l.packet(natOuter, p.ssrc, p.seq)
			}
			if got := l.State() == Locked; got != c.locked {
				t.Errorf("locked %v, want %v", got, c.locked)
			}
		})
	}
}

func TestWhereMediaGoesBeforeTheLock(t *testing.T) {
	public := netip.MustParseAddr("203.0.113.1")
	lan := netip.MustParseAddr("10.9.0.1")
	for _, c := range []struct {
		name string
		mode Mode
		s    Signal
		to   netip.AddrPort
	}{
		{"a public address", Heuristic, Signal{Addr: signalled, Source: signalled.Addr()}, signalled},
		{"a public address, SIP from elsewhere", Heuristic, Signal{Addr: signalled, Source: public}, signalled},
		{"a private address, SIP from the public network", Heuristic, Signal{Addr: private, Source: public}, nobody},
		{"a private address, SIP from a private one", Heuristic, Signal{Addr: private, Source: lan}, private},
		{"a private address, SIP from itself", Heuristic, Signal{Addr: private, Source: private.Addr()}, private},
		{"a private address, SIP source unknown", Heuristic, Signal{Addr: private}, private},
		{"carrier-grade NAT, SIP from the public network", Heuristic, Signal{Addr: netip.MustParseAddrPort("100.64.3.3:4000"), Source: public}, nobody},
		{"behind NAT", Heuristic, Signal{Addr: private, Source: public, BehindNAT: true}, nobody},
		{"behind NAT, private SIP source", Heuristic, Signal{Addr: private, Source: lan, BehindNAT: true}, nobody},
		{"behind NAT, but it knows its public address", Heuristic, Signal{Addr: natOuter, Source: natOuter.Addr(), BehindNAT: true}, natOuter},
		{"strict sends as signalled", Strict, Signal{Addr: private, Source: public, BehindNAT: true}, private},
		{"off sends as signalled", Off, Signal{Addr: private, Source: public, BehindNAT: true}, private},
		{"on hold", Heuristic, Signal{Addr: netip.MustParseAddrPort("0.0.0.0:4000")}, nobody},
		{"on hold, strict", Strict, Signal{Addr: netip.MustParseAddrPort("[::]:4000")}, nobody},
		{"port 0", Heuristic, Signal{Addr: netip.MustParseAddrPort("198.51.100.7:0")}, nobody},
		{"nothing", Heuristic, Signal{}, nobody},
		{"IPv4 in IPv6", Heuristic, Signal{Addr: netip.MustParseAddrPort("[::ffff:198.51.100.7]:4000")}, signalled},
	} {
		l := newLatchTest(t, c.mode)
		l.say(c.s)
		if l.To() != c.to {
			t.Errorf("%s: to %v, want %v", c.name, l.To(), c.to)
		}
	}
}

func TestAfterTheLockEveryOtherSourceIsRefused(t *testing.T) {
	for _, m := range []Mode{Heuristic, Strict, Immediate, Delayed} {
		l := newLatchTest(t, m).open()
		l.packet(signalled, 1, 100)
		for _, src := range []netip.AddrPort{attacker, otherPort, natOuter} {
			l.wantPassed(l.stream(src, 2, 500, 20), 0)
		}
		l.want(Locked, signalled)
	}
}

func TestLockedNATIsNotTakenOverByTheSignalledAddress(t *testing.T) {
	// Whoever can spoof the address in the SDP must not be able to cut the phone off.
	l := newLatchTest(t, Heuristic).behindNAT(false)
	l.stream(natOuter, 1, 100, 4)
	l.want(Locked, natOuter)
	l.wantPassed(l.stream(private, 2, 100, 10), 0)
	l.want(Locked, natOuter)
}

func TestInterleavedAttackerDoesNotKeepThePhoneOut(t *testing.T) {
	l := newLatchTest(t, Heuristic).behindNAT(true)
	for i := range uint16(4) {
		for k := range uint16(5) { // five strangers for each packet of the phone
			if v, _ := l.packet(netip.AddrPortFrom(attacker.Addr(), 5000+k), 9, 100+i); v == Pass {
				t.Error("a stranger's packet passed")
			}
		}
		l.packet(natOuter, 1, 100+i)
	}
	l.want(Locked, natOuter)
}

func TestStrangerWinsOnlyWithoutVouchedCandidateAndYieldsToIt(t *testing.T) {
	stranger := netip.MustParseAddrPort("192.0.2.99:9999") // a phone whose NAT has several addresses
	l := newLatchTest(t, Heuristic).behindNAT(true)
	l.packet(natOuter, 1, 1)
	l.wantPassed(l.stream(stranger, 2, 100, 10), 0)
	l.now += int64(2 * time.Second)
	l.wantPassed(l.stream(stranger, 2, 110, 4), 4) // its sequence had been seen; the SIP source has gone quiet
	l.want(Locked, stranger)
	// The SIP source speaks up after all. From then on the stranger is not sent to.
	l.wantPassed(l.stream(natOuter, 1, 300, 1), 0)
	l.want(Locked, nobody)
	l.wantPassed(l.stream(stranger, 2, 114, 1), 0)
	l.wantPassed(l.stream(natOuter, 1, 301, 3), 1)
	l.want(Locked, natOuter)
	l.wantPassed(l.stream(stranger, 2, 115, 10), 0)
}

func TestRebindingNATIsFollowed(t *testing.T) {
	locked := func() *latchTest {
		l := newLatchTest(t, Heuristic).behindNAT(false)
		l.stream(natOuter, 1, 65500, 40) // up to 3, across the wrap
		return l
	}
	for _, c := range []struct {
		name    string
		src     netip.AddrPort
		ssrc    uint32
		seq     uint16
		follows bool
	}{
		{"new port, stream goes on", natOther, 1, 4, true},
		{"new port, a few seconds lost", natOther, 1, 250, true},
		{"new port, same packet again", natOther, 1, 3, false},
		{"new port, old packet", natOther, 1, 65535, false},
		{"new port, far ahead", natOther, 1, 20000, false},
		{"new port, another SSRC", natOther, 2, 4, false},
		{"another address", attacker, 1, 4, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := locked()
			l.t = t
			v, e := l.packet(c.src, c.ssrc, c.seq)
			if got := v == Pass && e == Relatched; got != c.follows {
				t.Fatalf("%v, %v", v, e)
			}
			if c.follows {
				l.want(Locked, natOther)
				l.wantPassed(l.stream(natOuter, 1, c.seq+1, 5), 0)
			} else {
				l.want(Locked, natOuter)
			}
		})
	}
	t.Run("not when forbidden", func(t *testing.T) {
		l := newLatchTest(t, Heuristic)
		l.Latch = NewLatch(Heuristic, true)
		l.behindNAT(false)
		l.stream(natOuter, 1, 1, 10)
		l.wantPassed(l.stream(natOther, 1, 11, 10), 0)
		l.want(Locked, natOuter)
	})
	t.Run("twice at once, as a NAT does that restarts", func(t *testing.T) {
		l := locked()
		l.t = t
		third := netip.AddrPortFrom(natOuter.Addr(), 50002)
		l.wantPassed(l.stream(natOther, 1, 4, 1)+l.stream(third, 1, 5, 1), 2)
		l.want(Locked, third)
	})
	t.Run("back at most once a second", func(t *testing.T) {
		l := locked()
		l.t = t
		moves := 0
		for i := range uint16(100) { // 2 s of one stream on two ports by turns
			src := natOuter
			if i%2 == 0 {
				src = natOther
			}
			if _, e := l.packet(src, 1, 4+i); e == Relatched {
				moves++
			}
		}
		if moves > 3 {
			t.Errorf("relatched %d times in 2 s", moves)
		}
	})
}

func TestSessionRefreshAndHoldKeepTheLock(t *testing.T) {
	for _, c := range []struct {
		name  string
		again []Signal
	}{
		{"the same again", []Signal{{Addr: private, Source: natOuter.Addr()}}},
		{"hold by address and back", []Signal{{Addr: netip.MustParseAddrPort("0.0.0.0:4000"), Source: natOuter.Addr()}, {Addr: private, Source: natOuter.Addr()}}},
		{"hold by port 0 and back", []Signal{{Addr: netip.AddrPortFrom(private.Addr(), 0), Source: natOuter.Addr()}, {Addr: private, Source: natOuter.Addr()}}},
		{"told the address locked on", []Signal{{Addr: natOuter, Source: natOuter.Addr()}}},
		{"marked behind NAT", []Signal{{Addr: private, Source: natOuter.Addr(), BehindNAT: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLatchTest(t, Heuristic).behindNAT(false)
			l.stream(natOuter, 1, 1, 4)
			for i, s := range c.again {
				l.say(s)
				if last := i == len(c.again)-1; !last {
					l.want(Locked, nobody)
				}
			}
			l.want(Locked, natOuter)
			l.wantPassed(l.stream(natOuter, 1, 5, 3), 3)
			l.wantPassed(l.stream(attacker, 1, 8, 9), 0)
		})
	}
}

func TestNewAddressStartsOver(t *testing.T) {
	l := newLatchTest(t, Heuristic).open()
	l.stream(signalled, 1, 1, 10)
	l.say(Signal{Addr: otherPort, Source: signalled.Addr()})
	l.want(Learning, otherPort)
	// What is still on its way from the old port is heard, and does not become the lock.
	l.wantPassed(l.stream(signalled, 1, 11, 20), 20)
	l.want(Learning, otherPort)
	if v, e := l.packet(otherPort, 2, 500); v != Pass || e != Latched {
		t.Errorf("%v, %v", v, e)
	}
	l.want(Locked, otherPort)
	l.wantPassed(l.stream(signalled, 1, 31, 10), 0)
}

func TestPeerThatStaysAtItsOldAddressIsLearnedAgain(t *testing.T) {
	l := newLatchTest(t, Heuristic).open()
	l.stream(signalled, 1, 1, 10)
	l.say(Signal{Addr: nextPort, Source: signalled.Addr()})
	l.stream(signalled, 1, 11, 200) // 4 s
	l.want(Locked, signalled)
}

func TestOldPeerIsNotHeardAfterTheCallHasMovedToAnother(t *testing.T) {
	other := netip.MustParseAddrPort("198.51.100.9:7000")
	l := newLatchTest(t, Heuristic).open()
	l.stream(signalled, 1, 1, 10)
	l.say(Signal{Addr: other, Source: other.Addr()})
	l.wantPassed(l.stream(signalled, 1, 11, 200), 0)
	l.wantPassed(l.stream(other, 2, 1, 5), 5)
	l.want(Locked, other)
}

func TestDelayedWaitsAndTakesTheLastToQualify(t *testing.T) {
	l := newLatchTest(t, Delayed)
	l.say(Signal{Addr: signalled, Source: signalled.Addr()})
	l.wantPassed(l.stream(otherPort, 1, 1, 50), 47) // heard for 1 s
	l.want(Learning, signalled)                     // but not sent to
	l.wantPassed(l.stream(nextPort, 2, 1, 50), 47)
	l.wantPassed(l.stream(otherPort, 1, 80, 2), 0)
	l.stream(nextPort, 2, 51, 100)
	l.want(Locked, nextPort)
}

func TestOffFollowsEveryPortButSendsAsSignalled(t *testing.T) {
	l := newLatchTest(t, Off).open()
	l.wantPassed(l.stream(otherPort, 1, 1, 3), 3)
	l.wantPassed(l.stream(nextPort, 2, 1, 3), 3)
	l.wantPassed(l.stream(attacker, 3, 1, 3), 0)
	l.want(Locked, signalled)
}

func TestModeNames(t *testing.T) {
	for _, m := range []Mode{Heuristic, Off, Strict, Immediate, Delayed} {
		if got, err := ParseMode(m.String()); got != m || err != nil {
			t.Errorf("%v: %v, %v", m, got, err)
		}
	}
	for _, name := range []string{"", "on", "Heuristic"} {
		if _, err := ParseMode(name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

// TestAttackerNeverPasses plays any order of signalling and packets of a phone behind a NAT against an attacker
// who knows ports, sequence numbers and SSRC but sends from another address: nothing of it may pass, and nothing go to it.
func TestAttackerNeverPasses(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := rapid.SampledFrom([]Mode{Heuristic, Off, Strict, Immediate, Delayed}).Draw(rt, "mode")
		l := newLatchTest(t, m)
		seq := uint16(65500)
		addrs := []netip.AddrPort{private, signalled, natOuter, netip.MustParseAddrPort("0.0.0.0:1"), {}}
		sources := []netip.Addr{natOuter.Addr(), signalled.Addr(), {}}
		rt.Repeat(map[string]func(*rapid.T){
			"signal": func(rt *rapid.T) {
				l.say(Signal{Addr: rapid.SampledFrom(addrs).Draw(rt, "addr"), Source: rapid.SampledFrom(sources).Draw(rt, "source")})
			},
			"phone": func(rt *rapid.T) {
				src := rapid.SampledFrom([]netip.AddrPort{natOuter, natOther, signalled, otherPort}).Draw(rt, "src")
				l.packet(src, 1, seq)
				seq++
			},
			"attack": func(rt *rapid.T) {
				if v, e := l.packet(netip.AddrPortFrom(attacker.Addr(), rapid.Uint16().Draw(rt, "port")), 1, seq+1); v == Pass || e != 0 {
					rt.Fatalf("the attacker's packet: %v, %v", v, e)
				}
			},
			"time": func(rt *rapid.T) { l.now += rapid.Int64Range(0, int64(10*time.Second)).Draw(rt, "dt") },
			"": func(rt *rapid.T) {
				if l.To().Addr() == attacker.Addr() {
					rt.Fatal("media goes to the attacker")
				}
			},
		})
	})
}

func TestLatchNoAllocs(t *testing.T) {
	l := newLatchTest(t, Heuristic).behindNAT(true)
	seq := uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		seq++
		l.packet(natOuter, 1, seq)
		l.packet(attacker, 1, seq)
		l.packet(natOther, 1, seq)
		l.packet(natOther, 9, seq)
		if seq%100 == 0 {
			l.say(Signal{Addr: netip.AddrPortFrom(private.Addr(), seq), Source: natOuter.Addr(), BehindNAT: true})
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLatchLocked(b *testing.B) {
	l := NewLatch(Heuristic, false)
	l.Signal(Signal{Addr: signalled}, 0)
	l.Learn(signalled, 1, 1, 0)
	b.ReportAllocs()
	for now := int64(0); b.Loop(); now += int64(20 * time.Millisecond) {
		if l.Check(signalled) != Pass {
			b.Fatal("refused")
		}
		l.Seen(1, 2, now)
	}
}
