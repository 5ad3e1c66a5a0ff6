package versus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"sidetone/bench/load"
	"sidetone/bench/machine"
	"sidetone/bench/peer"
	"sidetone/bench/report"
)

// Bounds of a stage.
const (
	startPatience = 15 * time.Second
	startTries    = 3
	stepTries     = 3
	portRest      = 10 * time.Second
	portPause     = 200 * time.Millisecond
	warmLegs      = 40
	warmRate      = 4000
)

// stage is one contender running in one round, with a generator in front of it.
type stage struct {
	contender *Contender
	server    *peer.Server
	process   machine.Process
	generator *load.Generator
	place     Place
	plan      plan
	watch     *watch
	samples   *report.Samples
	progress  func(what string)
	idle      int64 // bytes that the server had in memory before its calls
	dirty     bool  // a load it could not carry may have left its calls in any state
}

// open starts the contender and returns when it answers. One that ends at once is started again, elsewhere: a port that was free may
// be somebody else's by the time the server wants it.
func (r *runner) open(ctx context.Context, c *Contender, samples *report.Samples, round, conferences int) (s *stage, err error) {
	for range startTries {
		if s, err = r.launch(ctx, c, samples, round, conferences); !errors.Is(err, errEnded) {
			break
		}
	}
	return s, err
}

func (r *runner) launch(ctx context.Context, c *Contender, samples *report.Samples, round, conferences int) (*stage, error) {
	s := &stage{contender: c, plan: r.plan, watch: r.watch, samples: samples}
	s.progress = func(what string) { r.tell(round, c, what) }
	dir, err := os.MkdirTemp(r.cfg.Dir, fmt.Sprintf("%s-%d-", c.Name, round))
	if err != nil {
		return nil, err
	}
	control, err := FreePort()
	if err != nil {
		return nil, err
	}
	sip, err := FreePort()
	if err != nil {
		return nil, err
	}
	s.place = Place{Dir: dir, Control: control, SIP: sip, FirstPort: firstPort, LastPort: r.lastPort, CPU: r.serverCore,
		Callers: stations(1000, sipPairs), Callees: stations(2000, sipPairs)}
	if r.plan.mix {
		s.place.Callers, s.place.Callees, s.place.Rooms = stations(1000, conferences*load.ConferenceSize), nil, max(conferences, Conferences)+idleRooms
	}
	s.progress("start")
	if s.server, err = c.Start(s.place); err != nil {
		return nil, err
	}
	s.process = machine.Process(s.server.PID)
	machine.PreferSession(s.process, sessionNice)
	if r.plan.mix && !c.SIP {
		return s, nil // Join waits
	}
	if s.generator, err = load.New(load.Config{Server: control, Kind: r.plan.kind}); err == nil {
		err = s.ready(ctx)
	}
	if err != nil {
		err = s.server.Fail(fmt.Errorf("%s: %w", c.Name, err))
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) close() {
	if s.generator != nil {
		s.generator.Close()
	}
	s.server.Stop()
}

// controlPorts is where FreePort looks: above what the kernel gives to sockets of any port (up to 60,999, machine.LastEphemeral in a
// network of our own) and above the media's (lastPort).
const controlPorts, controlPortsCount = 61_000, 4000

// handedOut counts the ports given, from a random start, so that none is given twice.
var handedOut = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(rand.Int64N(controlPortsCount))
	return &n
}()

// FreePort finds a port that is free in UDP and TCP on the loopback of the calling thread's network, and still so when a server is
// started, or started again: nobody else is given it.
func FreePort() (netip.AddrPort, error) {
	for range 100 {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(controlPorts+handedOut.Add(1)%controlPortsCount))
		u, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(a))
		if err != nil {
			continue
		}
		t, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(a))
		u.Close()
		if err == nil {
			t.Close()
			return a, nil
		}
	}
	return netip.AddrPort{}, errors.New("no free port")
}

// errEnded is of a server that ended before it served.
var errEnded = errors.New("ended instead of serving")

// ready waits for the first pong.
func (s *stage) ready(ctx context.Context) error {
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		if s.generator.Ping(50 * time.Millisecond) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.server.Ended():
			return errEnded
		default:
		}
	}
	return fmt.Errorf("no answer to ng at %s within %v", s.place.Control, startPatience)
}

// warmUp has a few calls with media, so that what a server allocates once is not counted as a call's.
func (s *stage) warmUp(ctx context.Context) error {
	s.progress("warm up")
	if err := s.generator.Open(ctx, warmLegs); err != nil {
		return err
	}
	if _, err := s.generator.Run(ctx, load.Step{Rate: warmRate, Legs: warmLegs, Window: s.plan.prime}); err != nil {
		return err
	}
	return s.generator.Hangup(ctx)
}

// fresh replaces all calls when the last step may have spoiled them.
func (s *stage) fresh(ctx context.Context) error {
	if !s.dirty {
		return nil
	}
	if err := s.generator.Hangup(ctx); err != nil {
		return err
	}
	s.dirty = false
	return s.reopen(ctx)
}

// reopen opens the calls of a stage. The ports of those before may have to rest for a while first.
func (s *stage) reopen(ctx context.Context) error {
	for deadline := time.Now().Add(portRest); ; {
		err := s.generator.Open(ctx, s.plan.legs)
		if !errors.As(err, new(load.Refusal)) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(portPause):
		}
	}
}

// step runs one step under watch. When the generator was late the step says nothing about the server, unless enough
// says that it went well all the same: then it is run again, a few times at most, and the try with the least late
// generator counts. enough may be nil.
func (s *stage) step(ctx context.Context, what string, rate, legs int, window time.Duration, enough func(*load.Result) bool) (*load.Result, error) {
	var best *load.Result
	for range stepTries {
		res, err := s.try(ctx, what, rate, legs, window)
		if err != nil {
			return nil, err
		}
		if best == nil || res.Late.Percentile(0.99) < best.Late.Percentile(0.99) {
			best = res
		}
		if res.Late.Percentile(0.99) <= lateLimit || enough != nil && enough(res) {
			return res, nil
		}
		if res.Lost() > 0 && s.generator.Legs() == s.plan.legs {
			s.dirty = true
			if err := s.fresh(ctx); err != nil {
				return nil, err
			}
		}
	}
	return best, nil
}

func (s *stage) try(ctx context.Context, what string, rate, legs int, window time.Duration) (*load.Result, error) {
	if err := s.watch.begin(s.process); err != nil {
		return nil, err
	}
	res, err := s.generator.Run(ctx, load.Step{Rate: rate, Legs: legs, Warm: s.plan.warm, Window: window, Meter: s.process.CPU})
	if err != nil {
		return nil, err
	}
	return res, s.watch.end(s.contender.Name, what, s.process, res.Overrun)
}
