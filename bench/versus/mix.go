package versus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"sidetone/bench/load"
	"sidetone/bench/report"
)

// What mix measures. A participant's packet is one that a member of a conference of five sends and one that it is sent.
const (
	memberCPUKey    = "cpu_per_participant_packet_us"
	memberMemoryKey = "memory_per_participant_bytes"
	returnedKey     = "returned_percent" // packets sent to members, of those that they sent
	heardKey        = "heard_percent"    // of packets listened to: all the others at one level, and nothing of oneself
	tickP99Key      = "tick_p99_us"      // how long after its earliest, counted in ticks, a member's packet comes
	tickP999Key     = "tick_p999_us"
	idleRoomsKey    = "idle_5000_rooms_core_percent" // ours alone
)

// At much load, ours alone.
const (
	ladenShareKey = "core_percent@70%" // what the load came to
	ladenTickKey  = "tick_p999_us@70%"
	ladenRoomsKey = "conferences@70%"
	// How long the server was held up meanwhile, as in a long run of the relay.
	ladenWaitKey   = "waited_us@70%"
	ladenStolenKey = "stolen_us@70%"
)

const ladenName = "mixing at 70 %"

const (
	ladenShare    = 0.7  // of the server's core
	ladenNear     = 0.03 // so far off it still is
	ladenTries    = 6
	ladenWindow   = 2 * time.Second                            // at least: less says little of so few members' worst
	membersPacket = int(time.Second / (20 * time.Millisecond)) // of a member, a second
)

var mixKeys = []string{memberCPUKey, memberMemoryKey, returnedKey, heardKey, tickP99Key, tickP999Key}

const (
	mixWarm    = 2 * time.Second // until jitter buffers have found their delay
	mixSettle  = time.Second     // after the start, before idleness is measured
	fewestBack = 0.99            // of packets; less is told
)

// mix is one round of conferences in which everybody talks.
func (s *stage) mix(ctx context.Context, own bool) error {
	if s.contender.Join == nil {
		return errors.New("it has no conferences")
	}
	if own {
		if err := s.idleRooms(ctx); err != nil {
			return err
		}
	}
	before, err := s.process.Memory()
	if err != nil {
		return err
	}
	res, err := s.talk(ctx, Conferences)
	if err != nil {
		return err
	}
	after, err := s.process.Memory()
	if err != nil {
		return err
	}
	s.mixed(res, float64(after-before))
	return nil
}

// talk has so many conferences talk.
func (s *stage) talk(ctx context.Context, conferences int) (*load.ConferenceResult, error) {
	s.progress("members come")
	c, err := load.NewConferences(netip.AddrFrom4([4]byte{127, 0, 0, 1}), conferences)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ports, err := s.contender.Join(ctx, s.place, c.Addresses())
	if err != nil {
		return nil, err
	}
	if err := c.Connect(ports); err != nil {
		return nil, err
	}
	s.progress("everybody talks")
	if err := s.watch.begin(s.process); err != nil {
		return nil, err
	}
	res, err := c.Run(ctx, mixWarm, s.plan.window, s.process.CPU)
	if err != nil {
		return nil, err
	}
	if err := s.watch.end(s.contender.Name, "mixing", s.process, res.Overrun); err != nil {
		return nil, err
	}
	return res, nil
}

// mixed notes what a round measured.
func (s *stage) mixed(res *load.ConferenceResult, memory float64) {
	name := s.contender.Name
	if late := res.GeneratorLate.Percentile(0.99); late > lateLimit {
		s.watch.note("generator mixing", fmt.Sprintf("%s, mixing: the generator was late by %.1f ms (p99)", name, late.Seconds()*1000))
	}
	returned := float64(res.Received) / float64(max(res.Sent, 1))
	if returned < fewestBack {
		s.watch.note("returned "+name, fmt.Sprintf("%s, mixing: it sent %.1f %% as many packets as it was sent", name, 100*returned))
	}
	s.samples.Add(memberCPUKey, float64(res.CPU)*microseconds/float64(max(res.Sent, 1)))
	s.samples.Add(memberMemoryKey, memory/float64(Conferences*load.ConferenceSize))
	s.samples.Add(returnedKey, 100*returned)
	s.samples.Add(heardKey, 100*float64(res.Heard)/float64(max(res.Listened, 1)))
	s.samples.Add(tickP99Key, float64(res.Late.Percentile(0.99))*microseconds)
	s.samples.Add(tickP999Key, float64(res.Late.Percentile(0.999))*microseconds)
}

// laden measures how late ticks are when conferences take ladenShare of the server's core. How many that takes is guessed by what the
// rounds have measured, and each of many costs less, or more in a cold cache: so the share is measured with a new server and a better
// number until it is near. When it never is, the nearest counts, which core_percent@70% tells.
func (r *runner) laden(ctx context.Context, samples *report.Samples) error {
	cost := report.Median(samples.Values(memberCPUKey)) / microseconds // ns
	var share float64
	var best map[string]float64 // what the run nearest to the share measured
	rooms := 0
	for range ladenTries {
		each := cost * float64(membersPacket*load.ConferenceSize) / float64(time.Second)
		conferences := r.plan.mostRooms
		if each > 0 {
			conferences = max(min(int(ladenShare/each), conferences), 1)
		}
		err := r.withServer(ctx, r.cfg.Self, samples, r.plan.rounds, conferences, func(s *stage) error {
			s.plan.window = max(s.plan.window, ladenWindow)
			res, err := s.talk(ctx, conferences)
			if err != nil {
				return err
			}
			if p99 := res.GeneratorLate.Percentile(0.99); p99 > lateLimit {
				r.watch.note("generator laden", fmt.Sprintf("%s: the generator was late by %.1f ms (p99)", ladenName, p99.Seconds()*1000))
			}
			s.watch.host(s.contender.Name, ladenName)
			s.watch.others(s.contender.Name, ladenName)
			cost = float64(res.CPU) / float64(max(res.Sent, 1))
			now := float64(res.CPU) / float64(res.Elapsed)
			if rooms == 0 || math.Abs(now-ladenShare) < math.Abs(share-ladenShare) {
				share, rooms = now, conferences
				best = map[string]float64{
					ladenRoomsKey:  float64(rooms),
					ladenShareKey:  100 * share,
					ladenTickKey:   float64(res.Late.Percentile(0.999)) * microseconds,
					ladenWaitKey:   float64(s.watch.waited) * microseconds,
					ladenStolenKey: float64(s.watch.stolen[0]) * microseconds,
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if math.Abs(share-ladenShare) <= ladenNear || rooms == r.plan.mostRooms && share < ladenShare {
			break
		}
	}
	for key, value := range best {
		samples.Add(key, value)
	}
	return nil
}

// idleRooms measures what a server at rest with all its rooms empty needs of its core.
func (s *stage) idleRooms(ctx context.Context) error {
	s.progress("rooms are empty")
	rest := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := rest(mixSettle); err != nil {
		return err
	}
	start := time.Now()
	before, err := s.process.CPU()
	if err != nil {
		return err
	}
	if err := rest(s.plan.window); err != nil {
		return err
	}
	after, err := s.process.CPU()
	if err != nil {
		return err
	}
	s.samples.Add(idleRoomsKey, 100*float64(after-before)/float64(time.Since(start)))
	return nil
}
