package quality

import (
	"encoding/binary"
	"time"

	"sidetone/relay/rtp"
)

// Extended reports (RFC 3611): a receiver that sends nothing gives its time, and the other side tells it back, so that
// either knows the round trip; each tells how it rates what it hears (metrics.go).

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
const extendedLen = 8 + referenceLen + 4 + sinceLen + metricsLen

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

// metrics takes how the peer rates what it hears.
//
// Hot path: no allocation, lock, clock or log.
func (p *Peer) metrics(b []byte) {
	p.theirs.take(b)
	p.rated = true
}

// told is the round trip that the peer tells of, 0 = unknown or absurd.
func (p *Peer) told() time.Duration {
	if d := time.Duration(p.theirs.RoundTrip) * time.Millisecond; d < time.Duration(maxRoundTrip) {
		return d
	}
	return 0
}

// Metrics returns how the peer says that it hears what it is sent; false when it has not said.
func (p *Peer) Metrics() (Metrics, bool) { return p.theirs, p.rated }

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
	if r.Metrics != nil {
		r.Metrics.put(b[n:])
		n += metricsLen
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
