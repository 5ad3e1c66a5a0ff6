package quality

import (
	"encoding/binary"
	"time"

	"sidetone/relay/rtp"
)

// Extended reports (RFC 3611): a receiver that sends nothing gives its time, and the other side tells it back, so that
// either knows the round trip; phones tell how they rate what they hear.

// The block types that are read, and their lengths in bytes with the header.
const (
	referenceTime = 4 // 4.4
	delaySince    = 5 // 4.5
	voipMetrics   = 7 // 4.7

	referenceLen = 12
	sinceLen     = 12 // of each sub-block
	metricsLen   = 36
)

// extendedLen is the most that Report writes of it.
const extendedLen = 8 + referenceLen + 4 + sinceLen

// extended takes an XR packet of the peer.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) extended(b []byte, now int64) {
	ssrc := rtp.RTCPSSRC(b)
	for b = b[min(8, len(b)):]; len(b) >= 4; {
		n := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			return
		}
		block := b[:n]
		b = b[n:]
		switch {
		case block[0] == referenceTime && n == referenceLen:
			p.reference = lastReport{ssrc, binary.BigEndian.Uint32(block[6:]), now}
		case block[0] == delaySince:
			for sub := block[4:]; len(sub) >= sinceLen; sub = sub[sinceLen:] {
				if last := binary.BigEndian.Uint32(sub[4:]); last != 0 {
					p.measure(last, binary.BigEndian.Uint32(sub[8:]), now)
				}
			}
		case block[0] == voipMetrics && n == metricsLen:
			p.metrics(block)
		}
	}
}

// metrics takes how the peer rates what it hears. Its round trip is to whom its reports go; it counts where nothing better is
// known.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) metrics(b []byte) {
	if trip := int64(binary.BigEndian.Uint16(b[16:])) * int64(time.Millisecond); trip > 0 && trip < maxRoundTrip {
		p.told = trip
	}
	for _, mos := range [2]uint8{b[27], b[26]} { // conversational, else listening: tenths, 127 = unknown
		if mos >= 10 && mos <= 50 {
			p.mos = mos
			return
		}
	}
}

// MOS returns the mean opinion score that the peer gives what it hears, 1 to 5, 0 when it has not said.
func (p *Peer) MOS() float64 { return float64(p.mos) / 10 }

// SentReference notes that a report of ours carries our time, nanoseconds since 1970.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) SentReference(ssrc uint32, at, now int64) {
	seconds, fraction := ntp(at)
	p.keep(lastReport{ssrc, seconds<<16 | fraction>>16, now})
}

// Reference returns what a report says of the peer's own time: whose it is, the middle of it and the time since, in
// 1/65536 s; zeros when it has told none.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) Reference(now int64) (ssrc, mid, since uint32) {
	if p.reference.at == 0 {
		return 0, 0, 0
	}
	return p.reference.ssrc, p.reference.mid, elapsed(now - p.reference.at)
}

// extended writes an XR packet when there is something to say in it, and returns its length.
func (r *Report) extended(b []byte) int {
	n := 8
	if r.Reference {
		head4(b[n:], referenceTime, referenceLen)
		seconds, fraction := ntp(r.Time)
		binary.BigEndian.PutUint32(b[n+4:], seconds)
		binary.BigEndian.PutUint32(b[n+8:], fraction)
		n += referenceLen
	}
	if r.TheirReference != 0 {
		head4(b[n:], delaySince, 4+sinceLen)
		binary.BigEndian.PutUint32(b[n+4:], r.TheirSSRC)
		binary.BigEndian.PutUint32(b[n+8:], r.TheirReference)
		binary.BigEndian.PutUint32(b[n+12:], r.SinceTheirs)
		n += 4 + sinceLen
	}
	if n == 8 {
		return 0
	}
	head(b, 0, rtp.XR, n, r.SSRC)
	return n
}

// head4 writes what every block begins with.
func head4(b []byte, kind byte, length int) {
	b[0], b[1] = kind, 0
	binary.BigEndian.PutUint16(b[2:], uint16(length/4-1))
}
