package sip

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Access is a row of the access log table (S5): attempts of one source that were refused for one reason.
type Access struct {
	Index uint64 // of the row since the start, from 0
	// First and Last are when the first and the newest attempt of the row came.
	First, Last time.Time
	IP          netip.Addr
	CallerID    string // the number the source claimed
	Reason      string
	Count       int
}

const (
	accessRows  = 1000             // kept; the oldest go
	accessMerge = 10 * time.Minute // a row takes attempts until it was quiet for that long
	accessText  = 64               // bytes of a caller id kept
)

// accessLog is a ring of the newest rows. Safe for concurrent use.
type accessLog struct {
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
			return
		}
	}
	if len(l.rows) == accessRows {
		l.rows = slices.Delete(l.rows, 0, 1)
	}
	l.rows = append(l.rows, Access{Index: l.next, First: now, Last: now, IP: ip, CallerID: callerID, Reason: reason, Count: 1})
	l.next++
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
