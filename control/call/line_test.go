package call

import (
	"testing"
	"time"
)

// TestTakenOffHoldInTheSameMoment: the call that a phone took off hold last counts, if it was no earlier than asked, and one that is
// on hold still, or was never, does not.
func TestTakenOffHoldInTheSameMoment(t *testing.T) {
	since := time.Unix(1000, 0)
	leg := func(s LegState) *Leg {
		l := &Leg{tel: "217"}
		l.published.Store(&s)
		return l
	}
	early := leg(LegState{Answered: true, Resumed: since.Add(-time.Millisecond)})
	just := leg(LegState{Answered: true, Resumed: since})
	last := leg(LegState{Answered: true, Resumed: since.Add(time.Millisecond)})
	held := leg(LegState{Answered: true, Holding: true, Resumed: since.Add(time.Hour)})
	never := leg(LegState{Answered: true})
	for name, tc := range map[string]struct {
		legs []*Leg
		want *Leg
	}{
		"too early":   {[]*Leg{early, never}, nil},
		"in time":     {[]*Leg{early, just, never}, just},
		"the last":    {[]*Leg{last, just}, last},
		"held still":  {[]*Leg{held}, nil},
		"not fit":     {[]*Leg{just}, nil},
		"nobody else": {nil, nil},
	} {
		var s lines
		for _, l := range tc.legs {
			s.add(l)
		}
		if got := s.resumed("217", since, func(l *Leg) bool { return name != "not fit" }); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
