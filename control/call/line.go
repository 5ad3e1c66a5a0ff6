package call

import (
	"slices"
	"sync"
	"time"
)

// lines knows the legs of each station: who is busy, and which call a station
// has on hold when it dials a code.
type lines struct {
	mu    sync.Mutex
	byTel map[string][]*Leg
}

func (s *lines) add(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byTel == nil {
		s.byTel = make(map[string][]*Leg)
	}
	s.byTel[l.tel] = append(s.byTel[l.tel], l)
}

func (s *lines) remove(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := slices.DeleteFunc(s.byTel[l.tel], func(m *Leg) bool { return m == l })
	if len(rest) == 0 {
		delete(s.byTel, l.tel)
		return
	}
	s.byTel[l.tel] = rest
}

// ringing lists the legs that ring at stations that are meant, oldest first.
func (s *lines) ringing(meant func(tel string) bool) []*Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*Leg
	for tel, legs := range s.byTel {
		if !meant(tel) {
			continue
		}
		for _, l := range legs {
			if l.State().Ringing {
				list = append(list, l)
			}
		}
	}
	slices.SortFunc(list, func(a, b *Leg) int { return a.since.Compare(b.since) })
	return list
}

// of lists a station's legs, oldest first.
func (s *lines) of(tel string) []*Leg {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.byTel[tel])
}

// busy: the station has a call, in whatever state.
func (s *lines) busy(tel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byTel[tel]) > 0
}

// engaged: the station has a call that it does not hold.
func (s *lines) engaged(tel string) bool {
	return slices.ContainsFunc(s.of(tel), func(l *Leg) bool { return !l.State().Holding })
}

// held is the leg on which the station put somebody on hold last, of those that are fit (nil: all), or nil.
func (s *lines) held(tel string, fit func(*Leg) bool) *Leg {
	var last *Leg
	for _, l := range s.of(tel) {
		st := l.State()
		if st.Answered && st.Holding && (fit == nil || fit(l)) && (last == nil || st.HeldAt.After(last.State().HeldAt)) {
			last = l
		}
	}
	return last
}

// resumed is the leg on which the station took somebody off hold last, no earlier than since, of those that are fit, or nil.
func (s *lines) resumed(tel string, since time.Time, fit func(*Leg) bool) *Leg {
	var last *Leg
	for _, l := range s.of(tel) {
		st := l.State()
		if st.Answered && !st.Holding && !st.Resumed.Before(since) && fit(l) {
			last, since = l, st.Resumed
		}
	}
	return last
}
