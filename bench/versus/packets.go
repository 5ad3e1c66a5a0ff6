package versus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sidetone/bench/load"
	"sidetone/bench/report"
)

// The keys of the comparison of few legs with many.
const (
	fewLegs     = 200
	fewLegsKey  = "cpu_200_legs_us"
	manyLegsKey = "cpu_10000_legs_us"
	growthKey   = "cpu_10000_legs_over_200_legs"
	// With the many legs open: the sockets that the server holds, and its memory since before the first call.
	manySocketsKey = "sockets_10000_legs"
	manyMemoryKey  = "memory_per_call_10000_legs_bytes"
	limitName      = "its limit" // of a step of the search
)

// What a capacity means.
const (
	kneeDelay    = 10 * time.Millisecond // p99
	kneeProbes   = 16
	kneeFactor   = 1.3
	kneeNearby   = 1.12 // the factor when an earlier round found it
	primeLegRate = 10   // packets/s a leg
	microseconds = 1e-3 // of a nanosecond
)

func ratioKey(key string) string { return report.RatioKey(key) }

// packets is one round of a bench that passes packets on, own: ours, last: with what is done once.
func (s *stage) packets(ctx context.Context, own, last bool, knee *int) error {
	if err := s.warmUp(ctx); err != nil {
		return err
	}
	if s.plan.capacity > 0 {
		s.dirty = true // no calls are open
		return s.sustain(ctx, s.plan.capacity)
	}
	if err := s.memory(ctx); err != nil {
		return err
	}
	for _, rate := range s.plan.rates {
		if err := s.rate(ctx, rate); err != nil {
			return err
		}
	}
	if s.plan.growth && own {
		if err := s.growth(ctx); err != nil {
			return err
		}
	}
	if err := s.capacity(ctx, knee); err != nil || !s.plan.growth {
		return err
	}
	if err := s.burst(ctx); err != nil || !last {
		return err
	}
	return s.sustain(ctx, *knee)
}

// memory opens the calls, lets each have media, and divides what the server has grown by.
func (s *stage) memory(ctx context.Context) error {
	s.progress("open calls")
	before, err := s.process.Memory()
	if err != nil {
		return err
	}
	s.idle = before
	files, err := s.process.Files()
	if err != nil {
		return err
	}
	if err := s.generator.Open(ctx, s.plan.legs); err != nil {
		return err
	}
	if _, err := s.generator.Run(ctx, load.Step{Rate: primeLegRate * s.plan.legs, Legs: s.plan.legs, Window: s.plan.prime}); err != nil {
		return err
	}
	after, err := s.process.Memory()
	if err != nil {
		return err
	}
	filesAfter, err := s.process.Files()
	if err != nil {
		return err
	}
	calls := float64(s.plan.legs / 2)
	s.samples.Add("memory_per_call_bytes", float64(after-before)/calls)
	s.samples.Add("files_per_call", float64(filesAfter-files)/calls)
	return nil
}

// rate measures at one rate.
func (s *stage) rate(ctx context.Context, rate int) error {
	at := loadName(rate)
	s.progress(at + " packets/s")
	res, err := s.step(ctx, at, rate, s.plan.legsFor(rate), s.plan.window, nil)
	if err != nil {
		return err
	}
	s.watch.generator(s.contender.Name, at, res)
	s.samples.Add("cpu_per_packet_us@"+at, float64(res.CPUPerPacket())*microseconds)
	s.samples.Add("p50_us@"+at, float64(res.Delay.Percentile(0.5))*microseconds)
	s.samples.Add("p99_us@"+at, float64(res.Delay.Percentile(0.99))*microseconds)
	s.samples.Add("lost_percent@"+at, 100*float64(res.Lost())/float64(res.Sent))
	s.dirty = s.dirty || res.Lost() > 0
	return s.fresh(ctx)
}

// growth measures the same rate on few legs and on many.
func (s *stage) growth(ctx context.Context) error {
	for _, part := range []struct {
		key  string
		legs int
	}{{fewLegsKey, fewLegs}, {manyLegsKey, s.plan.manyLegs}} {
		s.progress(part.key)
		legs, err := s.openUpTo(ctx, part.legs)
		if err != nil {
			return err
		}
		// Every leg has had a packet before the window opens.
		if _, err := s.generator.Run(ctx, load.Step{Rate: s.plan.growthRate, Legs: legs, Window: s.plan.prime}); err != nil {
			return err
		}
		if part.legs == s.plan.manyLegs {
			if err := s.held(legs / 2); err != nil {
				return err
			}
		}
		res, err := s.step(ctx, part.key, s.plan.growthRate, legs, s.plan.window, nil)
		if err != nil {
			return err
		}
		s.watch.generator(s.contender.Name, part.key, res)
		s.samples.Add(part.key, float64(res.CPUPerPacket())*microseconds)
	}
	s.dirty = true // the search is for fewer calls
	return nil
}

// held notes what the server holds for so many calls.
func (s *stage) held(calls int) error {
	sockets, err := s.process.Sockets()
	if err != nil {
		return err
	}
	memory, err := s.process.Memory()
	if err != nil {
		return err
	}
	s.samples.Add(manySocketsKey, float64(sockets))
	s.samples.Add(manyMemoryKey, float64(memory-s.idle)/float64(calls))
	return nil
}

// enough is the share of the many legs that will do when the server refuses more.
const enough = 0.9

// openUpTo opens calls until there are so many legs, or nearly, and returns with how many to go on.
func (s *stage) openUpTo(ctx context.Context, legs int) (int, error) {
	err := s.generator.Open(ctx, max(legs, s.generator.Legs()))
	if open := s.generator.Legs(); errors.As(err, new(load.Refusal)) && float64(open) >= enough*float64(legs) {
		s.watch.note("legs", fmt.Sprintf("%s had %d legs instead of %d: %v", s.contender.Name, open, legs, err))
		return open, nil
	}
	return legs, err
}

// holds says whether a rate is within the capacity.
func holds(r *load.Result) bool {
	return r.Lost() == 0 && r.Delay.Percentile(0.99) < kneeDelay
}

// capacity searches the highest rate at which the p99 is under kneeDelay and nothing is lost. knee is where an
// earlier round found it, 0 before the first.
func (s *stage) capacity(ctx context.Context, knee *int) error {
	search := load.Search{Start: s.plan.searchFrom, Min: s.plan.lowestProbe, Max: s.plan.highestProbe, Factor: kneeFactor,
		Resolution: s.plan.resolution, Probes: kneeProbes}
	if *knee > 0 {
		search.Start, search.Factor = *knee, kneeNearby
	}
	limited := 0
	found, err := search.Find(ctx, func(rate int) (bool, error) {
		s.progress("search at " + loadName(rate))
		for range s.plan.tries {
			if err := s.fresh(ctx); err != nil {
				return false, err
			}
			res, err := s.step(ctx, limitName, rate, s.plan.legs, s.plan.probe, holds)
			if err != nil {
				return false, err
			}
			if holds(res) {
				return true, nil
			}
			if res.Late.Percentile(0.99) > lateLimit || res.Overrun > 0 || res.Unsent > 0 {
				limited = rate
			}
			s.dirty = true
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	if found.Failed == 0 {
		s.watch.note("highest "+s.contender.Name, s.contender.Name+" had no limit up to "+loadName(found.OK)+" packets/s")
	} else if limited == found.Failed {
		s.watch.note("limited "+s.contender.Name, "the generator, not "+s.contender.Name+", was at its limit at "+loadName(limited)+" packets/s: its capacity may be more")
	}
	*knee = found.OK
	s.samples.Add("capacity", float64(found.OK))
	return nil
}
