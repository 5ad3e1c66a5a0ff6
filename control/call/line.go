package call

import (
	"slices"
	"sync"
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

// held is the leg on which the station put somebody on hold last, or nil.
func (s *lines) held(tel string) *Leg {
	var last *Leg
	for _, l := range s.of(tel) {
		st := l.State()
		if st.Answered && st.Holding && (last == nil || st.HeldAt.After(last.State().HeldAt)) {
			last = l
		}
	}
	return last
}
