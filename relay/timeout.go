package relay

import "time"

// scanEvery is how often a shard looks at its legs for silence.
const scanEvery = int64(time.Second)

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

// scan looks at every leg once a second.
// Hot path: no allocation, lock, clock or log.
func (s *Shard) scan(now int64) {
	if now < s.nextScan {
		return
	}
	s.nextScan = now + scanEvery
	for _, l := range s.legs {
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
}
