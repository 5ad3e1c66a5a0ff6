package relay

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Two behind one NAT: whoever attacks the phone from its own address is told from it by conduct alone.

// pace offers n packets in sequence, one every gap, and returns how many passed.
func (l *latchTest) pace(src netip.AddrPort, ssrc uint32, seq uint16, n int, gap time.Duration) (passed int) {
	for i := range n {
		l.now += int64(gap)
		if v, _ := l.arrive(src, ssrc, seq+uint16(i)); v == Pass {
			passed++
		}
	}
	return passed
}

func TestBurstIsNotBelieved(t *testing.T) {
	l := newLatchTest(t, Heuristic).behindNAT(false)
	l.now += int64(time.Second)
	for range 5 {
		l.wantPassed(l.pace(natOther, 9, 100, 50, 250*time.Microsecond), 0)
		l.now += int64(time.Second)
	}
	l.want(Learning, nobody)
	// A network that bunches the phone's packets costs it some of them.
	for i := range uint16(8) {
		l.pace(natOuter, 1, 2*i, 1, 40*time.Millisecond)
		l.arrive(natOuter, 1, 2*i+1)
	}
	l.want(Locked, natOuter)
}

func TestPhoneTakesTheLockFromWhoCameBy(t *testing.T) {
	for _, c := range []struct {
		name string
		gap  time.Duration // of the attacker's packets, before the phone speaks
		n    int
		wait time.Duration
		took int // packets of the phone
	}{
		{"at a phone's pace, once", 20 * time.Millisecond, 6, time.Second, 4},
		{"at a phone's pace, just now", 20 * time.Millisecond, 6, 0, 4},
		{"a few times a second", 250 * time.Millisecond, 100, 0, 4},
		{"twenty times a second", 50 * time.Millisecond, 15, 0, 4},
		{"at a phone's pace, for long", 20 * time.Millisecond, 500, 0, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLatchTest(t, Heuristic).behindNAT(false)
			l.pace(natOther, 9, 100, c.n, c.gap)
			l.want(Locked, natOther) // nothing is known of the phone yet
			l.now += int64(c.wait)
			for i := range uint16(c.took - 1) {
				if v, e := l.packet(natOuter, 1, i); v == Pass || e != 0 {
					t.Fatalf("packet %d: %v, %v", i, v, e)
				}
				if c.took == inSequence {
					l.want(Locked, nobody) // from the phone's first packet on
				}
			}
			if v, e := l.packet(natOuter, 1, uint16(c.took-1)); v != Pass || e != Relatched {
				t.Fatalf("%v, %v", v, e)
			}
			l.want(Locked, natOuter)
		})
	}
}

// talk plays n packets of the phone, 20 ms apart, and the attacker's in between, every gap: burst of them at once.
func (l *latchTest) talk(n int, gap time.Duration, burst int) (passed, let, bled int) {
	attack, seq := l.now, uint16(100)
	for i := range uint16(n) {
		for due := l.now + int64(20*time.Millisecond); l.now < due; l.now += int64(time.Millisecond) {
			for k := 0; l.now >= attack && k < burst; k++ {
				if v, _ := l.arrive(natOther, 9, seq); v == Pass {
					let++
				}
				seq++
			}
			if l.now >= attack {
				attack += int64(gap)
			}
		}
		if v, _ := l.arrive(natOuter, 1, i); v == Pass {
			passed++
		}
		if l.To() == natOther {
			bled++
		}
	}
	return passed, let, bled
}

func TestPhoneTakesTheLockFromWhoGoesOn(t *testing.T) {
	for _, gap := range []time.Duration{45 * time.Millisecond, 60 * time.Millisecond, 500 * time.Millisecond} {
		for _, before := range []int{4, 30} { // packets of the attacker
			l := newLatchTest(t, Heuristic).behindNAT(false)
			l.pace(natOther, 9, 50, before, gap)
			if _, let, bled := l.talk(100, gap, 1); l.Source() != natOuter || l.To() != natOuter || let > 16 || bled > 24 {
				t.Errorf("%d every %v: locked on %v, %d packets let in, %d bled", before, gap, l.Source(), let, bled)
			}
		}
	}
}

func TestSpeakingPhoneIsNotPushedOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		gap   time.Duration // of the attacker's packets
		burst int
	}{
		{"by a phone's pace", 20 * time.Millisecond, 1},
		{"by more than a phone's pace", 16 * time.Millisecond, 1},
		{"by a flood", time.Millisecond, 1},
		{"by bursts", 100 * time.Millisecond, 20},
	} {
		for _, young := range []bool{false, true} {
			l := newLatchTest(t, Heuristic).behindNAT(false)
			before := 25
			if young {
				before = 4
			}
			l.stream(natOuter, 1, 1000, before)
			passed, let, bled := l.talk(500, c.gap, c.burst)
			if let != 0 || bled != 0 || passed != 500 && !young || passed < 480 {
				t.Errorf("%s, young %v: %d of 500 heard, %d let in, %d bled", c.name, young, passed, let, bled)
			}
			l.want(Locked, natOuter)
		}
	}
}

func TestSilentPhoneIsNotPushedOutByWhoComesBy(t *testing.T) {
	l := newLatchTest(t, Heuristic).behindNAT(false)
	l.stream(natOuter, 1, 1, 25)
	for range 20 {
		l.now += int64(300 * time.Millisecond)
		l.wantPassed(l.pace(natOther, 9, 100, 15, 20*time.Millisecond), 0)
		l.wantPassed(l.pace(natOther, 9, 200, 20, 110*time.Millisecond), 0)
		l.wantPassed(l.pace(natOther, 9, 300, 100, time.Millisecond), 0)
	}
	l.want(Locked, natOuter)
	l.wantPassed(l.stream(natOuter, 1, 26, 1), 1)
}

func TestContentionPasses(t *testing.T) {
	l := newLatchTest(t, Heuristic).behindNAT(false)
	l.stream(natOuter, 1, 1, 5)
	l.arrive(natOther, 9, 1)
	l.want(Locked, nobody)
	l.wantPassed(l.stream(natOuter, 1, 6, 5), 1) // a pause after the other's only packet
	l.want(Locked, natOuter)
	l.arrive(natOther, 1, 9) // the phone's own, from before a rebinding
	l.want(Locked, natOuter)
}

func TestPhoneThatStartsAgainBehindItsNATIsFollowed(t *testing.T) {
	l := newLatchTest(t, Heuristic).behindNAT(false)
	l.stream(natOuter, 1, 1, 100)
	l.wantPassed(l.stream(natOther, 2, 500, 100), 100-proven+1)
	l.want(Locked, natOther)
}

func TestNoContentionWhereSignallingWasPlain(t *testing.T) {
	l := newLatchTest(t, Heuristic).open()
	l.stream(signalled, 1, 1, 5)
	l.now += int64(10 * time.Second)
	l.wantPassed(l.stream(otherPort, 2, 1, 200), 0)
	l.want(Locked, signalled)

	l = newLatchTest(t, Heuristic)
	l.Latch = NewLatch(Heuristic, true)
	l.behindNAT(false)
	l.stream(natOuter, 1, 1, 5)
	l.now += int64(10 * time.Second)
	l.wantPassed(l.stream(natOther, 2, 1, 200), 0)
	l.want(Locked, natOuter)
}

// TestSprayFromBehindThePhonesNATNeverKeepsTheCall plays sprays of any shape, up to 15 packets to this port at a time,
// against a phone behind the same NAT: little gets through, and the phone has the lock soon after it speaks and for good.
func TestSprayFromBehindThePhonesNATNeverKeepsTheCall(t *testing.T) {
	const ms = int64(time.Millisecond)
	rapid.Check(t, func(rt *rapid.T) {
		l := newLatchTest(t, rapid.SampledFrom([]Mode{Heuristic, Immediate}).Draw(rt, "mode")).behindNAT(false)
		jitter := rapid.Int64Range(0, 4*ms)
		speaks := l.now + rapid.Int64Range(0, 2000).Draw(rt, "silence")*ms
		seq, attack := uint16(0), uint16(0)
		next := l.now
		gap, left := int64(0), 0
		passed, bled, spoken := 0, 0, 0
		for due := speaks; spoken < 150; {
			if next < due {
				l.now = max(l.now, next)
				if left == 0 {
					left = rapid.IntRange(1, 15).Draw(rt, "packets")
					gap = rapid.Int64Range(0, 60).Draw(rt, "gap") * ms
					next += rapid.Int64Range(150, 1500).Draw(rt, "pause") * ms
					attack += 100
					continue
				}
				if v, _ := l.arrive(natOther, 9, attack); v == Pass && spoken > 0 {
					passed++
				}
				attack, left, next = attack+1, left-1, next+gap
				continue
			}
			l.now = max(l.now, due+jitter.Draw(rt, "jitter"))
			l.arrive(natOuter, 1, seq)
			seq, due, spoken = seq+1, due+20*ms, spoken+1
			if l.To() == natOther {
				bled++
			}
			if spoken > 30 && l.Source() != natOuter {
				rt.Fatalf("after %d packets of the phone the lock is on %v", spoken, l.Source())
			}
		}
		if passed > 15 || bled > 15 {
			rt.Fatalf("%d packets passed, %d went to the attacker", passed, bled)
		}
	})
}
