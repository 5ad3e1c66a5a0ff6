package quality

import (
	"encoding/binary"
	"time"

	"sidetone/relay/rtp"
)

const (
	senderInfoAt = 8  // where the sender's information begins in a sender report (RFC 3550, 6.4.1)
	senderInfo   = 20 // its length
	blockLen     = 24 // length of a report block
	maxRoundTrip = int64(10 * time.Second)
)

// Peer follows the reports of one peer: how it receives what it is sent, and how far away it is. The zero value is ready.
type Peer struct {
	last      lastReport    // the peer's own newest sender report
	sent      [4]lastReport // sender reports that went to the peer, ours or others' passed on
	next      int           // in sent
	roundTrip int64         // nanoseconds, 0 = unknown
	reference lastReport    // the peer's newest receiver reference time
	theirs    Metrics       // the peer's newest
	rated     bool          // there are some

	streams  [4]streamLoss
	nextLoss int   // in streams
	past     int64 // lost of streams that are no longer in streams
	fraction uint8
	jitter   uint32
	heard    bool
}

// lastReport is a sender report: the middle of its NTP time, and when it came or went. at 0 = none.
type lastReport struct {
	ssrc, mid uint32
	at        int64
}

type streamLoss struct {
	ssrc uint32
	lost int32
	used bool
}

// Take takes a compound of the peer that rtp.ValidRTCP accepted, and reports whether the peer said in it how it receives.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) Take(b []byte, now int64) (said bool) {
	for len(b) > 0 {
		packet, rest, ok := rtp.NextRTCP(b)
		if !ok {
			return said
		}
		b = rest
		blocks := 8
		switch rtp.RTCPType(packet) {
		case rtp.SR:
			if len(packet) < senderInfoAt+senderInfo {
				continue
			}
			p.last = lastReport{rtp.RTCPSSRC(packet), middle(packet), now}
			blocks += senderInfo
		case rtp.RR:
		case rtp.XR:
			p.extended(packet, now)
			continue
		default:
			continue
		}
		for range packet[0] & 0x1f {
			if len(packet) < blocks+blockLen {
				break
			}
			p.block(packet[blocks:blocks+blockLen], now)
			blocks, said = blocks+blockLen, true
		}
	}
	return said
}

// block takes one report block.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) block(b []byte, now int64) {
	p.heard = true
	ssrc, loss := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	p.fraction, p.jitter = uint8(loss>>24), binary.BigEndian.Uint32(b[12:])
	p.loss(ssrc).lost = max(int32(loss<<8)>>8, 0)
	if last := binary.BigEndian.Uint32(b[16:]); last != 0 {
		p.measure(last, binary.BigEndian.Uint32(b[20:]), now)
	}
}

// measure finds the round trip: the time since our report that the peer names, less the time the peer kept it, in 1/65536 s
// (RFC 3550, 6.4.1).
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) measure(mid, kept uint32, now int64) {
	for i := range p.sent {
		s := &p.sent[i]
		if s.at == 0 || s.mid != mid {
			continue
		}
		trip := now - s.at - int64(kept)*int64(time.Second)>>16
		if trip < maxRoundTrip && trip > -int64(50*time.Millisecond) { // clocks and batches are not exact
			p.roundTrip = max(trip, 1)
		}
		return
	}
}

// loss returns the entry of an SSRC.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) loss(ssrc uint32) *streamLoss {
	for i := range p.streams {
		if s := &p.streams[i]; s.used && s.ssrc == ssrc {
			return s
		}
	}
	s := &p.streams[p.nextLoss]
	p.nextLoss = (p.nextLoss + 1) % len(p.streams)
	p.past += int64(s.lost)
	*s = streamLoss{ssrc: ssrc, used: true}
	return s
}

// Sent takes a compound that goes to the peer.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) Sent(b []byte, now int64) {
	if len(b) >= senderInfoAt+senderInfo && rtp.RTCPType(b) == rtp.SR {
		p.keep(lastReport{rtp.RTCPSSRC(b), middle(b), now})
	}
}

// keep notes a time that the peer may name.
func (p *Peer) keep(r lastReport) {
	p.sent[p.next] = r
	p.next = (p.next + 1) % len(p.sent)
}

// middle is the middle 32 bits of a sender report's NTP time.
func middle(b []byte) uint32 { return binary.BigEndian.Uint32(b[senderInfoAt+2:]) }

// LastReport returns what a report block says of the peer's own reports about its stream ssrc: the middle of the newest
// one's NTP time and the time since, in 1/65536 s; zeros when there was none.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) LastReport(ssrc uint32, now int64) (mid, since uint32) {
	if p.last.at == 0 || p.last.ssrc != ssrc {
		return 0, 0
	}
	return p.last.mid, elapsed(now - p.last.at)
}

// elapsed is a time in 1/65536 s. Seconds and their fraction apart: nothing overflows.
func elapsed(d int64) uint32 {
	return uint32(d/int64(time.Second)<<16 + d%int64(time.Second)<<16/int64(time.Second))
}

// RoundTrip returns the time to the peer and back as measured, else as the peer tells, 0 while it is unknown. What the peer tells is
// to whom its reports go: it counts where nothing better is known.
func (p *Peer) RoundTrip() time.Duration {
	if p.roundTrip == 0 {
		return p.told()
	}
	return time.Duration(p.roundTrip)
}

// Heard reports whether the peer has said how it receives.
func (p *Peer) Heard() bool { return p.heard }

// Lost returns how many packets never reached the peer, over all streams.
func (p *Peer) Lost() uint64 {
	n := p.past
	for i := range p.streams {
		n += int64(p.streams[i].lost)
	}
	return uint64(n)
}

// Jitter returns the jitter that the peer reported last, for a clock of so many kHz.
func (p *Peer) Jitter(kHz int) time.Duration { return span(p.jitter, kHz) }
