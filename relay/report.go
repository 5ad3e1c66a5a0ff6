package relay

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"sidetone/relay/quality"
	"sidetone/relay/rtp"
)

// RTCP of our own. Where a leg is routed to another one, the phones' reports pass through (retell.go) and are listened to. A leg that
// nothing is routed to hears tones, music or a room from here: its peer gets sender and receiver reports of ours
// (RFC 3550, 6), every five seconds or so.
//
//	scan ─► report ─► Receiver.Block, ownStream ─► quality.Report ─► sendRTCP
//	accept ─► Receiver.Packet, Peer.Take          WriteRTP ─► ownStream

// reportEvery is the mean time between two reports: the smallest of RFC 3550, 6.2.
const reportEvery = int64(5 * time.Second)

// Clocks are the kHz of the timestamps of each payload type; 0 stands for 8.
type Clocks [128]uint8

// reports is what a leg knows from RTCP and has to say in it.
type reports struct {
	own    ownStream
	cname  string // immutable
	ssrc   uint32 // ours while we send no RTP
	random uint32
	peer   quality.Peer
}

// ownStream is what sinks and tickers send to the peer: one stream, whatever makes it. A tone, the music of a room and its mix
// follow each other under the SSRC of the first, numbers and timestamps going on, because some phones fall silent for
// good when a new SSRC begins with a lower number.
type ownStream struct {
	started         bool
	ssrc            uint32
	source          uint32 // the SSRC that the present source writes
	seqBy           uint16 // what its sequence numbers are moved by
	timestampBy     uint32
	seq             uint16 // of the newest packet
	timestamp       uint32
	at              int64 // when it was sent
	kHz             int
	packets, octets uint32
	told            uint32 // packets as of the last report
}

// ownFrame is the least time between the packets of two sources.
const ownFrame = int64(20 * time.Millisecond)

func newReports() reports {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return reports{cname: rand.Text(), ssrc: binary.BigEndian.Uint32(b[:]), random: binary.BigEndian.Uint32(b[4:]) | 1}
}

// clock returns the kHz of a payload type.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) clock(pt uint8) int {
	if k := l.remote.Clocks[pt&0x7f]; k != 0 {
		return int(k)
	}
	return 8
}

// take makes a packet that is sent from here the next one of the stream.
// Hot path: no allocation, lock, clock or log.
func (o *ownStream) take(b []byte, kHz int, now int64) {
	switch ssrc := rtp.SSRC(b); {
	case !o.started:
		o.started, o.ssrc, o.source = true, ssrc, ssrc
	case ssrc != o.source:
		o.source = ssrc
		o.seqBy = o.seq + 1 - rtp.SequenceNumber(b)
		o.timestampBy = o.timestamp + uint32(max(now-o.at, ownFrame)*int64(kHz)/1e6) - rtp.Timestamp(b)
		rtp.SetMarker(b, true)
	}
	o.seq, o.timestamp = rtp.SequenceNumber(b)+o.seqBy, rtp.Timestamp(b)+o.timestampBy
	rtp.SetSSRC(b, o.ssrc)
	rtp.SetSequenceNumber(b, o.seq)
	rtp.SetTimestamp(b, o.timestamp)
	o.packets++
	o.octets += uint32(max(len(b)-rtp.HeaderLen(b), 0))
	o.at, o.kHz = now, kHz
}

// reportIfDue sends the peer a report when it is time for one. Once a second for each leg.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) reportIfDue(s *Shard, now int64) {
	switch {
	case len(l.from) > 0: // the peer gets the reports of whoever it hears
		l.reportAt = 0
	case l.reportAt == 0:
		l.reportAt = now + l.reports.interval()/2
	case now >= l.reportAt:
		l.reportAt = now + l.reports.interval()
		l.report(s, now, false)
	}
}

// interval is random between a half and one and a half of reportEvery, divided by e - 3/2 (RFC 3550, 6.3.1).
// Hot path: no allocation, lock, clock or log.
func (r *reports) interval() int64 {
	r.random ^= r.random << 13
	r.random ^= r.random >> 17
	r.random ^= r.random << 5
	return (reportEvery/2 + reportEvery>>16*int64(r.random)>>16) * 1000 / 1218
}

// report sends what there is to say, and nothing when there is nothing.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) report(s *Shard, now int64, bye bool) {
	r, own := &l.reports, &l.reports.own
	if !l.rtcpTo().IsValid() {
		return
	}
	about, heard := l.stream.Block()
	speaking := own.packets != own.told
	if !heard && !speaking && !bye {
		return
	}
	report := quality.Report{SSRC: r.ssrc, CNAME: r.cname, Bye: bye}
	if own.started {
		report.SSRC = own.ssrc
	}
	if speaking {
		own.told = own.packets
		report.Packets, report.Octets = own.packets, own.octets
		report.Time = l.relay.epoch + now
		report.Timestamp = own.timestamp + uint32((now-own.at)*int64(own.kHz)/1e6)
	}
	if heard {
		report.About = &about
		report.LastSR, report.SinceThen = r.peer.LastReport(about.SSRC, now)
	}
	if l.remote.RoundTrips {
		report.Time = l.relay.epoch + now
		if report.Reference = !speaking && !bye; report.Reference {
			r.peer.SentReference(report.SSRC, report.Time, now)
		}
		report.TheirSSRC, report.TheirReference, report.SinceTheirs = r.peer.Reference(now)
	}
	if l.remote.Metrics && heard {
		reception := l.reception()
		metrics := reception.Metrics(l.remote.Impairment)
		report.Metrics = &metrics
	}
	b := s.buffer()
	l.sendRTCP(s, b[:report.Put(b)])
}

// farewell says goodbye for the stream that the peer hears from here, if there is one.
func (l *Leg) farewell(s *Shard) {
	if l.reports.own.started && len(l.from) == 0 {
		l.report(s, s.now, true)
	}
}

// sample notes what the peer's newest report says of how the conversation with the leg beyond sounds there.
// Hot path: no allocation, lock, clock or log.
func (l *Leg) sample(now int64) {
	if to := l.route.To; to != nil {
		l.samples.Take(&l.reports.peer, &to.reports.peer, l.clock(l.payloadType), l.remote.Impairment, now)
	}
}

// quality returns what is known of how well media arrives.
func (l *Leg) quality() Quality {
	r := &l.reports
	q := Quality{Reception: l.reception(), Reported: r.peer.Heard(), PeerLost: r.peer.Lost(), PeerJitter: r.peer.Jitter(l.clock(l.payloadType))}
	q.PeerMetrics, q.Rated = r.peer.Metrics()
	q.Samples = l.samples
	return q
}
