package relay

import "net/netip"

// contend takes a packet of another port of the locked IP address: of somebody else behind the phone's NAT, or of the
// phone, if the lock is on somebody else's. Only conduct tells them apart. A phone sends steadily to this one port, who
// sprays many comes by: so the lock goes to a source that sends more than twice as often, after four packets if the
// locked one has not proven itself, else after as many as prove the other. In the first case neither is heard nor sent
// to until it is settled.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) contend(src netip.AddrPort, ssrc uint32, seq uint16, now int64) (Verdict, EventKind) {
	c := l.candidates.follow(src, true, ssrc, seq, now, l.beats)
	if c == nil {
		return Refuse, 0
	}
	if c.run >= inSequence && 2*(l.beats-c.rival) < uint32(c.run) && (l.steady < proven || c.steady == proven) {
		steady := c.steady
		l.lock(src, ssrc, seq, now, Relatched)
		l.steady = steady
		return Pass, Relatched
	}
	if c.run == 2*inSequence {
		c.run, c.rival = 0, l.beats
	}
	if l.steady == proven {
		return Refuse, 0
	}
	return l.hold(now)
}

// hold suspends the lock for the time in which a contender's next packet must come.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) hold(now int64) (Verdict, EventKind) {
	l.held = now + pause
	l.aim()
	return Candidate, 0
}
