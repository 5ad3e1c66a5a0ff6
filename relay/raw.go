package relay

import "net/netip"

// Media that is not RTP: fax over UDPTL (ITU-T T.38), floor control over UDP, whatever an m= line may name. It has no number and
// no SSRC that we know of, so it goes from the RTP port to the RTP port of the leg it is routed to as it came, past
// payload maps, sinks and SRTP, and its sources are told apart by their addresses and pace alone:
//
//	signalled address      at once
//	another candidate      inSequence packets, each a beat after the last
//	another port, locked   the same, once the source locked on has been silent for rebindEvery

// acceptRaw takes a packet that is not RTP. Where RTCP would come in, nothing does.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) acceptRaw(s *Shard, b []byte, src netip.AddrPort, onRTCPPort bool, now int64) {
	if onRTCPPort || len(b) == 0 {
		l.stats.Dropped[DropMalformed]++
		return
	}
	switch l.latch.Check(src) {
	case Refuse:
		l.stats.Dropped[DropSource]++
		return
	case Pass:
		if l.latch.Seen(0, l.latch.seq+1, now) != Pass {
			l.stats.Dropped[DropLearning]++
			return
		}
	case Candidate:
		verdict, event := l.latch.LearnRaw(src, now)
		if !l.learned(s, verdict, event, src) {
			return
		}
	}
	l.received.add(len(b))
	l.active = now
	if l.route.To == nil {
		l.stats.Dropped[DropNoSession]++
		return
	}
	l.route.To.sendRaw(s, b)
}

// sendRaw queues a packet that is not RTP for the peer. A peer that was promised SRTP gets nothing unprotected.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) sendRaw(s *Shard, b []byte) {
	to := l.latch.To()
	switch {
	case !to.IsValid():
		l.stats.Unaddressed++
	case l.secure != nil:
		l.stats.Unprotected++
	default:
		l.sent.add(len(b))
		s.put(l.slots[0], to, b)
	}
}

// LearnRaw is Learn for a packet that has no number and no SSRC: each counts as the next of its source. As there is nothing
// by which a stream proves that it is the same from another port, it must come again and again while the locked source is silent.
// Hot path: no allocation, lock, clock or log.
func (l *Latch) LearnRaw(src netip.AddrPort, now int64) (Verdict, EventKind) {
	next := l.candidates.next(src)
	if l.state != Locked || l.mode == Off || !l.vouched && l.vouches(src) {
		return l.Learn(src, 0, next, now)
	}
	if l.noRebind || src.Addr() != l.locked.Addr() || now-l.at < rebindEvery {
		return Refuse, 0
	}
	vouched := l.vouched
	if !l.candidates.qualifies(src, vouched, 0, next, now) {
		return Candidate, 0
	}
	verdict, event := l.lock(src, 0, next, now, Relatched)
	l.vouched = vouched
	return verdict, event
}

// next returns the number after that of the source's last packet.
// Hot path: no allocation, lock, clock or log.
func (cs *candidates) next(src netip.AddrPort) uint16 {
	for i := range cs {
		if cs[i].count > 0 && cs[i].src == src {
			return cs[i].seq + 1
		}
	}
	return 0
}
