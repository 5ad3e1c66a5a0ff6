package relay

import (
	"net/netip"
	"time"

	"sidetone/relay/rtp"
)

// Latch decides where a peer's RTP is accepted from and where ours goes. It is a state machine on a passed
// clock, with no sockets and no locks.
//
//	                                  Signal (same address, or on hold): stays as it is
//	                                    ┌────┐
//	┌──────┐  Signal   ┌──────────┐   ┌─▼────┴─┐
//	│ Idle ├──────────►│ Learning ├──►│ Locked ├──┐ Relatched: a NAT has rebound its port (same IP and SSRC,
//	└──────┘           └─▲────────┘   └─┬────▲─┘  │ sequence goes on), a lock on a stranger (BehindNAT)
//	                     │   Signal of  │    └────┘ gives way to an address that signalling vouches for, or a
//	                     └── another ◄──┘           lock on a port that was not signalled to a steadier one
//	                         address
//
//	Learning ──► Locked:  the signalled address           first packet
//	                      another candidate               4 packets in sequence of one SSRC   (Heuristic)
//	                                                      first packet                        (Immediate)
//
// A candidate is the signalled address, its IP with another port, the IP that the signalling came from, and any
// address when the operator has marked the station BehindNAT; such a stranger never wins while a vouched-for
// candidate is sending. Behind one NAT anybody is a candidate, so packets count at the pace of a stream only, and a
// lock may be contended (contend). For each packet: Check says what its source is; the caller then sees that the packet
// is authentic and of a negotiated payload type, and tells Learn about a candidate or Seen about the locked source.
type Latch struct {
	to     netip.AddrPort // where media goes now; invalid = nowhere
	locked netip.AddrPort // in Locked: the source
	at     int64          // in Locked: when the newest packet that counts came
	held   int64          // in Locked: until then nothing passes and nothing is sent, for another source contends; 0 = not held
	ssrc   uint32         // in Locked: of the newest packet
	beats  uint32         // packets of locked sources that count: at least a beat apart
	seq    uint16
	steady uint8 // in Locked: how many have come without a pause; proven stays
	state  State

	*learning
}

// learning is what of a Latch packets of the locked source do not touch: apart, so that the rest is close together.
type learning struct {
	mode      Mode
	noRebind  bool
	vouched   bool // in Locked: signalling gave reason to expect it
	signal    Signal
	signalled netip.AddrPort // the last signalled address that was not a hold's 0.0.0.0

	first      int64          // Delayed: when the first candidate packet came, 0 = not yet
	favourite  netip.AddrPort // Delayed: the last candidate to qualify
	former     netip.AddrPort // the source of before the last change of address or rebinding: its stragglers are not
	formerFrom int64          // learned from for grace, or not followed for rebindEvery, from then on
	candidates candidates
}

// Signal is what signalling says about the peer's RTP.
type Signal struct {
	Addr      netip.AddrPort // from the SDP; invalid, 0.0.0.0, :: or port 0 = nothing is to be sent (RFC 3264, 8.4)
	Source    netip.Addr     // where the SIP message came from, if known
	BehindNAT bool           // marked so by the operator: any source may be learned from
}

// Verdict is what becomes of a packet as far as its source is concerned.
type Verdict uint8

// The verdicts.
const (
	Refuse    Verdict = iota // not from here
	Candidate                // perhaps; not yet
	Pass                     // from here
)

const (
	delay       = int64(3 * time.Second)        // of mode Delayed
	graceOpen   = int64(3 * time.Second)        // for a peer whose signalled address will speak for itself
	graceHidden = int64(500 * time.Millisecond) // for one behind a NAT, where only learning can find it
	rebindEvery = int64(time.Second)            // two streams of one SSRC do not make the latch flap
	maxDropout  = 3000                          // packets that a rebinding may cost: 60 s at 20 ms (RFC 3550, A.1)
)

// NewLatch returns an idle latch. noRebind keeps it from ever following a NAT that rebinds.
func NewLatch(m Mode, noRebind bool) Latch {
	return Latch{learning: &learning{mode: m, noRebind: noRebind}}
}

// State returns how far the latch has come.
func (l *Latch) State() State { return l.state }

// To returns where media goes now, invalid when it goes nowhere.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) To() netip.AddrPort { return l.to }

// Source returns the source locked on, invalid when none is.
func (l *Latch) Source() netip.AddrPort {
	if l.state != Locked {
		return netip.AddrPort{}
	}
	return l.locked
}

// Signal tells the latch what signalling says at time now. Saying the same again (a session refresh), a hold's
// 0.0.0.0 and the end of a hold change nothing that was learned; another address starts over, unless it is the one locked on.
func (l *Latch) Signal(s Signal, now int64) {
	s.Addr = plain(s.Addr)
	s.Source = s.Source.Unmap().WithZone("")
	before := l.signalled
	l.signal = s
	if reachable(s.Addr) {
		l.signalled = s.Addr
	}
	switch {
	case l.state == Locked && l.signalled == l.locked:
		l.vouched = true
	case l.state == Locked && l.signalled == before && l.candidate(l.locked):
		l.vouched = l.vouches(l.locked)
	case l.state == Locked:
		l.former, l.formerFrom = l.locked, now
		l.learn()
	case l.state == Idle || l.signalled != before:
		l.learn()
	}
	l.aim()
}

// learn starts over.
func (l *Latch) learn() {
	l.state, l.locked, l.vouched = Learning, netip.AddrPort{}, false
	l.first, l.favourite, l.held = 0, netip.AddrPort{}, 0
	l.candidates = candidates{}
}

// aim sets where media goes: to the source locked on (symmetric RTP, RFC 4961); before that to the
// signalled address, unless that can only be an address inside the peer's own network.
func (l *Latch) aim() {
	switch {
	case !reachable(l.signal.Addr):
		l.to = netip.AddrPort{}
	case l.mode == Off, l.mode == Strict:
		l.to = l.signal.Addr
	case l.state == Locked && l.held != 0:
		l.to = netip.AddrPort{}
	case l.state == Locked:
		l.to = l.locked
	case l.hidden():
		l.to = netip.AddrPort{}
	default:
		l.to = l.signal.Addr
	}
}

// hidden reports whether the signalled address is of the peer's own network and not of ours.
func (l *Latch) hidden() bool {
	s := &l.signal
	switch {
	case s.Source == s.Addr.Addr():
		return false
	case s.BehindNAT:
		return true
	}
	return s.Source.IsValid() && inner(s.Addr.Addr()) && !inner(s.Source)
}

// Check says what a packet's source is: Pass (accepted; call Seen), Candidate (call Learn) or Refuse.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) Check(src netip.AddrPort) Verdict {
	if src == l.locked && l.state == Locked {
		return Pass
	}
	if l.state == Idle || l.candidate(src) {
		return Candidate
	}
	return Refuse
}

// grace is for how long the former source is not learned from.
func (l *Latch) grace() int64 {
	if l.hidden() {
		return graceHidden
	}
	return graceOpen
}

// candidate reports whether src may be learned from.
func (l *Latch) candidate(src netip.AddrPort) bool {
	switch l.mode {
	case Off:
		return src.Addr() == l.signalled.Addr()
	case Strict:
		return src == l.signalled
	}
	return l.signal.BehindNAT || l.vouches(src)
}

// vouches reports whether signalling gives reason to expect src.
func (l *Latch) vouches(src netip.AddrPort) bool {
	return src.Addr() == l.signal.Source || src.Addr() == l.signalled.Addr()
}

// acceptsRTCP reports whether RTCP multiplexed on the RTP port is the peer's. Reports show no stream, so nothing is
// learned from them.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) acceptsRTCP(src netip.AddrPort) bool {
	switch {
	case l.state == Idle:
		return false
	case l.mode == Off:
		return src.Addr() == l.signalled.Addr()
	case l.state == Locked:
		return src == l.locked
	}
	return src == l.signalled
}

// Seen notes an authentic packet of the locked source and says whether it is accepted: Pass, or Candidate while another
// source contends for the lock.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) Seen(ssrc uint32, seq uint16, now int64) Verdict {
	if ssrc != l.ssrc || rtp.SeqLess(l.seq, seq) {
		l.ssrc, l.seq = ssrc, seq
	}
	if gap := now - l.at; gap >= beat {
		l.at = now
		l.beats++
		switch {
		case l.steady == proven:
		case gap <= pause:
			l.steady++
		default:
			l.steady = 1
		}
	}
	if l.held != 0 {
		if now < l.held && (l.steady < proven || !l.vouched) {
			return Candidate
		}
		l.held = 0
		l.aim()
	}
	return Pass
}

// Learn takes an authentic packet of a candidate and says whether it is accepted (Pass), still to be dropped
// (Candidate), or refused. event is Latched or Relatched when the lock has changed, else 0.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) Learn(src netip.AddrPort, ssrc uint32, seq uint16, now int64) (v Verdict, event EventKind) {
	switch {
	case l.state == Idle:
		return Candidate, 0
	case l.state == Locked:
		return l.relearn(src, ssrc, seq, now)
	case src == l.signalled, l.mode == Off:
		return l.lock(src, ssrc, seq, now, Latched)
	case src == l.former && now-l.formerFrom < l.grace():
		// Make before break: the peer is heard from its old address until its new one speaks up.
		if l.vouches(src) {
			return Pass, 0
		}
		return Candidate, 0
	case l.mode == Immediate:
		return l.lock(src, ssrc, seq, now, Latched)
	}
	if l.first == 0 {
		l.first = now
	}
	if l.candidates.qualifies(src, l.vouches(src), ssrc, seq, now) {
		if l.mode != Delayed {
			return l.lock(src, ssrc, seq, now, Latched)
		}
		l.favourite = src
	}
	if l.mode == Delayed && src == l.favourite {
		if now-l.first >= delay {
			return l.lock(src, ssrc, seq, now, Latched)
		}
		return Pass, 0
	}
	return Candidate, 0
}

// relearn takes a packet that is not from the source locked on.
func (l *Latch) relearn(src netip.AddrPort, ssrc uint32, seq uint16, now int64) (Verdict, EventKind) {
	if l.mode == Off { // every port of the signalled IP address
		l.locked, l.ssrc, l.seq = src, ssrc, seq
		return Pass, 0
	}
	if !l.vouched && l.vouches(src) {
		if src == l.signalled || l.candidates.qualifies(src, true, ssrc, seq, now) {
			return l.lock(src, ssrc, seq, now, Relatched)
		}
		return l.hold(now)
	}
	if l.noRebind || src.Addr() != l.locked.Addr() {
		return Refuse, 0
	}
	gone := rtp.SeqDiff(seq, l.seq)
	back := src == l.former && now-l.formerFrom < rebindEvery
	if ssrc == l.ssrc && gone > 0 && gone <= maxDropout && !back {
		l.former, l.formerFrom = l.locked, now
		vouched, steady := l.vouched, l.steady
		v, e := l.lock(src, ssrc, seq, now, Relatched)
		l.vouched, l.steady = vouched, steady
		return v, e
	}
	if l.vouched && l.locked != l.signalled && ssrc != l.ssrc {
		return l.contend(src, ssrc, seq, now)
	}
	return Refuse, 0
}

func (l *Latch) lock(src netip.AddrPort, ssrc uint32, seq uint16, now int64, event EventKind) (Verdict, EventKind) {
	l.state, l.locked, l.vouched = Locked, src, l.vouches(src)
	l.ssrc, l.seq = ssrc, seq
	l.at, l.steady, l.held = now, 1, 0
	l.beats++
	l.candidates = candidates{}
	l.aim()
	return Pass, event
}

// plain returns an address as packets carry it: no IPv4 in IPv6, no zone.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// reachable reports whether media can be sent to an address as signalled.
func reachable(a netip.AddrPort) bool {
	return a.IsValid() && a.Port() != 0 && !a.Addr().IsUnspecified()
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // carrier-grade NAT (RFC 6598)

// inner reports whether an address is of no public network.
func inner(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a)
}
