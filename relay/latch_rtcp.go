package relay

import "net/netip"

// rtcpLatch is the latch of a leg's RTCP port. RTCP is too rare to learn from by itself, so it leans on the RTP
// latch: accepted is the signalled RTCP address, and once RTP is locked any port of the same IP address whose sender
// has the SSRC of the RTP stream, which others behind one NAT do not know; the last such port is sent to.
type rtcpLatch struct {
	signalled netip.AddrPort
	locked    netip.AddrPort // invalid = nothing locked on
}

// accepts reports whether an RTCP packet that came from src to the RTCP port, naming ssrc as its sender, is the peer's.
// Hot path: no allocation, lock, clock or log.
func (c *rtcpLatch) accepts(src netip.AddrPort, ssrc uint32, l *Latch) bool {
	if src == c.locked && src.IsValid() {
		return true
	}
	switch {
	case l.mode == Off:
		return src.Addr() == c.signalled.Addr()
	case l.mode == Strict:
		return src == c.signalled
	case src == c.signalled && !c.locked.IsValid():
		return true
	}
	return l.state == Locked && src.Addr() == l.locked.Addr() && ssrc == l.ssrc && (!c.locked.IsValid() || !l.noRebind)
}

// learn locks on the source of an authentic packet that accepts let in.
// Hot path: no allocation, lock, clock or log.
func (c *rtcpLatch) learn(src netip.AddrPort, l *Latch) {
	if l.mode != Off && l.mode != Strict {
		c.locked = src
	}
}

// to returns where RTCP goes when it is not multiplexed with RTP, invalid when nowhere is known: RTCP is
// not sent on a guess.
// Hot path: no allocation, lock, clock or log.
func (c *rtcpLatch) to(l *Latch) netip.AddrPort {
	switch {
	case !l.to.IsValid():
		return netip.AddrPort{}
	case c.locked.IsValid():
		return c.locked
	case l.to == l.signal.Addr, l.to.Addr() == c.signalled.Addr():
		return c.signalled
	}
	return netip.AddrPort{}
}

// reset forgets what was learned: RTP has been locked on another source.
func (c *rtcpLatch) reset() { c.locked = netip.AddrPort{} }

// signal takes the signalled RTCP address. The same again, or a hold's, keeps what was learned.
func (c *rtcpLatch) signal(a netip.AddrPort) {
	a = plain(a)
	if !reachable(a) || a == c.signalled {
		return
	}
	c.signalled = a
	c.reset()
}
