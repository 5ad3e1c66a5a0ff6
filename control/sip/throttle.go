package sip

import (
	"net/netip"
	"sync"
	"time"
)

// What a source that has proved nothing may send: bursts, for a site of phones behind one NAT comes back at once after a
// power cut, and a rate over time.
const (
	strangerBurst = 2000
	strangerRate  = 500 // messages a second

	strangerSources = 1 << 14 // sources that are told apart at a time
	acquaintances   = 1 << 16 // peers kept in each half of the table
	acquaintedFor   = time.Hour
)

// throttle keeps strangers from taking the time of those we know. To read and answer a message takes
// many times what it takes to throw it away unread; so a source's messages are thrown away when there are too many, unless
// they come from the address and port of a peer that a transaction was held with: it has a password, is in a dialog, or is one that
// we called. What is thrown away is sent again by a phone that means it.
//
//	datagram ─► known? ─────────────────────────► read and answered
//	              └─no─► bucket of its address ──┘   └─► transaction ─► known
//	                       └─ empty: thrown away (UDP), or waits (TCP, TLS)
//
// The tables are bounded. A source for which there is no room shares one bucket with the others without.
type throttle struct {
	mu      sync.Mutex // guards the following
	buckets map[netip.Addr]int64
	shared  int64 // of sources without room
	swept   int64
	known   map[netip.AddrPort]struct{}
	before  map[netip.AddrPort]struct{} // the half filled before known
	turned  int64                       // when known was begun
}

func newThrottle() *throttle {
	return &throttle{buckets: make(map[netip.Addr]int64), known: make(map[netip.AddrPort]struct{})}
}

// admits says whether a message of a peer is to be read.
func (t *throttle) admits(peer netip.AddrPort, at time.Time) bool {
	now := at.UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.known[peer]; ok {
		return true
	}
	if _, ok := t.before[peer]; ok {
		return true
	}
	source := sourceKey(peer.Addr())
	full, ok := t.buckets[source] // when the bucket will be full again
	if !ok && len(t.buckets) >= strangerSources && !t.sweep(now) {
		return take(&t.shared, now)
	}
	admitted := take(&full, now)
	t.buckets[source] = full
	return admitted
}

// take takes a message out of a bucket that will be full again at a time.
func take(full *int64, now int64) bool {
	const each = int64(time.Second) / strangerRate
	if *full = max(*full, now); *full-now > (strangerBurst-1)*each {
		return false
	}
	*full += each
	return true
}

// sweep forgets the sources whose buckets are full and says whether there is room now. Not more than once a second: it looks at all.
func (t *throttle) sweep(now int64) bool {
	if now-t.swept < int64(time.Second) {
		return false
	}
	t.swept = now
	for source, full := range t.buckets {
		if full <= now {
			delete(t.buckets, source)
		}
	}
	return len(t.buckets) < strangerSources
}

// meet notes a peer that is no stranger.
func (t *throttle) meet(peer netip.AddrPort, at time.Time) {
	now := at.UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.known[peer]; ok {
		return
	}
	if len(t.known) >= acquaintances || now-t.turned > int64(acquaintedFor) {
		t.known, t.before, t.turned = make(map[netip.AddrPort]struct{}), t.known, now
	}
	t.known[peer] = struct{}{}
}
