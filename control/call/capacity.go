package call

import (
	"errors"
	"sync/atomic"
)

// Capacity as the OfficeServ manual counts it: an MPS channel is a call whose packets are relayed untouched, an MGI port a leg whose
// audio is decoded. A call that phones make directly takes neither.
//
//	a call rings        takes a channel, or is refused: 503
//	both talk           keeps it, or gives it back: direct; both legs take ports instead: transcoded
//	a room, a machine   a port for each leg, or 503
//	hold                a port for who hears a tone or music; without one it hears nothing
//	both talk again     the channel, even beyond the limit: limits keep calls out, they end none
//
// settle counts anew after every event.

// ErrCapacity is why a call is refused when all channels or ports that the configuration allows are in use.
var ErrCapacity = errors.New("no capacity left")

// gauge counts what is in use.
type gauge struct {
	used  atomic.Int64
	limit int64 // 0 is none
}

// take counts one more; false when there is none left.
func (g *gauge) take() bool {
	for {
		n := g.used.Load()
		if g.limit > 0 && n >= g.limit {
			return false
		}
		if g.used.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Used is how many MPS channels and MGI ports are in use.
func (x *Exchange) Used() (mps, mgi int) { return int(x.mps.used.Load()), int(x.mgi.used.Load()) }

// takeChannel is for a call that is about to ring somebody.
func (c *Call) takeChannel() error {
	if c.channel || c.x.mps.take() {
		c.channel = true
		return nil
	}
	return c.full("MPS channels")
}

// takePort is for a leg whose audio is about to be decoded.
func (c *Call) takePort(l *Leg) error {
	if l.port || c.x.mgi.take() {
		l.port = true
		return nil
	}
	return c.full("MGI ports")
}

// full notes that a call found nothing left.
func (c *Call) full(what string) error {
	if l := c.a; l != nil {
		c.refused(l, "no "+what+" left")
	}
	return ErrCapacity
}

// givePort gives a leg's port back.
func (c *Call) givePort(l *Leg) {
	if l.port {
		l.port = false
		c.x.mgi.used.Add(-1)
	}
}

// count makes what is counted for the call what it uses.
func (c *Call) count() {
	relayed := c.a.live() && c.b.live() && c.a.answered && c.b.answered && c.a.room == nil && c.b.room == nil
	for _, l := range c.legs() {
		if l.media == nil {
			continue
		}
		decodes := l.media.Decodes()
		relayed = relayed && !decodes && !l.elsewhere()
		switch {
		case decodes && !l.port:
			l.port = true
			c.x.mgi.used.Add(1)
		case !decodes:
			c.givePort(l)
		}
	}
	rings := c.b == nil && len(c.tries) > 0 && c.waits == nil
	switch {
	case relayed && !c.channel:
		c.channel = true
		c.x.mps.used.Add(1)
	case !relayed && !rings && c.channel:
		c.channel = false
		c.x.mps.used.Add(-1)
	}
}

// uncount gives back what an ended call has.
func (c *Call) uncount() {
	if c.channel {
		c.channel = false
		c.x.mps.used.Add(-1)
	}
}
