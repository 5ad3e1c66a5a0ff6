package quality

import (
	"encoding/binary"
	"math"
	"time"
)

// Unknown is what Metrics have for what is not known, where zero would mean something.
const Unknown = 127

// Metrics are how voice arrives as a VoIP metrics block tells it, in its units (RFC 3611, 4.7). Shares are of 256, times
// milliseconds, levels dBm0, opinions tenths.
type Metrics struct {
	SSRC uint32 // of the stream

	// Since the stream's beginning.
	LossRate, DiscardRate             uint8 // share of the packets that were lost, and that came and were not played
	BurstDensity, GapDensity          uint8 // share of both within bursts and between them
	BurstDuration, GapDuration        uint16
	RoundTrip, EndSystemDelay         uint16 // 0 = unknown
	Signal, Noise                     int8
	EchoReturnLoss, Gmin              uint8
	R, ExternalR                      uint8  // 0 to 100
	MOSLQ, MOSCQ                      uint8  // of who listens, and of who converses
	Receiver                          uint8  // concealment, jitter buffer (4.7.7)
	Nominal, Maximum, AbsoluteMaximum uint16 // delay of the jitter buffer, 0 = there is none
}

// Playout is how a stream is played where that happens here.
type Playout struct {
	Playing       bool // it is; otherwise the rest says nothing
	Adaptive      bool
	Discarded     uint64        // packets that came and were not played
	Nominal, Most time.Duration // delay of the jitter buffer: now, and at most
	Signal, Noise float64       // mean level of speech and of what is between, dBov; 0 = not known
}

// Reception is what is known of how a stream arrives.
type Reception struct {
	Expected, Lost uint64        // packets that the peer sent by their numbers, and those of them that never came
	Jitter         time.Duration // of what comes (RFC 3550, A.8)
	RoundTrip      time.Duration // to the peer and back, 0 = unknown

	Stream  uint32 // SSRC of the newest packet
	Bursts  Bursts
	Frame   time.Duration // of a packet
	Playout Playout
}

// What Metrics.Receiver says of ours (RFC 3611, 4.7.7): waveforms continued by pitch periods, a buffer that follows the network.
// The time to follow a step from 30 to 100 ms of jitter is 2 J packets; ours makes it with the first late one.
const (
	enhancedConcealment = 2 << 6
	adaptiveBuffer      = 3 << 4
	fixedBuffer         = 2 << 4
	adjustment          = 1
)

// overload is what dBov are above dBm0: a sine of full scale has -3.01 dBov (ITU-T G.100.1) and 3.14 dBm0 (G.711).
const overload = 6.15

// Metrics puts a reception into the words of a report, for a codec that costs so much.
//
// Hot path: no allocation, lock, clock or log.
func (r *Reception) Metrics(c Impairment) Metrics {
	p, b := &r.Playout, &r.Bursts
	m := Metrics{
		SSRC: r.Stream, Gmin: leastBetween, RoundTrip: millis(r.RoundTrip),
		Signal: Unknown, Noise: Unknown, EchoReturnLoss: Unknown, R: Unknown, ExternalR: Unknown, MOSLQ: Unknown, MOSCQ: Unknown,
		LossRate: share(r.Lost, r.Expected), DiscardRate: share(p.Discarded, r.Expected),
		BurstDensity: share(uint64(b.BurstBad), uint64(b.BurstPackets)), GapDensity: share(uint64(b.GapBad), uint64(b.GapPackets)),
		BurstDuration: mean(r.Frame, b.BurstPackets, b.Bursts), GapDuration: mean(r.Frame, b.GapPackets, b.Gaps),
	}
	delay := Delay(r.RoundTrip, r.Jitter)
	if p.Playing {
		m.Signal, m.Noise = level(p.Signal), level(p.Noise)
		m.Nominal, m.Maximum, m.AbsoluteMaximum = millis(p.Nominal), millis(p.Most), millis(p.Most)
		m.EndSystemDelay = millis(p.Nominal + 2*frame) // played at the next tick, and a packet filled
		delay = r.RoundTrip/2 + frame + p.Nominal
		m.Receiver = enhancedConcealment | fixedBuffer
		if p.Adaptive {
			m.Receiver = enhancedConcealment | adaptiveBuffer | adjustment
		}
	}
	if r.Expected > 0 {
		missing := float64(r.Lost+p.Discarded) / float64(r.Expected)
		listening, conversing := Rating(c, missing, 0), Rating(c, missing, delay)
		m.R, m.MOSLQ, m.MOSCQ = uint8(math.Round(conversing)), tenths(MOS(listening)), tenths(MOS(conversing))
	}
	return m
}

// share is a part of a whole as a fraction of 256.
func share(part, whole uint64) uint8 {
	if whole == 0 {
		return 0
	}
	return uint8(min(part<<8/whole, 255))
}

// mean is how long one of n periods is that have so many packets altogether.
func mean(frame time.Duration, packets, n uint32) uint16 {
	if n == 0 {
		return 0
	}
	return millis(frame * time.Duration(packets) / time.Duration(n))
}

// millis is a time in milliseconds, as much of it as there is room for.
func millis(d time.Duration) uint16 {
	return uint16(min(max(d.Round(time.Millisecond)/time.Millisecond, 0), math.MaxUint16))
}

// level turns dBov into dBm0.
func level(dBov float64) int8 {
	if dBov == 0 {
		return Unknown
	}
	return int8(min(max(math.Round(dBov+overload), -126), 126))
}

// tenths is an opinion in a report.
func tenths(mos float64) uint8 { return uint8(math.Round(10 * mos)) }

// Opinion is the mean opinion score of who converses, else of who listens, 1 to 5; 0 = unknown.
func (m *Metrics) Opinion() float64 {
	for _, mos := range [2]uint8{m.MOSCQ, m.MOSLQ} {
		if mos >= 10 && mos <= 50 {
			return float64(mos) / 10
		}
	}
	return 0
}

// put writes the block.
//
// Hot path: no allocation, lock, clock or log.
func (m *Metrics) put(b []byte) {
	head4(b, voipMetrics, metricsLen)
	binary.BigEndian.PutUint32(b[4:], m.SSRC)
	b[8], b[9], b[10], b[11] = m.LossRate, m.DiscardRate, m.BurstDensity, m.GapDensity
	binary.BigEndian.PutUint16(b[12:], m.BurstDuration)
	binary.BigEndian.PutUint16(b[14:], m.GapDuration)
	binary.BigEndian.PutUint16(b[16:], m.RoundTrip)
	binary.BigEndian.PutUint16(b[18:], m.EndSystemDelay)
	b[20], b[21], b[22], b[23] = byte(m.Signal), byte(m.Noise), m.EchoReturnLoss, m.Gmin
	b[24], b[25], b[26], b[27] = m.R, m.ExternalR, m.MOSLQ, m.MOSCQ
	b[28], b[29] = m.Receiver, 0
	binary.BigEndian.PutUint16(b[30:], m.Nominal)
	binary.BigEndian.PutUint16(b[32:], m.Maximum)
	binary.BigEndian.PutUint16(b[34:], m.AbsoluteMaximum)
}

// take reads a block of metricsLen bytes.
//
// Hot path: no allocation, lock, clock or log.
func (m *Metrics) take(b []byte) {
	*m = Metrics{
		SSRC: binary.BigEndian.Uint32(b[4:]), LossRate: b[8], DiscardRate: b[9], BurstDensity: b[10], GapDensity: b[11],
		BurstDuration: binary.BigEndian.Uint16(b[12:]), GapDuration: binary.BigEndian.Uint16(b[14:]),
		RoundTrip: binary.BigEndian.Uint16(b[16:]), EndSystemDelay: binary.BigEndian.Uint16(b[18:]),
		Signal: int8(b[20]), Noise: int8(b[21]), EchoReturnLoss: b[22], Gmin: b[23],
		R: b[24], ExternalR: b[25], MOSLQ: b[26], MOSCQ: b[27], Receiver: b[28],
		Nominal: binary.BigEndian.Uint16(b[30:]), Maximum: binary.BigEndian.Uint16(b[32:]), AbsoluteMaximum: binary.BigEndian.Uint16(b[34:]),
	}
}
