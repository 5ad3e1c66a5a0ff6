package load

import (
	"context"
	"math"
)

// Search bounds the search for a knee.
type Search struct {
	Start      int     // the first rate to try
	Min, Max   int     // no rate outside is tried
	Factor     float64 // from one rate to the next while the knee is not yet between two
	Resolution float64 // 0.03: stop when the knee is known to 3 %
	Probes     int     // at most so many
}

// Knee is what was found: OK is the highest rate that held, 0 when none did; Failed is the lowest that did not, 0
// when every one held, so that OK is only a lower bound.
type Knee struct {
	OK, Failed, Probes int
}

// Find looks for the highest rate that holds: up or down in steps until it lies between two rates, then by
// halving. holds is asked for one rate after the other.
func (s Search) Find(ctx context.Context, holds func(rate int) (bool, error)) (Knee, error) {
	var k Knee
	rate := min(max(s.Start, s.Min), s.Max)
	for k.Probes < s.Probes {
		if err := ctx.Err(); err != nil {
			return k, err
		}
		ok, err := holds(rate)
		if err != nil {
			return k, err
		}
		k.Probes++
		if ok {
			k.OK = rate
		} else {
			k.Failed = rate
		}
		switch {
		case k.OK > 0 && k.Failed > 0:
			if float64(k.Failed)/float64(k.OK) <= 1+s.Resolution {
				return k, nil
			}
			rate = int(math.Sqrt(float64(k.OK) * float64(k.Failed)))
		case ok && rate == s.Max, !ok && rate == s.Min:
			return k, nil
		case ok:
			rate = min(int(float64(rate)*s.Factor), s.Max)
		default:
			rate = max(int(float64(rate)/s.Factor), s.Min)
		}
	}
	return k, nil
}
