package relay

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"sidetone/relay/udp"
)

// Config says how a Relay works.
type Config struct {
	Shards      int           // worker threads; 0 = one for each CPU
	Sockets     string        // "steered", "ports", or "auto" and "": steered where that is possible (sockets.go)
	BatchWindow time.Duration // the most a packet waits for its batch on a busy shard; 0 = never
	DSCP        int           // of media, 0-63; 0 = best effort, 46 = expedited forwarding
	Interfaces  []Interface   // at least one
	Quarantine  time.Duration // how long a port pair rests after its leg; 0 = 3 s, negative = not at all
	Events      func(Event)   // called on shard threads: must not block, nor call a leg's methods; nil = nobody listens
	Logger      *slog.Logger  // nil = silent

	Network udp.Network  // for tests: instead of sockets, e.g. udptest's
	Clock   func() int64 // for tests: nanoseconds of a monotonic clock; nil = the machine's, from New on
}

// Relay is the data plane: shards, and the interfaces that their legs get ports from. Make it with New.
type Relay struct {
	// Immutable.
	network    udp.Network
	owned      io.Closer // network, when New made it
	interfaces []*localInterface
	shards     []*Shard
	clock      func() int64
	epoch      int64 // nanoseconds since 1970 when clock was 0
	log        *slog.Logger

	// topology guards on which shard each leg is: read-locked while a command to a leg's shard is under way,
	// locked by Move.
	topology sync.RWMutex

	mu      sync.Mutex // guards the following
	legs    map[*Leg]struct{}
	running bool
	closed  bool
	wake    func()        // cancels Run
	ended   chan struct{} // closed when Close has done its work

	stopped sync.Mutex // held by whoever touches a shard's state after its thread has gone
}

// New checks the config, takes the interfaces and sets up the shards. Nothing runs yet.
func New(c Config) (*Relay, error) {
	r, err := newRelay(c)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return r, nil
}

func newRelay(c Config) (_ *Relay, err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		start := time.Now()
		c.Clock = func() int64 { return int64(time.Since(start)) }
	}
	if c.Shards == 0 {
		c.Shards = runtime.NumCPU()
	}
	if c.Shards < 0 {
		return nil, fmt.Errorf("%d shards", c.Shards)
	}
	switch {
	case c.Quarantine == 0:
		c.Quarantine = 3 * time.Second
	case c.Quarantine < 0:
		c.Quarantine = 0
	}
	r := &Relay{network: c.Network, clock: c.Clock, epoch: time.Now().UnixNano() - c.Clock(), log: c.Logger, legs: map[*Leg]struct{}{}, ended: make(chan struct{})}
	defer func() {
		if err != nil {
			r.closeNetwork()
		}
	}()
	if r.network == nil {
		n, err := newNetwork(c)
		if err != nil {
			return nil, err
		}
		r.network, r.owned = n, n
	}
	if r.interfaces, err = openInterfaces(r.network, c.Interfaces, c.Quarantine); err != nil {
		return nil, err
	}
	batch := batchOf(r.network)
	for i := range c.Shards {
		conn, err := r.network.Conn(batch)
		if err != nil {
			return nil, fmt.Errorf("shard %d: %w", i, err)
		}
		r.shards = append(r.shards, newShard(i, conn, batch, c))
	}
	return r, nil
}

// closeNetwork closes the shards' ways to the network, and that itself when it is ours.
func (r *Relay) closeNetwork() {
	for _, s := range r.shards {
		s.conn.Close()
	}
	if r.owned != nil {
		r.owned.Close()
	}
}

// Run runs the shards until ctx ends, Close is called, or a shard fails, and then closes the relay. It returns the
// error of the shard that failed first, nil when none did.
func (r *Relay) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.mu.Lock()
	if r.closed || r.running {
		r.mu.Unlock()
		return fmt.Errorf("relay: run: %w", ErrClosed)
	}
	r.running, r.wake = true, cancel
	r.mu.Unlock()

	failures := make(chan error, len(r.shards))
	var threads sync.WaitGroup
	for _, s := range r.shards {
		// Owned by Run; ends when stop is set or the shard fails; Run waits for it below.
		threads.Go(func() {
			defer s.finish()
			if err := s.run(); err != nil {
				failures <- err
				cancel()
			}
		})
	}
	r.log.Info("relay runs", "shards", len(r.shards), "interfaces", len(r.interfaces))
	<-ctx.Done()
	for _, s := range r.shards {
		s.stop.Store(true)
		s.conn.Wake()
	}
	threads.Wait()
	r.end()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

// Close ends Run, closes every leg and waits until that is done. Closing twice is harmless. Not from a shard's thread.
func (r *Relay) Close() error {
	r.mu.Lock()
	first, running := !r.closed, r.running
	r.closed = true
	if running {
		r.wake()
	}
	r.mu.Unlock()
	if first && !running {
		for _, s := range r.shards {
			s.finish()
		}
		r.end()
	}
	<-r.ended
	return nil
}

// end closes what is left once no shard runs any more.
func (r *Relay) end() {
	r.mu.Lock()
	r.closed = true
	legs := r.legs
	r.legs = nil
	r.mu.Unlock()
	for l := range legs {
		l.Close()
	}
	r.closeNetwork()
	close(r.ended)
}

// Shards returns how many shards there are.
func (r *Relay) Shards() int { return len(r.shards) }

// Now returns the relay's time, nanoseconds of the clock that events, ticks and statistics use.
func (r *Relay) Now() int64 { return r.clock() }

// Do runs fn on a shard's thread between two batches and waits for it; before Run it waits for Run. After Close fn is not
// run. Not from a shard's thread.
func (r *Relay) Do(shard int, fn func(*Shard)) { r.do(shard, fn) }

// do is Do, and reports whether fn was run. After false no thread works on the shard any more.
func (r *Relay) do(shard int, fn func(*Shard)) bool {
	s := r.shards[shard]
	done := make(chan struct{})
	if !s.mailbox.post(func(s *Shard) {
		defer close(done)
		fn(s)
	}, s.conn.Wake) {
		<-s.done
		return false
	}
	<-done
	return true
}

// Post runs fn on a shard's thread between two batches, after what was posted before, and does not wait. After Close
// fn is not run. From any goroutine, shard threads included.
func (r *Relay) Post(shard int, fn func(*Shard)) {
	s := r.shards[shard]
	s.mailbox.post(fn, s.conn.Wake)
}

// after runs fn on a shard's state once do has said that its thread is gone.
func (r *Relay) after(fn func()) {
	r.stopped.Lock()
	defer r.stopped.Unlock()
	fn()
}

// Stats returns the counters of each shard, or nil after Close.
func (r *Relay) Stats() []ShardStats {
	var all []ShardStats
	for i := range r.shards {
		if !r.do(i, func(s *Shard) { all = append(all, s.snapshot()) }) {
			return nil
		}
	}
	return all
}

// Interfaces returns the interfaces and how much of their ranges is taken.
func (r *Relay) Interfaces() []InterfaceUse {
	var all []InterfaceUse
	for _, i := range r.interfaces {
		all = append(all, InterfaceUse{Interface: i.Interface, Pairs: i.ports.Pairs(), InUse: i.ports.InUse()})
	}
	return all
}

// lookup returns an interface by its name and address family.
func (r *Relay) lookup(name string, v6 bool) (*localInterface, error) {
	if name == "" {
		name = r.interfaces[0].Name
	}
	known := false
	for _, i := range r.interfaces {
		if i.Name != name {
			continue
		}
		known = true
		if i.Address.Is6() == v6 {
			return i, nil
		}
	}
	family := "IPv4"
	if v6 {
		family = "IPv6"
	}
	if !known {
		return nil, fmt.Errorf("no interface is named %q", name)
	}
	return nil, fmt.Errorf("interface %s has no %s address", name, family)
}

// leastLoaded returns the shard with the fewest legs.
func (r *Relay) leastLoaded() int {
	best := 0
	for i, s := range r.shards {
		if s.load.Load() < r.shards[best].load.Load() {
			best = i
		}
	}
	return best
}

// keep registers legs to be closed with the relay; false when that is closed.
func (r *Relay) keep(legs []*Leg) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.legs == nil {
		return false
	}
	for _, l := range legs {
		r.legs[l] = struct{}{}
	}
	return true
}

// isClosed reports whether Close has begun.
func (r *Relay) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// forget takes out a leg that has ended.
func (r *Relay) forget(l *Leg) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.legs, l)
}
