package versus

import (
	"context"
	"fmt"
	"time"

	"sidetone/bench/load"
)

// The keys of what comes after the search for the capacity.
const (
	burstSilentKey    = "burst_silent_streams"
	burstBackKey      = "burst_recovery_us"
	sustainedLossKey  = "lost_percent@60%"
	sustainedDelayKey = "p999_us@60%"
	sustainedWayKey   = "way_p999_us@60%" // from when a packet was sent, not from when it was due
	// How long the server was held up meanwhile: its busiest thread by other threads, its core by the host.
	sustainedWaitKey   = "waited_us@60%"
	sustainedStolenKey = "stolen_us@60%"
)

const (
	burstPatience = 100 * time.Millisecond // within which every stream has to flow again
	sustainShare  = 0.6                    // of the capacity
)

// burst sends a burst on a few streams and looks how soon each of them flows again.
func (s *stage) burst(ctx context.Context) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	b := s.plan.burst
	s.progress(fmt.Sprintf("burst on %d streams", b.Legs))
	if _, err := s.generator.Run(ctx, load.Step{Rate: b.Legs * b.Pace, Legs: b.Legs, Window: s.plan.prime}); err != nil {
		return err
	}
	r, err := s.generator.Burst(ctx, b)
	if err != nil {
		return err
	}
	s.samples.Add(burstSilentKey, float64(r.Silent(burstPatience)))
	s.samples.Add(burstBackKey, float64(r.Last(b.Watch))*microseconds)
	s.dirty = true
	return nil
}

// sustain runs at a share of the capacity for a long time.
func (s *stage) sustain(ctx context.Context, capacity int) error {
	if err := s.fresh(ctx); err != nil {
		return err
	}
	const what = "60 % of its capacity"
	s.progress(what)
	res, err := s.try(ctx, what, int(sustainShare*float64(capacity)), s.plan.legs, s.plan.sustain)
	if err != nil {
		return err
	}
	s.watch.generator(s.contender.Name, what, res)
	s.watch.host(s.contender.Name, what)
	s.watch.others(s.contender.Name, what)
	s.samples.Add(sustainedLossKey, 100*float64(res.Lost())/float64(res.Sent))
	s.samples.Add(sustainedDelayKey, float64(res.Delay.Percentile(0.999))*microseconds)
	s.samples.Add(sustainedWayKey, float64(res.Way.Percentile(0.999))*microseconds)
	s.samples.Add(sustainedWaitKey, float64(s.watch.waited)*microseconds)
	s.samples.Add(sustainedStolenKey, float64(s.watch.stolen[0])*microseconds)
	return nil
}
