package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Step is one run of packets at one rate.
type Step struct {
	Rate   int           // packets a second that the server receives, all legs together
	Legs   int           // so many of the open legs send, in turn
	Warm   time.Duration // before the window; not measured
	Window time.Duration
	// Meter reads what the server has used so far; it is called at both ends of the window, on the goroutine
	// that sends. May be nil.
	Meter func() (time.Duration, error)

	abrupt bool // the step ends with its last packet: nobody waits for what is under way
}

// Result is what a step measured in its window. Delays are from when a packet was due until it was delivered to us.
type Result struct {
	Elapsed    time.Duration
	Sent       int
	Received   int           // of those sent, each counted once
	Duplicates int           // the same packet again
	Wrong      int           // packets that are none of ours, from a wrong port, at a wrong port or not to be decrypted
	Checked    int           // SRTP packets that were decrypted and compared
	Unsent     int           // packets that our own machine refused
	Overrun    int           // packets that our own sockets had no room for
	CPU        time.Duration // what Meter's reading grew by
	Handled    int           // packets received between the two readings

	Delay Histogram // of packets
	Way   Histogram // of packets, from when they were sent: without what the generator itself was late
	Late  Histogram // of the generator: how long after it was due a packet was sent
	Busy  float64   // share of the time that the generator had something to do
}

// Lost returns how many packets did not arrive.
func (r *Result) Lost() int { return r.Sent - r.Received }

// CPUPerPacket returns the server's time on its core for each packet it passed on.
func (r *Result) CPUPerPacket() time.Duration {
	if r.Handled == 0 {
		return 0
	}
	return r.CPU / time.Duration(r.Handled)
}

// After the last packet the generator listens until nothing has come for quiet, at most for drain. A host may take the server's core
// away for 100 ms; and ours: of the time from one look to the next no more than glance counts.
const (
	quiet  = 300 * time.Millisecond
	glance = time.Millisecond
	drain  = 1500 * time.Millisecond
)

// maxStepPackets keeps the numbers of a leg's packets within 16 bits and memory within reason.
const (
	maxLegPackets  = 60_000
	maxStepPackets = 20_000_000
	startDelay     = 2 * time.Millisecond
)

func (s Step) schedule() (total, warm int, err error) {
	warm = int(int64(s.Rate) * int64(s.Warm) / int64(time.Second))
	total = warm + int(int64(s.Rate)*int64(s.Window)/int64(time.Second))
	switch {
	case s.Rate <= 0 || s.Legs <= 0 || total <= warm:
		return 0, 0, errors.New("load: nothing to send")
	case total > maxStepPackets || total/s.Legs > maxLegPackets:
		return 0, 0, fmt.Errorf("load: %d packets on %d legs are too many for one step", total, s.Legs)
	}
	return total, warm, nil
}

// Run sends and receives. The legs send in turn, evenly spread over time and in an order that does not change, so
// every leg has its packets at equal distances, as a phone's are. No two packets of a leg are sent together unless
// the generator itself is late by more than that distance.
func (g *Generator) Run(ctx context.Context, s Step) (*Result, error) {
	total, warm, err := s.schedule()
	if err != nil {
		return nil, err
	}
	if s.Legs > len(g.legs) {
		return nil, fmt.Errorf("load: %d legs of %d open ones", s.Legs, len(g.legs))
	}
	g.step++
	legs := g.turns(s.Legs)
	if err := g.prepare(legs, total); err != nil {
		return nil, err
	}
	g.discard()
	res := &Result{}
	plan := Schedule{Start: time.Now().Add(startDelay).UnixNano(), Rate: s.Rate, Total: total}
	g.sink.begin(g, legs, plan, warm, res)
	if err := g.play(ctx, legs, s, warm, res); err != nil {
		return nil, err
	}
	return res, nil
}

// turns returns the first n legs in the order in which they send: those of one socket together, so that they can
// share a system call, and otherwise mixed.
func (g *Generator) turns(n int) []*leg {
	legs := slices.Clone(g.legs[:n])
	r := rand.New(rand.NewPCG(uint64(n), 1))
	r.Shuffle(n, func(i, k int) { legs[i], legs[k] = legs[k], legs[i] })
	slices.SortStableFunc(legs, func(a, b *leg) int { return int(a.wire.local.Port()) - int(b.wire.local.Port()) })
	secure := 0
	for i, l := range legs {
		l.place, l.started = i, l.number
		if l.secure {
			l.sealed = secure
			secure++
		}
	}
	return legs
}

// sealedSize is the length of an encrypted packet.
const sealedSize = PacketSize + tagSize

// prepare encrypts all packets that the secure legs will send in the step. Packet k of secure leg i lies at
// (k·secure+i)·sealedSize.
func (g *Generator) prepare(legs []*leg, total int) error {
	secure := 0
	for _, l := range legs {
		if l.secure {
			secure++
		}
	}
	if secure == 0 {
		return nil
	}
	rounds := (total + len(legs) - 1) / len(legs)
	if size := rounds * secure * sealedSize; cap(g.slab) < size {
		g.slab = make([]byte, size)
	}
	g.slab = g.slab[:rounds*secure*sealedSize]
	for _, l := range legs {
		if !l.secure {
			continue
		}
		for k := range rounds {
			if k*len(legs)+l.place >= total {
				break
			}
			out := g.slab[(k*secure+l.sealed)*sealedSize:][:sealedSize:sealedSize]
			sealed, err := l.seal.EncryptRTP(out, l.next(g.step, uint32(k*len(legs)+l.place)), nil)
			if err != nil {
				return err
			}
			if len(sealed) != sealedSize || &sealed[0] != &out[0] {
				return fmt.Errorf("load: an SRTP packet of %d bytes, want %d", len(sealed), sealedSize)
			}
		}
	}
	return nil
}

// discard empties the sockets of what is left of an earlier step.
func (g *Generator) discard() {
	for _, w := range g.wires {
		for i := 0; i < 10_000 && len(w.receive(0)) > 0; i++ {
		}
		w.failed = 0
	}
}
