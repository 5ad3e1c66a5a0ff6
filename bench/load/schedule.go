package load

import "time"

// Schedule says when each packet of a step is due: packet i at Start + i/Rate, whatever became of those before.
// Delays are measured from there, so a packet that is sent late because the sender was held up counts as late
// (no coordinated omission).
type Schedule struct {
	Start int64 // ns
	Rate  int   // packets a second
	Total int
}

// Due returns when packet i is due, in ns.
func (s Schedule) Due(i int) int64 {
	return s.Start + int64(i)*int64(time.Second)/int64(s.Rate)
}

// DueBy returns how many packets are due at the time now.
func (s Schedule) DueBy(now int64) int {
	if now < s.Start {
		return 0
	}
	// Whole seconds apart, so that nothing overflows.
	elapsed := now - s.Start
	whole, part := elapsed/int64(time.Second), elapsed%int64(time.Second)
	due := whole*int64(s.Rate) + part*int64(s.Rate)/int64(time.Second) + 1
	return int(min(due, int64(s.Total)))
}
