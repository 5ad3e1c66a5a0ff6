package mixer

import "sidetone/relay/rtp"

// sender writes the RTP headers of one listener: its own SSRC, sequence numbers without a gap,
// timestamps that follow the room's time whether packets are sent or not, the marker on the first packet and
// on the first after a pause (RFC 3550 section 5.1, RFC 3551 section 4.1).
type sender struct {
	output  Output
	fetcher fetcher    // output, where it is one
	header  rtp.Header // of the next packet, but for the timestamp
	clock   uint32     // the RTP time at the end of the tick
	packets uint64
	octets  uint64 // of payload
}

func newSender(output Output, payloadType uint8, random func() uint32) sender {
	s := sender{output: output, clock: random()}
	s.fetcher, _ = output.(fetcher)
	s.header = rtp.Header{PayloadType: payloadType, Marker: true,
		SequenceNumber: uint16(random()), SSRC: random()}
	return s
}

// pause marks the next packet as the first after a pause.
func (s *sender) pause() { s.header.Marker = true }

// skip lets a tick go by without packets.
//
// hot path: no allocation, lock, clock or log
func (s *sender) skip(e *encoding) { s.clock += e.tickTime }

// send writes the packets that the encoding made this tick.
//
// hot path: no allocation, lock, clock or log
func (s *sender) send(e *encoding) {
	s.clock += e.tickTime
	s.header.Timestamp = s.clock - e.pendingTime - uint32(e.ready)*e.packetTime
	for i := range e.ready {
		p := e.packets[i].buf[:rtp.HeaderSize+e.packets[i].n]
		s.header.Put(p)
		s.output.WriteRTP(p)
		s.header.SequenceNumber++
		s.header.Timestamp += e.packetTime
		s.header.Marker = false
		s.packets++
		s.octets += uint64(e.packets[i].n)
	}
}

// SenderStats is a snapshot of one RTP stream that a room or a player sends.
type SenderStats struct {
	SSRC    uint32
	Packets uint64
	Octets  uint64 // of payload
	RTPTime uint32 // the RTP timestamp that corresponds to the end of the last tick
}

func (s *sender) stats() SenderStats {
	return SenderStats{SSRC: s.header.SSRC, Packets: s.packets, Octets: s.octets, RTPTime: s.clock}
}
