package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// ErrRangeFull says that every pair of the range is in use or in quarantine.
var ErrRangeFull = errors.New("port range full")

// Config says which ports an Allocator hands out.
type Config struct {
	First, Last uint16        // the range, both ends included; pairs are the even ports of it whose next port is in it too
	Quarantine  time.Duration // how long a released pair rests; 0 = not at all
	Seed        uint64        // of the order in which pairs are first given; 0 = a random one
}

// Allocator hands out the pairs of one range. Make it with New.
type Allocator struct {
	first      uint16 // even
	quarantine int64

	mu   sync.Mutex // guards the following
	ring []freePair // the free pairs, ring[head] the one released longest ago
	head int
	free int
	used []bool // by pair
}

type freePair struct {
	pair  uint16
	ready int64 // may be given again from this time on
}

// New returns an Allocator with every pair of the range free.
func New(c Config) (*Allocator, error) {
	first := int(c.First) + int(c.First)&1
	pairs := (int(c.Last) + 1 - first) / 2
	if c.First == 0 || pairs < 1 {
		return nil, fmt.Errorf("port range %d-%d holds no pair of an even and the next port", c.First, c.Last)
	}
	seed := c.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	a := &Allocator{first: uint16(first), quarantine: int64(c.Quarantine), ring: make([]freePair, pairs), free: pairs, used: make([]bool, pairs)}
	for i, p := range rand.New(rand.NewPCG(seed, seed)).Perm(pairs) {
		a.ring[i] = freePair{pair: uint16(p), ready: -1 << 63}
	}
	return a, nil
}

// Allocate returns the even port of a free pair that is out of quarantine at time now (nanoseconds of the
// clock that Release is given too), or ErrRangeFull. O(1).
func (a *Allocator) Allocate(now int64) (uint16, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// The head was released first: when it is not ready, none is.
	if a.free == 0 || a.ring[a.head].ready > now {
		return 0, ErrRangeFull
	}
	p := a.ring[a.head].pair
	a.head = (a.head + 1) % len(a.ring)
	a.free--
	a.used[p] = true
	return a.first + 2*p, nil
}

// Release puts the pair of the even port rtp into quarantine at time now. O(1). A port that is not in use,
// or not of this range, is left alone and false returned: releasing twice never gives a pair to two legs.
func (a *Allocator) Release(rtp uint16, now int64) bool {
	if rtp < a.first || (rtp-a.first)%2 != 0 {
		return false
	}
	p := (rtp - a.first) / 2
	a.mu.Lock()
	defer a.mu.Unlock()
	if int(p) >= len(a.used) || !a.used[p] {
		return false
	}
	a.used[p] = false
	a.ring[(a.head+a.free)%len(a.ring)] = freePair{pair: p, ready: now + a.quarantine}
	a.free++
	return true
}

// Pairs returns how many pairs the range holds.
func (a *Allocator) Pairs() int { return len(a.used) }

// InUse returns how many pairs are allocated; those in quarantine are not.
func (a *Allocator) InUse() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ring) - a.free
}
