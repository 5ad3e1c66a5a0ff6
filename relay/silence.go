package relay

import (
	"time"

	"sidetone/relay/rtp"
)

// Pauser is a Transform from a codec whose sender may send nothing while it is silent (DTX).
type Pauser interface {
	Transform
	// Pause returns how long the last payload was if it says that nothing may come for a while, in RTP time of what is transformed; else 0.
	Pause() uint32
	// Fill writes what is heard then, for as long as that payload was, as Transform does.
	Fill(dst []byte) int
}

// silence lets the peer of a leg hear the background of the one routed to it while that sends nothing, as a receiver of its codec would, and
// not nothing, which a phone without DTX takes for a bad network.
//
//	comes   speech 1 octet                                     speech
//	leaves  speech noise   noise noise noise ... noise noise noise speech
//	                       └ Tick, each a little late  └ resume: what is missing up to it
type silence struct {
	leg    *Leg // whose peer is silent
	how    *Action
	pauser Pauser // how.Transform
	pt     uint8  // that came last
	length uint32 // of what is filled in, RTP time; 0 = no pause
	next   uint32 // the timestamp of what is filled in next
	step   int64  // length in ns
	due    int64  // when it leaves
	ends   int64  // when nobody is believed to be there
}

const (
	pauseLate    = int64(10 * time.Millisecond) // after its time, lest it comes after all
	pauseLongest = int64(time.Second)           // the longest without a packet: Opus sends one every 400 ms
	pauseResume  = 4                            // the most that is filled in at once
)

// pauses reports whether any payload goes through a Pauser. A nil map has none.
func (m *PayloadMap) pauses() bool {
	if m == nil {
		return false
	}
	for pt := range m {
		if _, ok := m[pt].Transform.(Pauser); ok {
			return true
		}
	}
	return false
}

// setSilence watches for pauses where the route fills them.
func (l *Leg) setSilence(r *Route) {
	if l.silence != nil {
		l.RemoveTicker(l.silence)
		l.silence = nil
	}
	if r.To != nil && r.Map.pauses() {
		l.silence = &silence{leg: l}
		l.AddTicker(l.silence)
	}
}

// begin notes a packet that was transformed.
// Hot path: no allocation, lock, clock or log.
func (p *silence) begin(b []byte, how *Action, now int64) {
	pauser, ok := how.Transform.(Pauser)
	if !ok {
		return
	}
	p.length = pauser.Pause()
	if p.length == 0 || p.leg.kHz == 0 {
		p.length = 0
		return
	}
	p.how, p.pauser, p.pt, p.next = how, pauser, rtp.PayloadType(b), rtp.Timestamp(b)+p.length
	p.step = int64(p.length) * int64(time.Millisecond) / int64(p.leg.kHz)
	p.due, p.ends = now+p.step+pauseLate, now+pauseLongest
}

// resume ends the pause with a packet that has come, and fills in what is missing before it.
// Hot path: no allocation, lock, clock or log.
func (p *silence) resume(s *Shard, b []byte) {
	if p.length == 0 {
		return
	}
	missing := rtp.TimestampDiff(rtp.Timestamp(b), p.next) / int(p.length)
	if rtp.PayloadType(b) == p.pt && missing <= pauseResume {
		for range missing {
			p.fill(s)
		}
	}
	p.length = 0
}

// Tick fills in what has not come.
//
// Hot path: no allocation, lock, clock or log.
func (p *silence) Tick(now int64) {
	if p.length == 0 {
		return
	}
	if now >= p.ends {
		p.length = 0
		return
	}
	for range pauseResume {
		if now < p.due {
			return
		}
		p.fill(p.leg.on)
		p.due += p.step
	}
}

// fill sends the next payload of the pause.
// Hot path: no allocation, lock, clock or log.
func (p *silence) fill(s *Shard) {
	l := p.leg
	to := l.route.To
	out := s.buffer()
	head := rtp.Header{PayloadType: p.pt, Timestamp: p.next}.Put(out)
	p.next += p.length
	n := 0
	if len(out)-head >= transformRoom {
		n = p.pauser.Fill(out[head:])
	}
	if n <= 0 || n > len(out)-head || l.route.Edit != nil && !l.route.Edit.EditRTP(out[:head+n], s.now) {
		return
	}
	rtp.SetPayloadType(out, p.how.PayloadType)
	if p.how.Clock != nil {
		rtp.SetTimestamp(out, p.how.Clock.Scale(rtp.Timestamp(out)))
	}
	to.numbers.put(out[:head+n])
	to.sendRTP(s, out[:head+n])
}
