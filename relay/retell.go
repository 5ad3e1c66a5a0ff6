package relay

import (
	"encoding/binary"

	"sidetone/relay/rtp"
)

// Reports about a stream that is relayed with other numbers, packets or clock than it came with say what their reader knows of it
// (RFC 3550, 7.2): the numbers, counts and RTP times of its own side.
//
//	phone ── SR: packets, octets, timestamp ──► retell ──► other phone
//	phone ◄── retell ◄── RR: lost, highest number, jitter ── other phone
//
// Extended reports (RFC 3611) pass as they are.

// Offsets in a packet of RTCP (RFC 3550, 6.4).
const (
	reportTimestamp = 16 // of a sender report
	reportPackets   = 20
	reportOctets    = 24
	senderBlocks    = 28 // where the report blocks of a sender report begin
	receiverBlocks  = 8
	reportBlock     = 24 // length
)

// retell makes what the leg's peer reports, of its own stream and of the one it hears, true for the peer it is routed to.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) retell(b []byte) {
	to := l.route.To
	if to.numbers == nil && l.numbers == nil {
		return
	}
	for len(b) > 0 {
		p, rest, ok := rtp.NextRTCP(b)
		if !ok {
			return
		}
		b = rest
		blocks := receiverBlocks
		switch rtp.RTCPType(p) {
		case rtp.SR:
			if blocks = senderBlocks; len(p) < blocks {
				continue
			}
			if n := to.numbers; n != nil && n.started && n.ssrc == rtp.RTCPSSRC(p) {
				n.retellSent(p)
				if c := l.route.Map.clock(l.payloadType); c != nil {
					at := p[reportTimestamp:]
					binary.BigEndian.PutUint32(at, c.Scale(binary.BigEndian.Uint32(at)))
				}
			}
		case rtp.RR:
		default:
			continue
		}
		for range p[0] & 0x1f {
			if len(p) < blocks+reportBlock {
				break
			}
			if n := l.numbers; n != nil && n.started && n.ssrc == binary.BigEndian.Uint32(p[blocks:]) {
				n.retellHeard(p[blocks:blocks+reportBlock], to.kHz, l.kHz)
			}
			blocks += reportBlock
		}
	}
}

// retellSent counts in a sender report what left, and not what came.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) retellSent(p []byte) {
	add := func(at int, more uint32) {
		binary.BigEndian.PutUint32(p[at:], binary.BigEndian.Uint32(p[at:])+more)
	}
	add(reportPackets, n.packets)
	add(reportOctets, n.octets)
}

// retellHeard puts into a report block the numbers that came for those that left, as many packets lost as a lost one was made of, and
// the jitter by the clock of who reads it, kHz, and not of who wrote it.
// Hot path: no allocation, lock, clock or log.
func (n *numbers) retellHeard(b []byte, reader, writer uint8) {
	loss := binary.BigEndian.Uint32(b[4:])
	if lost := int32(loss<<8) >> 8; n.group > 1 && lost > 0 {
		lost = min(lost, 0x7fffff/int32(n.group)) * int32(n.group)
		binary.BigEndian.PutUint32(b[4:], loss&0xff000000|uint32(lost))
	}
	binary.BigEndian.PutUint32(b[8:], binary.BigEndian.Uint32(b[8:])-n.packets)
	if reader != 0 && writer != 0 && reader != writer {
		jitter := uint64(binary.BigEndian.Uint32(b[12:])) * uint64(reader) / uint64(writer)
		binary.BigEndian.PutUint32(b[12:], uint32(min(jitter, 1<<32-1)))
	}
}
