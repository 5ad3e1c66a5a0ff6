package relay

import "time"

const (
	// scanEvery is how often a shard looks at each of its legs, for silence and for what is to be reported.
	scanEvery = int64(time.Second)
	// scanPart is how many it looks at in one go: of ten thousand, each one a few cache misses, all at once would hold
	// packets up for milliseconds.
	scanPart = 256
)

// timeouts is a leg's idea of how long silence may last. RTP and RTCP that the latch accepts are life.
type timeouts struct {
	noMedia, oneWay int64 // 0 = never
	since           int64 // silence is counted from here at the earliest: the last change of route or timeouts
	reported        bool  // the silence that lasts now
}

// overdue returns why a leg is over its time, "" when it is not. peerActive is when the leg it is routed to was last
// heard; paired false says that there is none, and then one-way does not apply.
func (t *timeouts) overdue(active, peerActive int64, paired bool, now int64) string {
	active = max(active, t.since)
	quiet := now - active
	if !paired {
		peerActive = active
	}
	if t.oneWay > 0 && paired && quiet >= t.oneWay && now-peerActive < t.oneWay {
		return ReasonOneWay
	}
	if t.noMedia > 0 && now-max(active, peerActive) >= t.noMedia {
		return ReasonNoMedia
	}
	return ""
}

// scan looks at the legs in turn, at every one about once a second: when legs come and go, one may be looked at a second
// later.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) scan(now int64) {
	if now < s.nextScan {
		return
	}
	part := min(len(s.legs), scanPart)
	if part == 0 {
		s.nextScan = now + scanEvery
		return
	}
	s.nextScan = now + scanEvery*int64(part)/int64(len(s.legs))
	for range part {
		if s.scanAt >= len(s.legs) {
			s.scanAt = 0
		}
		s.look(s.legs[s.scanAt], now)
		s.scanAt++
	}
}

// look reports what a leg's peer is to be told, and the leg's silence.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) look(l *Leg, now int64) {
	l.reportIfDue(s, now)
	paired := l.route.To != nil && l.route.To != l
	peerActive := int64(0)
	if paired {
		peerActive = l.route.To.active
	}
	reason := l.timeouts.overdue(l.active, peerActive, paired, now)
	if reason != "" && !l.timeouts.reported {
		s.report(Event{Leg: l, Kind: TimedOut, Reason: reason, Remote: l.latch.To()})
	}
	l.timeouts.reported = reason != ""
}
