package relay

import (
	"net/netip"

	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
	"sidetone/relay/udp"
)

// The way of a packet that has arrived, on the shard's thread:
//
//	Packet ──slot──► leg ──► RTP? ──► valid ──► source (Latch) ──► payload type ──► SRTP ──► learn ──► route ──┬► Sink
//	                          ├► RTCP ► valid ► source (rtcpLatch) ───────────────► SRTCP ─► learn ──► route ──┼► To: send
//	                          └► Remote.Raw (raw.go) ► source (Latch) ─────────────────────► learn ──► route ──┘
//
// Nothing that arrives changes a leg before its source is accepted, but for the latch's own candidates, and where there
// are keys (secure.go) nothing that is not authentic does.

// fetchAhead is how many packets prefetch looks at.
const fetchAhead = 16

// prefetch reads a word of each line of cache that packets need of their legs (Leg), so that the processor waits for the missing
// ones all at the same time and not for one after the other; then the same for SRTP. It returns how many packets it looked at.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) prefetch(ps []udp.Packet) int {
	var from, to [fetchAhead]*Leg
	sum := uint64(0)
	for i := range ps {
		if slot := ps[i].Slot; int(slot) < len(s.ports) {
			if l := s.ports[slot].leg; l != nil {
				from[i], to[i] = l, l.direct
				sum += l.sent.Packets + l.received.Packets + uint64(l.latch.seq) + uint64(l.stream.SSRC())
			}
		}
	}
	for i, l := range to[:len(ps)] {
		switch {
		case l != nil:
			sum += l.sent.Packets
		case from[i] != nil && from[i].fetcher != nil:
			s.fetching = from[i]
			sum += from[i].fetcher.Fetch() + from[i].route.Tap.Types[0] + from[i].losses.seen
		}
	}
	s.fetching = nil
	var contexts [2 * fetchAhead]*srtp.Context
	n := 0
	for i := range ps {
		if l := from[i]; l != nil && l.secure != nil {
			contexts[n] = l.secure.in
			n++
		}
		if l := to[i]; l != nil && l.secure != nil {
			contexts[n] = l.secure.out
			sum += uint64(l.secure.renumbered.count)
			n++
		}
	}
	s.words = sum + srtp.Prefetch(contexts[:n])
	return len(ps)
}

// accept takes one packet that has arrived.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) accept(p *udp.Packet, now int64) {
	s.stats.Received.add(len(p.Data))
	if int(p.Slot) >= len(s.ports) || s.ports[p.Slot].leg == nil {
		s.stats.NoSession++
		return
	}
	l, onRTCPPort := s.ports[p.Slot].leg, s.ports[p.Slot].rtcp
	switch {
	case p.Truncated:
		l.stats.Dropped[DropMalformed]++
	case l.raw:
		l.acceptRaw(s, p.Data, p.Addr, onRTCPPort, now)
	case onRTCPPort:
		l.acceptRTCP(s, p.Data, p.Addr, true, now)
	case l.carriesRTCP(p.Data):
		l.acceptRTCP(s, p.Data, p.Addr, false, now)
	default:
		l.acceptRTP(s, p.Data, p.Addr, now)
	}
}

// carriesRTCP reports whether a packet on the RTP port is RTCP (RFC 5761, 4). Without negotiated rtcp-mux a
// payload type of 64-95 that was negotiated is RTP.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) carriesRTCP(b []byte) bool {
	return rtp.IsRTCP(b) && (l.remote.Mux || l.remote.PayloadTypes == [2]uint64{} || !l.negotiated(rtp.PayloadType(b)))
}

// negotiated reports whether the peer may send a payload type. With none signalled it may send any.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) negotiated(pt uint8) bool {
	return has(&l.remote.PayloadTypes, pt)
}

// has reports whether a payload type is in a set of them, of which the empty one stands for all.
// Hot path: no allocation, lock, clock or log.
func has(set *[2]uint64, pt uint8) bool {
	return set[pt>>6&1]&(1<<(pt&63)) != 0 || *set == [2]uint64{}
}

// acceptRTP takes a packet that is RTP if it is anything.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) acceptRTP(s *Shard, b []byte, src netip.AddrPort, now int64) {
	if rtp.HeaderLen(b) == 0 || l.secure == nil && !rtp.Valid(b) { // the padding's length is encrypted
		l.stats.Dropped[DropMalformed]++
		return
	}
	verdict := l.latch.Check(src)
	if verdict == Refuse {
		l.stats.Dropped[DropSource]++
		return
	}
	pt := rtp.PayloadType(b)
	kHz := l.kHz
	if pt != l.payloadType || kHz == 0 {
		if !l.negotiated(pt) {
			l.stats.Dropped[DropPayloadType]++
			return
		}
		kHz = uint8(l.clock(pt))
	}
	size := len(b)
	if l.secure != nil {
		if b = l.unprotect(b, false); b == nil {
			return
		}
	}
	ssrc, seq := rtp.SSRC(b), rtp.SequenceNumber(b)
	if verdict == Pass {
		if l.latch.Seen(ssrc, seq, now) != Pass {
			l.stats.Dropped[DropLearning]++
			return
		}
	} else if !l.learn(s, src, ssrc, seq, now) {
		return
	}
	l.received.add(size)
	l.payloadType, l.kHz = pt, kHz
	if missing := l.stream.Packet(b, int(kHz), now); missing != 0 {
		l.missed(b, missing)
	}
	l.active = now
	if l.direct != nil {
		l.direct.sendRTP(s, b)
	} else {
		l.follow(s, b, pt, now)
	}
}

// follow does with an RTP packet what the route says.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) follow(s *Shard, b []byte, pt uint8, now int64) {
	if l.route.Tap.sees(pt) {
		l.route.Tap.ReceiveRTP(b, now)
	}
	if l.route.Sink != nil {
		l.route.Sink.ReceiveRTP(b, now)
		if l.losses.player != nil {
			l.played(b)
		}
	}
	if l.route.To != nil {
		l.forward(s, b, pt)
	} else if l.route.Sink == nil {
		l.stats.Dropped[DropNoSession]++
	} else {
		s.window.sunk++
	}
}

// learn shows the latch an RTP packet of a candidate and reports whether it is accepted.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) learn(s *Shard, src netip.AddrPort, ssrc uint32, seq uint16, now int64) bool {
	verdict, event := l.latch.Learn(src, ssrc, seq, now)
	return l.learned(s, verdict, event, src)
}

// learned counts and reports what the latch said of a candidate, and whether it is accepted.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) learned(s *Shard, verdict Verdict, event EventKind, src netip.AddrPort) bool {
	switch verdict {
	case Refuse:
		l.stats.Dropped[DropSource]++
	case Candidate:
		l.stats.Dropped[DropLearning]++
	}
	if event != 0 {
		l.rtcpLatch.reset()
		s.report(Event{Leg: l, Kind: event, Remote: src})
	}
	return verdict == Pass
}

// acceptRTCP takes a packet that is RTCP if it is anything, from the RTCP port or multiplexed on the RTP port.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) acceptRTCP(s *Shard, b []byte, src netip.AddrPort, onRTCPPort bool, now int64) {
	if !rtp.IsRTCP(b) || l.secure == nil && !rtp.ValidRTCP(b) {
		l.stats.Dropped[DropMalformed]++
		return
	}
	var accepted bool
	if onRTCPPort {
		accepted = l.rtcpLatch.accepts(src, rtp.RTCPSSRC(b), &l.latch)
	} else {
		accepted = l.latch.acceptsRTCP(src)
	}
	if !accepted {
		if l.latch.State() == Locked {
			l.stats.Dropped[DropSource]++
		} else {
			l.stats.Dropped[DropLearning]++
		}
		return
	}
	size := len(b)
	if l.secure != nil {
		if b = l.unprotect(b, true); b == nil {
			return
		}
	}
	if onRTCPPort {
		l.rtcpLatch.learn(src, &l.latch)
	}
	l.stats.RTCPReceived.add(size)
	if l.reports.peer.Take(b, now) {
		l.sample(now)
	}
	l.active = now
	if to := l.route.To; to != nil {
		l.retell(b)
		to.sendRTCP(s, b)
	}
}

// forward sends an RTP packet on from the leg it is routed to.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) forward(s *Shard, b []byte, pt uint8) {
	to := l.route.To
	if l.silence != nil {
		l.silence.resume(s, b)
	}
	if l.route.Edit != nil && !l.route.Edit.EditRTP(b, s.now) {
		l.stats.Dropped[DropPayloadType]++
		to.numbers.drop(b)
		return
	}
	if l.route.Map == nil {
		to.pass(s, b, len(b))
		return
	}
	action := &l.route.Map[pt]
	switch {
	case action.Drop:
		l.stats.Dropped[DropPayloadType]++
		to.numbers.drop(b)
	case action.Transform == nil:
		rtp.SetPayloadType(b, action.PayloadType)
		if action.Clock != nil {
			rtp.SetTimestamp(b, action.Clock.Scale(rtp.Timestamp(b)))
		}
		to.pass(s, b, len(b))
	default:
		payload := rtp.Payload(b)
		out := s.buffer()
		head := copy(out, b[:rtp.HeaderLen(b)])
		n := 0
		if len(payload) > 0 && len(out)-head >= transformRoom {
			n = action.Transform.Transform(out[head:], payload)
		}
		var behind, kept uint32
		framer, frames := action.Transform.(Framer)
		if frames {
			behind, kept = framer.Framing()
		}
		if n == 0 && kept > behind {
			to.numbers.keep(b)
			return
		}
		if n <= 0 || n > len(out)-head {
			l.stats.Dropped[DropMalformed]++
			return
		}
		out[0] &^= 0x20 // the padding stays behind
		rtp.SetPayloadType(out, action.PayloadType)
		if behind > 0 {
			rtp.SetTimestamp(out, rtp.Timestamp(out)-behind)
		}
		if action.Clock != nil {
			rtp.SetTimestamp(out, action.Clock.Scale(rtp.Timestamp(out)))
		}
		if frames {
			to.numbers.join(out)
		}
		to.pass(s, out[:head+n], len(b))
		if l.silence != nil {
			l.silence.begin(b, action, s.now)
		}
	}
}

// transformRoom is the room that Transform is promised.
const transformRoom = 1400

// pass sends a packet of the stream that is relayed to the leg, of which so many octets came, with the number that is its own.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) pass(s *Shard, b []byte, came int) {
	if l.numbers != nil {
		l.numbers.pass(b, came, s.now)
	}
	l.sendRTP(s, b)
}

// sendRTP queues an RTP packet for the peer. b is what the caller got from buffer, or it must stay as it is until flush.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) sendRTP(s *Shard, b []byte) {
	to := l.latch.To()
	if !to.IsValid() {
		l.stats.Unaddressed++
		return
	}
	if l.secure != nil {
		if b = l.secure.protectRTP(s.buffer(), b); b == nil {
			l.stats.Unprotected++
			return
		}
	}
	l.sent.add(len(b))
	s.put(l.slots[0], to, b)
}

// sendRTCP queues an RTCP packet for the peer: on the RTP port when the peer multiplexes, else on the RTCP port.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) sendRTCP(s *Shard, b []byte) {
	slot, to := l.slots[1], l.rtcpTo()
	if l.remote.Mux {
		slot = l.slots[0]
	}
	if !to.IsValid() {
		l.stats.Unaddressed++
		return
	}
	l.reports.peer.Sent(b, s.now)
	if l.secure != nil {
		if b = l.secure.protectRTCP(s.buffer(), b); b == nil {
			l.stats.Unprotected++
			return
		}
	}
	l.stats.RTCPSent.add(len(b))
	s.put(slot, to, b)
}

// rtcpTo returns where RTCP goes now.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) rtcpTo() netip.AddrPort {
	if l.remote.Mux {
		return l.latch.To()
	}
	return l.rtcpLatch.to(&l.latch)
}

// WriteRTP sends a packet to the leg's peer, wherever that is now; while it is unknown the packet is counted
// and dropped. p is copied; what several sources write becomes one stream, see ownStream. On the shard's thread only: from its
// sinks, tickers and commands.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) WriteRTP(p []byte) {
	s := l.on
	if s == nil || len(p) > udp.MaxDatagram {
		return // closed, or nothing that could be received either
	}
	b := s.buffer()
	b = b[:copy(b, p)]
	if rtp.HeaderLen(b) > 0 && l.latch.To().IsValid() {
		l.reports.own.take(b, l.clock(rtp.PayloadType(b)), s.now)
	}
	l.sendRTP(s, b)
}

// Fetch reads a word of each line of the processor's cache that the next WriteRTP needs, so that the processor waits for those that are missing
// at once and not for one after the other. What it returns is a sum that nobody needs. On the shard's thread only.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) Fetch() uint64 {
	return l.sent.Packets + uint64(l.index) + uint64(l.reports.own.packets) + uint64(l.remote.Clocks[0])
}

// Insert sends a packet to the leg's peer as the next one of the stream that a leg routed here brings: with its SSRC and number. False:
// it is not sent, as nothing has come yet, or nobody edits the stream. On the shard's thread only.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) Insert(p []byte) bool {
	s, n := l.on, l.numbers
	if s == nil || n == nil || !n.started || len(p) > udp.MaxDatagram {
		return false
	}
	b := s.buffer()
	b = b[:copy(b, p)]
	n.put(b)
	l.sendRTP(s, b)
	return true
}

// Relayed tells the RTP timestamp of the newest packet of the stream that Insert puts packets into, and when it was sent; false where there
// is no such stream. On the shard's thread only.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) Relayed() (timestamp uint32, at int64, ok bool) {
	if l.numbers == nil || !l.numbers.started {
		return 0, 0, false
	}
	return l.numbers.timestamp, l.numbers.at, true
}
