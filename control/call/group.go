package call

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// A station group: several stations under one number (SPEC S19).
//
//	caller ── INVITE 500 ──► call ── INVITE ──► 4 members       unconditional
//	                              … step …
//	                              ── INVITE ──► 4 more
//	caller ◄── 200 ───────── call ◄── 200 ───── 219
//	                              ── CANCEL ──► all others      Reason: Call completed elsewhere
//
//	caller ── INVITE 501 ──► call ── INVITE ──► 217             sequential, distributed
//	                              … member time, or it refuses …
//	                              ── CANCEL ──► 217             a missed call there
//	                              ── INVITE ──► 218
//
// A member that has a call (with call waiting too), that is not to be disturbed or is not registered is left out. Forwards of members
// are not followed: one absent member would take the calls of all, and its voice mail would answer them; who does not want the
// group's calls switches do not disturb on. A member that refuses, with 603 too, refuses for itself only.
//
//	486 every member that is there is busy · 480 nobody answered, or nobody is there

// Order is how the members of a group ring.
type Order uint8

// The orders.
const (
	Unconditional Order = iota // all
	Sequential                 // one after the other, always from the first
	Distributed                // one after the other, each call beginning with the member after the one the last call began with
)

// GroupConfig is a station group.
type GroupConfig struct {
	Number  string
	Ring    Order
	Members []string // tel numbers
	// AtOnce is how many begin to ring together, and Step the time until the next ones do, of an Unconditional group.
	AtOnce int
	Step   time.Duration
	// MemberTime is how long one rings in the other orders.
	MemberTime time.Duration
	// Multicast is where pages of the group are sent; invalid is to each member, by a call. Of two pages to one address the one with the
	// lower Priority is heard.
	Multicast netip.AddrPort
	Priority  int
}

type group struct {
	GroupConfig
	calls atomic.Uint64 // that were distributed
}

// members are who is to be rung for the next call, in order.
func (g *group) members() []string {
	list := slices.Clone(g.Members)
	if g.Ring != Distributed || len(list) == 0 {
		return list
	}
	first := int((g.calls.Add(1) - 1) % uint64(len(list)))
	return append(list[first:], list[:first]...)
}

// hunt is a call on its way through a group.
type hunt struct {
	group *group
	left  []string // who has not been rung yet, in order
	busy  bool     // a member was
	other bool     // a member was rung and did not take the call for another reason
	err   error    // why one could not be rung, for want of something of ours
	timer *time.Timer
}

// huntIn rings a group for the caller.
func (c *Call) huntIn(g *group) {
	c.hunt = &hunt{group: g, left: g.members()}
	c.advance()
}

// advance rings who is next. When nobody rings and nobody is left, the caller is told.
func (c *Call) advance() {
	h := c.hunt
	h.stop()
	if c.a == nil { // its transfer is under way
		c.nextMembers(recallStep)
		return
	}
	n, pause := 1, h.group.MemberTime
	if h.group.Ring == Unconditional {
		n, pause = h.group.AtOnce, h.group.Step
	}
	for rung := 0; rung < n && len(h.left) > 0; {
		tel := h.left[0]
		h.left = h.left[1:]
		if c.ringMember(tel) {
			rung++
		}
	}
	switch {
	case len(c.tries) == 0:
		c.unfound()
	case len(h.left) > 0 || h.group.Ring != Unconditional:
		c.nextMembers(pause)
	}
}

// recallStep is how long a group waits for the party that it is to be rung for.
const recallStep = 50 * time.Millisecond

// nextMembers goes on with the hunt in d.
func (c *Call) nextMembers(d time.Duration) {
	h := c.hunt
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		c.Post(func() {
			if c.hunt != h || h.timer != t {
				return
			}
			if h.group.Ring != Unconditional && c.a != nil {
				c.passOver()
			}
			c.advance()
		})
	})
	h.timer = t
}

// passOver ends the ringing of a member that has rung for its time.
func (c *Call) passOver() {
	for _, l := range slices.Clone(c.tries) {
		l.dialog.Cancel()
		c.drop(l, "not answered")
		c.hunt.other = true
	}
}

// ringMember rings all contacts of a member; false when it is left out.
func (c *Call) ringMember(tel string) bool {
	s, bindings, h := c.x.cfg.Stations[tel], c.x.cfg.Lookup(tel), c.hunt
	switch {
	case len(bindings) == 0:
		return false
	case c.x.lines.busy(tel) || c.x.settings(tel).DND:
		h.busy = true
		return false
	}
	if err := c.ring(ringing{station: s, from: c.a, offer: c.offerFor(c.a), timeout: c.x.cfg.Timeouts.Answer}, bindings); err != nil {
		h.err = err
		return false
	}
	return true
}

// missed notes that a phone of a member did not take the call.
func (c *Call) missed(code int) {
	h := c.hunt
	if callerCode(code) == 486 {
		h.busy = true
	} else {
		h.other = true
	}
	switch {
	case len(c.tries) > 0:
	case len(h.left) > 0:
		c.advance()
	default:
		c.unfound()
	}
}

// unfound tells the caller that nobody of the group takes the call.
func (c *Call) unfound() {
	h := c.hunt
	c.stopHunt()
	switch {
	case h.err != nil && !h.other && !h.busy:
		c.refuse(h.err)
	case h.busy && !h.other:
		c.reject(486, "all members are busy")
	default:
		c.reject(480, "no member answered")
	}
}

// stopHunt lets nobody else ring.
func (c *Call) stopHunt() {
	if c.hunt != nil {
		c.hunt.stop()
		c.hunt = nil
	}
}

func (h *hunt) stop() {
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}
