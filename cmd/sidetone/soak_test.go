package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// TestMixedFeaturesLeaveNothing plays all features at random with crews of phones that do not wait for each other. In half of
// the stories a saboteur hangs up some call at some moment; the others must go as they are written. After each story
// none of its crew's calls is left, at the end no port, goroutine or descriptor, and nothing has panicked.
//
// 200 calls; with SIDETONE_SOAK 5,000 spread over ten minutes, in which the heap must stay flat. SIDETONE_SEED plays a run again.
func TestMixedFeaturesLeaveNothing(t *testing.T) {
	const crews, size = 5, 4
	calls, pace := int64(200), time.Duration(0)
	long := os.Getenv("SIDETONE_SOAK") != ""
	if long {
		calls, pace = 5000, 10*time.Minute/5000
	}
	seed, err := strconv.ParseUint(os.Getenv("SIDETONE_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("SIDETONE_SEED=%d", seed)
	file := must[*os.File](t)(os.Create(filepath.Join(t.TempDir(), "log"))) // in memory it would be a growing heap
	defer file.Close()
	o := startOffice(t, crews*size, func(c *config.Config) {
		c.Calls.NoAnswer, c.Calls.TransferRecall, c.Calls.ParkRecall = 2*time.Second, 5*time.Second, 2*time.Second
		c.Conference.Rooms[0].Members = 100
		if seed%2 == 1 { // every other run with phones that talk directly
			c.Media.Path = "auto"
		}
	}, file)
	run := &soak{o: o, left: atomic.Int64{}, began: time.Now(), pace: pace, calls: calls}
	for i := range crews {
		c := &crew{run: run, r: rand.New(rand.NewPCG(seed, uint64(i)))}
		for k := range size {
			change := withVideo
			if k == size-1 { // one of each crew has none
				change = nil
			}
			c.phones = append(c.phones, o.phone(t, size*i+k, change))
		}
		run.crews = append(run.crews, c)
	}
	run.play(t, 2*crews*int64(len(stories))/3)
	o.settled(t)
	http.DefaultClient.CloseIdleConnections()
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors(t)
	heaps := []uint64{heap()}
	parts := int64(1)
	if long {
		parts = 10
	}
	for range parts {
		run.play(t, calls/parts)
		if t.Failed() {
			break
		}
		o.settled(t)
		heaps = append(heaps, heap())
	}
	t.Cleanup(func() {
		if t.Failed() {
			var b bytes.Buffer
			_ = pprof.Lookup("goroutine").WriteTo(&b, 1)
			t.Logf("goroutines:\n%s", b.String())
		}
	})
	http.DefaultClient.CloseIdleConnections()
	eventually(t, "goroutines back at the baseline", func() bool { return runtime.NumGoroutine() <= goroutines+1 })
	eventually(t, "descriptors back at the baseline", func() bool { return openDescriptors(t) <= descriptors+1 })
	t.Logf("%d calls in %v, %d stories, %d of them sabotaged; before %d goroutines, %d descriptors; after %d and %d; heap in kB after each part %v",
		run.made.Load(), time.Since(run.began).Round(time.Second), run.stories.Load(), run.sabotaged.Load(),
		goroutines, descriptors, runtime.NumGoroutine(), openDescriptors(t), kilobytes(heaps))
	// The first parts fill tables that have a bound; from then on it must not grow.
	if long && !t.Failed() && slices.Min(heaps[7:]) > slices.Max(heaps[1:5])+1<<20 {
		t.Errorf("the heap grows: %v kB", kilobytes(heaps))
	}
	o.stop()
	for line := range strings.Lines(string(must[[]byte](t)(os.ReadFile(file.Name())))) {
		if strings.Contains(line, "level=ERROR") {
			t.Error(line)
		}
	}
}

// heap is what is in use after garbage collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func kilobytes(list []uint64) (kb []uint64) {
	for _, b := range list {
		kb = append(kb, b>>10)
	}
	return kb
}

// soak is one run of all crews.
type soak struct {
	o         *office
	crews     []*crew
	began     time.Time
	pace      time.Duration // a call
	calls     int64
	left      atomic.Int64 // calls to make in this part
	made      atomic.Int64
	stories   atomic.Int64
	sabotaged atomic.Int64
}

// play makes so many calls.
func (s *soak) play(t *testing.T, calls int64) {
	s.left.Store(calls)
	var wg sync.WaitGroup
	for _, c := range s.crews {
		wg.Go(func() {
			for s.left.Load() > 0 && !t.Failed() {
				c.story(t)
				if ahead := time.Duration(s.made.Load())*s.pace - time.Since(s.began); ahead > 0 {
					time.Sleep(min(ahead, time.Second)) // spreads the calls over the time of the run
				}
			}
		})
	}
	wg.Wait()
}

// crew are phones that play stories together.
type crew struct {
	run    *soak
	phones []*phone.Phone // in another order in each story
	r      *rand.Rand
	ctx    context.Context // of the present story
}

// story plays one, at times with a saboteur, and sees that it leaves nothing.
func (c *crew) story(t *testing.T) {
	c.r.Shuffle(len(c.phones), func(i, k int) { c.phones[i], c.phones[k] = c.phones[k], c.phones[i] })
	s, sabotage := stories[c.r.IntN(len(stories))], c.r.IntN(2) == 0
	limit := 20 * time.Second
	if sabotage {
		limit = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	c.ctx = ctx
	var wg sync.WaitGroup
	if sabotage {
		c.run.sabotaged.Add(1)
		after, which, twice := time.Duration(c.r.Int64N(int64(250*time.Millisecond))), c.r.Uint32(), c.r.IntN(2) == 0
		wg.Go(func() {
			for range 1 + map[bool]int{true: 1}[twice] {
				time.Sleep(after) // the moment is the experiment
				if all := c.calls(); len(all) > 0 {
					_ = all[int(which)%len(all)].Hangup(ctx)
				}
			}
		})
	}
	err := s.play(c, c.phones[0], c.phones[1], c.phones[2], c.phones[3])
	wg.Wait()
	cancel()
	c.run.stories.Add(1)
	if err != nil && !sabotage {
		t.Errorf("%s by %s: %v", s.name, c, err)
	}
	if err := c.clear(); err != nil {
		t.Errorf("after %s by %s, sabotaged %v: %v", s.name, c, sabotage, err)
	}
}

func (c *crew) String() string {
	var tels []string
	for _, p := range c.phones {
		tels = append(tels, p.Tel())
	}
	return strings.Join(tels, " ")
}

// calls are what the phones have.
func (c *crew) calls() (all []*phone.Call) {
	for _, p := range c.phones {
		all = append(all, p.Calls()...)
	}
	return all
}

// clear hangs up what is left and waits until neither phones nor server know of any call of the crew.
func (c *crew) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c.ctx = ctx
	for _, p := range c.phones {
		p.SetIncoming(phone.Auto)
	}
	for {
		var wg sync.WaitGroup
		for _, call := range c.calls() {
			wg.Go(func() { _ = call.Hangup(ctx) })
		}
		wg.Wait()
		left, err := c.served()
		if err == nil && len(left) == 0 && len(c.calls()) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("left on the phones %d, on the server %q: %w", len(c.calls()), left, errors.Join(ctx.Err(), err))
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, p := range c.phones {
		if err := errors.Join(p.Feature(ctx, "600"), p.Feature(ctx, "400")); err != nil {
			return err
		}
	}
	return nil
}

// served are the server's calls with phones of the crew.
func (c *crew) served() (list []string, err error) {
	res, err := http.Get("http://" + c.run.o.api + "/v1/calls")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var body api.Calls
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		return nil, err
	}
	for _, call := range body.Calls {
		for _, l := range call.Legs {
			if slices.ContainsFunc(c.phones, func(p *phone.Phone) bool { return p.Tel() == l.Tel }) {
				list = append(list, fmt.Sprintf("%s %s from %s to %s with %s", call.ID, call.State, call.From, call.To, l.Tel))
			}
		}
	}
	return list, nil
}
