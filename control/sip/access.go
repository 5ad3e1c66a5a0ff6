package sip

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Access is a row of the access log table (S5): attempts of one source that were refused for one reason. It is written
// as JSON by who keeps it.
type Access struct {
	Index    uint64     `json:"index"` // of the row since the table began, from 0
	First    time.Time  `json:"first"` // when the first attempt of the row came
	Last     time.Time  `json:"last"`  // and the newest
	IP       netip.Addr `json:"ip"`
	CallerID string     `json:"caller_id"` // the number the source claimed
	Reason   string     `json:"reason"`
	Count    int        `json:"count"`
}

// AccessRows is how many rows the access log keeps; the oldest go.
const AccessRows = 1000

const (
	accessMerge = 10 * time.Minute // a row takes attempts until it was quiet for that long
	accessText  = 64               // bytes of a caller id kept
)

// accessLog is a ring of the newest rows. Safe for concurrent use.
type accessLog struct {
	tell func(Access) // Config.OnAccess

	mu   sync.Mutex // guards the following
	rows []Access   // oldest first
	next uint64
}

// add notes a refused attempt, in a row of its own or in that of the same source, number and reason.
func (l *accessLog) add(ip netip.Addr, callerID, reason string, now time.Time) {
	callerID, reason = clean(callerID), clean(reason)
	if len(callerID) > accessText {
		callerID = callerID[:accessText]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range slices.Backward(l.rows) {
		r := &l.rows[i]
		if now.Sub(r.Last) > accessMerge {
			continue
		}
		if r.IP == ip && r.CallerID == callerID && r.Reason == reason {
			r.Count++
			r.Last = now
			l.changed(*r)
			return
		}
	}
	if len(l.rows) == AccessRows {
		l.rows = slices.Delete(l.rows, 0, 1)
	}
	l.rows = append(l.rows, Access{Index: l.next, First: now, Last: now, IP: ip, CallerID: callerID, Reason: reason, Count: 1})
	l.changed(l.rows[len(l.rows)-1])
	l.next++
}

// changed tells of a row; mu is held, so that who keeps rows hears of them in order.
func (l *accessLog) changed(r Access) {
	if l.tell != nil {
		l.tell(r)
	}
}

// restore begins with the rows of the last run, in any order; the newest AccessRows count.
func (l *accessLog) restore(rows []Access) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Access) int { return cmp.Compare(a.Index, b.Index) })
	l.rows = rows[max(0, len(rows)-AccessRows):]
	if n := len(rows); n > 0 {
		l.next = rows[n-1].Index + 1
	}
}

// AccessLog returns the table, the oldest row first.
func (s *Stack) AccessLog() []Access {
	s.access.mu.Lock()
	defer s.access.mu.Unlock()
	return slices.Clone(s.access.rows)
}

// NoteAccess adds to the access log what the stack does not know of: calls refused for want of capacity, say.
func (s *Stack) NoteAccess(ip netip.Addr, callerID, reason string) {
	s.access.add(ip, callerID, reason, time.Now())
	s.log.Warn("sip access refused", "ip", ip.String(), "tel", clean(callerID), "reason", clean(reason))
}
