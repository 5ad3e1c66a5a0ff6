package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Limits of a generator.
const (
	MaxLegs  = 20_000
	wireLegs = 8 // how many sockets all legs share
)

// Config says whom a generator drives, and how.
type Config struct {
	Server netip.AddrPort // of its ng protocol
	Local  netip.Addr     // where our ends are; default 127.0.0.1
	Kind   Kind
}

// Generator is the far ends of calls: it opens them, sends and receives their packets, and measures. It belongs to
// one goroutine, which is best locked to a thread on a core of its own.
type Generator struct {
	cfg    Config
	ng     *client
	wires  []*wire
	idle   []*wire // the RTCP ports of our ends: open, never read
	calls  []*dialogue
	legs   []*leg // two a call: calling, called
	opened int    // calls so far, for their names
	ssrc   uint32 // of the first leg
	step   uint8
	sink   sink
	slab   []byte // prepared packets of secure legs
}

// New opens the generator's sockets. Close gives them back.
func New(cfg Config) (*Generator, error) {
	if !cfg.Local.IsValid() {
		cfg.Local = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if !cfg.Local.IsLoopback() || !cfg.Server.Addr().IsLoopback() {
		return nil, errors.New("load: packets are sent over loopback only")
	}
	g := &Generator{cfg: cfg, ssrc: rand.Uint32N(1 << 30)}
	err := g.openSockets()
	if err != nil {
		g.closeSockets()
		return nil, err
	}
	return g, nil
}

func (g *Generator) openSockets() (err error) {
	if g.ng, err = newClient(g.cfg.Local, g.cfg.Server); err != nil {
		return err
	}
	// An even port and the odd one above it, as RTP and RTCP have it.
	for tries := 0; len(g.wires) < wireLegs; tries++ {
		if tries == 50*wireLegs {
			return errors.New("load: no free pairs of ports")
		}
		w, err := openWire(netip.AddrPortFrom(g.cfg.Local, 0), mediaPacket)
		if err != nil {
			return err
		}
		if w.local.Port()%2 == 1 {
			w.close()
			continue
		}
		rtcp, err := openWire(netip.AddrPortFrom(g.cfg.Local, w.local.Port()+1), mediaPacket)
		if err != nil {
			w.close()
			continue
		}
		g.wires, g.idle = append(g.wires, w), append(g.idle, rtcp)
	}
	return nil
}

func (g *Generator) closeSockets() {
	if g.ng != nil {
		g.ng.close()
	}
	for _, w := range slices.Concat(g.wires, g.idle) {
		w.close()
	}
	g.ng, g.wires, g.idle = nil, nil, nil
}

// Ping asks the server once whether it is there.
func (g *Generator) Ping(patience time.Duration) bool { return g.ng.ping(patience) }

// Legs returns how many legs are open: two a call.
func (g *Generator) Legs() int { return len(g.legs) }

// Open opens calls until there are n legs, two a call.
func (g *Generator) Open(ctx context.Context, n int) error {
	if n > MaxLegs || n%2 != 0 {
		return fmt.Errorf("load: %d legs: want an even number up to %d", n, MaxLegs)
	}
	for len(g.legs) < n {
		if err := g.openCall(ctx); err != nil {
			return fmt.Errorf("load: call %d: %w", len(g.calls)+1, err)
		}
	}
	return nil
}

func (g *Generator) openCall(ctx context.Context) error {
	w := g.wires[g.opened%len(g.wires)]
	d := g.newDialogue(w.local)
	forCalling, forCalled, _, err := g.ng.open(ctx, d)
	if err != nil {
		return err
	}
	g.calls = append(g.calls, d) // to be deleted, whatever follows
	first := g.ssrc + uint32(len(g.legs))
	calling, err := newLeg(w, first, d.calling, forCalling)
	if err != nil {
		return err
	}
	called, err := newLeg(w, first+1, d.called, forCalled)
	if err != nil {
		return err
	}
	g.legs = append(g.legs, calling, called)
	return nil
}

// newDialogue names the next call; both its ends are at one of our ports.
func (g *Generator) newDialogue(media netip.AddrPort) *dialogue {
	g.opened++
	return &dialogue{
		callID: fmt.Sprintf("%s-%d@bench", g.ng.prefix, g.opened), from: fmt.Sprintf("a%d", g.opened), to: fmt.Sprintf("b%d", g.opened),
		kind:    g.cfg.Kind,
		calling: description{Media: media, PayloadType: payloadTypePCMU},
		called:  description{Media: media},
	}
}

// Hangup deletes every call.
func (g *Generator) Hangup(ctx context.Context) error {
	for len(g.calls) > 0 {
		last := len(g.calls) - 1
		if _, _, err := g.ng.do(ctx, g.calls[last].delete()); err != nil {
			return err
		}
		g.calls = g.calls[:last]
	}
	g.legs = nil
	return nil
}

// Close gives the sockets back. Calls that are still open are left to the server. Again it does nothing.
func (g *Generator) Close() { g.closeSockets() }
