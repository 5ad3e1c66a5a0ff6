package call

import (
	"slices"
	"sync"
	"time"

	"sidetone/control/media"
	"sidetone/control/sdp"
	"sidetone/mixer/record"
)

// Room is a conference: legs of several calls in one mix. It may be used from
// any goroutine; its members' calls do the work on their own queues.
type Room struct {
	// ID is the dialled number of a dial-in room, or a name for one made by the
	// conference code.
	ID string
	// Owner is the station that made it; "" for a dial-in room.
	Owner string
	// Limit is the most members, the owner among them.
	Limit int
	// Since is when it was made.
	Since time.Time

	media *media.Room
	page  *paging // nil when it is none
	focus bool    // phones may call it, and REFER to it: focus.go
	// onChange (may be nil) is told, outside the lock, after something of it has changed.
	onChange func(id string)
	pin      string // asked for; "" = nothing
	obliges  bool   // it is always recorded
	// onLeave is told, outside the lock, after a leg has left.
	onLeave func(*Room)

	mu       sync.Mutex
	recorder *record.Recorder // nil while it is not recorded
	legs     []*Leg
	expects  []*Call // those it has summoned and that are on their way
	used     bool    // somebody has been in
	closed   bool    // nobody comes in any more
	locked   bool    // only who is expected comes in, until all have left
	quiet    bool    // the moderator has muted everybody else
	obliged  bool    // until all have left: that it must be recorded has been seen to
}

// NewRoom makes a room of a station; onLeave (may be nil) is called after each
// leg that leaves, on that leg's queue.
func (x *Exchange) NewRoom(id, owner string, limit int, onLeave func(*Room)) *Room {
	r := &Room{ID: id, Owner: owner, Limit: limit, Since: x.cfg.Now(), onLeave: onLeave}
	r.media = x.cfg.Media.OpenRoom(media.RoomConfig{ID: id, Events: x.cfg.Talk, Members: limit, Alone: x.cfg.Media.Programs().Waiting(x.cfg.Stations[owner].Music)})
	x.listRoom(r)
	return r
}

// openRoom makes a dial-in room.
func (x *Exchange) openRoom(cfg RoomConfig) *Room {
	r := &Room{ID: cfg.Number, Limit: cfg.Members, Since: x.cfg.Now(), pin: cfg.PIN, obliges: cfg.Recorded, focus: true, onChange: x.cfg.RoomChanged}
	alone := x.cfg.Media.Programs().Waiting(x.cfg.RoomMusic)
	r.media = x.cfg.Media.OpenRoom(media.RoomConfig{ID: cfg.Number, Events: x.cfg.Talk, Members: cfg.Members, Alone: alone, Chimes: cfg.Tones})
	return r
}

// listRoom makes a station's conference visible, and forgets those that ended.
func (x *Exchange) listRoom(r *Room) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rooms = append(slices.DeleteFunc(x.rooms, func(old *Room) bool { return old.over() }), r)
}

// over: everybody who was in has left.
func (r *Room) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used && len(r.legs) == 0
}

// Legs are who is in the room, a holding owner included, in order of arrival.
func (r *Room) Legs() []*Leg {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.legs)
}

// Full: no other member can be added. The owner's place is kept free for it.
func (r *Room) Full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.full("")
}

func (r *Room) full(tel string) bool {
	n := 0
	for _, l := range r.legs {
		if r.Owner == "" || l.tel != r.Owner {
			n++
		}
	}
	if r.Owner != "" && tel != r.Owner {
		n++
	}
	return n >= r.Limit
}

// take reserves a place; false when the room is full.
func (r *Room) take(l *Leg) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.legs, l) {
		return true
	}
	if r.closed || r.full(l.tel) || r.locked && !slices.Contains(r.expects, l.Call()) {
		return false
	}
	r.legs, r.used = append(r.legs, l), true
	return true
}

// expect notes a call that brings a member; false when the room is closed.
func (r *Room) expect(c *Call) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.expects = append(r.expects, c)
	return true
}

// expected: the call has brought its member, or will not.
func (r *Room) expected(c *Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expects = slices.DeleteFunc(r.expects, func(e *Call) bool { return e == c })
}

// left is who is in, and whether anybody is expected.
func (r *Room) left() (legs []*Leg, waits bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.legs), len(r.expects) > 0
}

// close lets nobody in any more and returns who is in or on its way; first is false when it was closed before.
func (r *Room) close() (legs []*Leg, expects []*Call, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, r.closed = !r.closed, true
	return slices.Clone(r.legs), slices.Clone(r.expects), first
}

func (r *Room) leave(l *Leg) {
	r.mu.Lock()
	i := slices.Index(r.legs, l)
	if i >= 0 {
		r.legs = slices.Delete(r.legs, i, i+1)
	}
	opens := len(r.legs) == 0 && r.locked
	r.quiet = r.quiet && len(r.legs) > 0
	r.obliged = r.obliged && len(r.legs) > 0
	r.mu.Unlock()
	if opens {
		r.SetLocked(false)
	}
	if i >= 0 && r.onLeave != nil {
		r.onLeave(r)
	}
	if i >= 0 {
		r.changed()
	}
}

// Confer moves the phone that owner is talking with into a room; the owner's
// own leg belongs to the room too and joins the mix when it resumes. On the
// call's queue. False: the room is full or there is nobody to move.
func (c *Call) Confer(owner *Leg, r *Room) bool {
	member := c.other(owner)
	if owner.gone || !member.live() || !member.answered || member.room != nil {
		return false
	}
	if c.takePort(member) != nil || c.takePort(owner) != nil || !r.take(member) {
		c.count()
		return false
	}
	r.take(owner)
	member.room, owner.room = r, r
	c.x.cfg.Logger.Info("into conference", "call_id", c.id, "room", r.ID, "member", member.tel)
	c.settle()
	return true
}

// Release ends one leg and leaves the other where it is. On the call's queue.
func (c *Call) Release(l *Leg, reason string) {
	if !l.gone {
		c.hangup(l, reason)
	}
}

// Resume sends the phone a re-INVITE to talk and listen, even if it does so
// already. On the call's queue.
func (c *Call) Resume(l *Leg) {
	if l.live() && l.answered && !l.offering && !l.lateOffer {
		w := c.want(l)
		w.Direction = sdp.SendRecv
		c.offer(l, w)
	}
}
