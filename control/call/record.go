package call

import (
	"sidetone/control/cdr"
	"sidetone/relay"
)

// keepStats notes what a leg saw before its ports are given back.
func (c *Call) keepStats(l *Leg) { c.kept = append(c.kept, l.saw()) }

// saw is what a leg has seen in the call it is in.
func (l *Leg) saw() cdr.Leg {
	s := since(l.media.Relay().Stats(), l.before)
	codec := codecName(l.media.Remote())
	q := QualityOf(s, codec)
	return cdr.Leg{
		Tel: l.tel, Peer: l.peer, Media: s.Remote, Codec: codec, SRTP: l.media.Suite(),
		PacketsReceived: s.Received.Packets, PacketsSent: s.Sent.Packets,
		BytesReceived: s.Received.Bytes, BytesSent: s.Sent.Bytes,
		PacketsLost: q.Said.Lost, LossPercent: round(100*q.Said.Loss, 2), JitterMS: Milliseconds(q.Said.Jitter), RoundTripMS: Milliseconds(q.RoundTrip),
		MOS: Score(q.Said.MOS), HeardLost: q.Heard.Lost, HeardMOS: Score(q.Heard.MOS),
		Drops: Drops(s),
	}
}

// write hands the call's record over.
func (c *Call) write() {
	if c.x.cfg.Record != nil {
		c.x.cfg.Record(c.record())
	}
}

// record is the call's record as of now.
func (c *Call) record() cdr.Record {
	r := cdr.Record{
		ID: c.id, From: c.from, To: c.number, TransferredBy: c.movedBy,
		Start: c.started, Ring: c.rangAt, Answer: c.answered, End: c.x.cfg.Now(),
		Reason: c.reason, EndedBy: c.endedBy, Legs: c.kept, Recordings: c.recordings,
	}
	if c.answered.IsZero() {
		r.Code = c.code
	}
	return r
}

// Drops are the reasons for which packets of a leg were refused, without those
// that never happened.
func Drops(s relay.LegStats) map[string]uint64 {
	m := make(map[string]uint64)
	for reason, n := range s.Dropped {
		if n > 0 {
			m[relay.DropReason(reason).String()] = n
		}
	}
	return m
}

// since is what a leg has seen after an earlier look at it.
func since(now, before relay.LegStats) relay.LegStats {
	now.Received.Packets -= before.Received.Packets
	now.Received.Bytes -= before.Received.Bytes
	now.Sent.Packets -= before.Sent.Packets
	now.Sent.Bytes -= before.Sent.Bytes
	now.Quality.Lost -= min(before.Quality.Lost, now.Quality.Lost)
	now.Quality.Expected -= min(before.Quality.Expected, now.Quality.Expected)
	now.Quality.PeerLost -= min(before.Quality.PeerLost, now.Quality.PeerLost)
	for reason := range now.Dropped {
		now.Dropped[reason] -= before.Dropped[reason]
	}
	return now
}
