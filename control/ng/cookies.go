package ng

import (
	"net/netip"
	"strings"
	"time"
)

// cookies remembers requests by their cookie, so that one that is sent again is carried out once.
//
//	begin ──► fresh ─────────► the request is carried out ──► finish ──► reply to it
//	   │                                                        └──────► and to each that waited
//	   ├────► in flight: the duplicate waits for that finish
//	   └────► answered: the duplicate gets the same reply at once
//
// It is bounded three ways: by age, by number and by the bytes of the kept replies; the oldest goes
// first, answered or not. It is not safe for concurrent use.
type cookies struct {
	maxAge     time.Duration
	maxEntries int
	maxBytes   int

	entries map[cookieKey]*cookieEntry
	oldest  []*cookieEntry // in order of arrival
	bytes   int
}

// cookieKey tells requests apart. Clients on several hosts may count alike, and one that was started anew counts as before, from a
// port that another had: only the same text is the same request.
type cookieKey struct {
	client netip.AddrPort
	cookie string
	text   uint64 // hash
}

// cookieEntry is one request.
type cookieEntry struct {
	key      cookieKey
	arrived  time.Time
	answered bool
	reply    []byte
	waiting  []func(reply []byte)
}

// maxWaiting is how many duplicates of one request are answered when it is.
const maxWaiting = 8

func newCookies(maxAge time.Duration, maxEntries, maxBytes int) *cookies {
	return &cookies{maxAge: maxAge, maxEntries: maxEntries, maxBytes: maxBytes, entries: make(map[cookieKey]*cookieEntry)}
}

// begin notes a request. The entry of a fresh one is to be finished; otherwise entry is nil, and reply
// is what to answer the duplicate with now, nil when it will be answered by and by.
func (c *cookies) begin(key cookieKey, now time.Time, answer func(reply []byte)) (entry *cookieEntry, reply []byte) {
	c.expire(now)
	if e, ok := c.entries[key]; ok {
		if e.answered {
			return nil, e.reply
		}
		if len(e.waiting) < maxWaiting {
			e.waiting = append(e.waiting, answer)
		}
		return nil, nil
	}
	key.cookie = strings.Clone(key.cookie) // not the whole datagram
	e := &cookieEntry{key: key, arrived: now}
	c.entries[key] = e
	c.oldest = append(c.oldest, e)
	c.bytes += e.size()
	return e, nil
}

// finish keeps the reply and returns the duplicates that wait for it.
func (c *cookies) finish(e *cookieEntry, reply []byte, now time.Time) (waiting []func([]byte)) {
	waiting, e.waiting = e.waiting, nil
	if c.entries[e.key] == e { // not forgotten meanwhile
		c.bytes -= e.size()
		e.answered, e.reply = true, reply
		c.bytes += e.size()
	}
	c.expire(now)
	return waiting
}

// expire forgets the oldest until every bound is kept.
func (c *cookies) expire(now time.Time) {
	n := 0
	for ; n < len(c.oldest); n++ {
		e := c.oldest[n]
		if now.Sub(e.arrived) <= c.maxAge && len(c.entries) < c.maxEntries && c.bytes <= c.maxBytes {
			break
		}
		delete(c.entries, e.key)
		c.bytes -= e.size()
		c.oldest[n] = nil
	}
	if n > 0 {
		c.oldest = c.oldest[n:]
	}
}

// size is about what an entry takes.
func (e *cookieEntry) size() int { return 256 + len(e.key.cookie) + cap(e.reply) }
