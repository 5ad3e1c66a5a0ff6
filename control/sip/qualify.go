package sip

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// How phones behind NAT are asked whether they are there (S6): so often that a NAT, which forgets a flow of UDP after
// 30 s as a rule (RFC 5626 4.4.1), keeps it, and at least three times within nat_expires.
const (
	qualifyMost   = 25 * time.Second
	qualifyWait   = 5 * time.Second // for an answer: OPTIONS and three retransmissions
	qualifyMisses = 3               // in a row, and the phone is gone
	qualifyReason = "3 OPTIONS not answered"
)

// qualifying is what is known of whether a phone behind NAT is there.
//
//	REGISTER ──► OPTIONS each interval ──► any answer: there
//	                 └── silence: again at once, three times ──► unreachable, if it has ever answered
//
// A phone that has never answered OPTIONS is left to its expiry: silence says nothing of it.
type qualifying struct {
	timer  *time.Timer // nil for a phone that is not behind NAT
	heard  bool        // it has answered
	missed int         // since it answered last
}

// interval is the time between two OPTIONS to a phone that answers.
func (r *Registrar) interval() time.Duration { return min(r.config.NATExpires/3, qualifyMost) }

// qualify begins to ask a phone behind NAT; mu is held. The moments are spread, so that phones that came at once, after
// a restart say, are not asked at once for ever.
func (r *Registrar) qualify(b *Binding) {
	if !b.BehindNAT || r.ask == nil {
		return
	}
	wait := r.interval()
	b.qualifying.timer = time.AfterFunc(wait-rand.N(wait/5), func() { r.asks(b) })
}

// asks sends OPTIONS, if the binding is still in.
func (r *Registrar) asks(b *Binding) {
	r.mu.Lock()
	in := !r.closed && slices.Contains(r.tels[b.Tel], b)
	to := *b
	r.mu.Unlock()
	if in {
		r.ask(to, func(answered bool) { r.answered(b, answered) })
	}
}

// answered notes an answer, or silence.
func (r *Registrar) answered(b *Binding, answered bool) {
	r.mu.Lock()
	if r.closed || !slices.Contains(r.tels[b.Tel], b) {
		r.mu.Unlock()
		return
	}
	q, wait := &b.qualifying, r.interval()
	if answered {
		q.heard, q.missed = true, 0
	} else if q.missed++; q.missed < qualifyMisses {
		wait = 0
	}
	gone := q.heard && q.missed >= qualifyMisses
	if !gone {
		q.timer.Reset(wait)
	}
	r.mu.Unlock()
	if gone {
		r.remove(b, Unreachable, qualifyReason)
	}
}

// options asks a phone whether it is there (RFC 3261 11). Any response will do, also one that refuses. answered is
// called once, with false after qualifyWait; not being able to send says as little as silence.
func (s *Stack) options(b Binding, answered func(bool)) {
	f := s.revive(b.Flow, b.Contact)
	p := peer{
		callID: token(16), target: b.Contact, flow: f, source: f,
		local:  party{uri: gosip.Uri{Scheme: "sip", Host: host(f.Local.Addr())}, tag: token(8)},
		remote: party{uri: gosip.Uri{Scheme: "sip", User: escapeUser(b.Tel), Host: host(f.Local.Addr())}},
	}
	req := p.request(s, gosip.OPTIONS, 1)
	addHeaders(req, []Header{{"Accept", sdpType}})
	var once sync.Once
	tx := s.request(req, f, func(*gosip.Response) { once.Do(func() { answered(true) }) }, func(error) {})
	time.AfterFunc(qualifyWait, func() {
		if tx.waiting() {
			tx.terminate()
		}
		once.Do(func() { answered(false) })
	})
}
