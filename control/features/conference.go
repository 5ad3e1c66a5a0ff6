package features

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sidetone/control/call"
)

// Grace is how long a member waits alone in a conference whose owner has no
// call left and might be dialling the next member.
const Grace = 30 * time.Second

// Conference is the conference code (46): a station gathers members one by one
// and joins last by taking its own call off hold. The steps are the OfficeServ
// manual's:
//
//	owner                     sidetone                    B            C
//	  │ INVITE B ───────────────►│ ───────── INVITE ──────►│            │
//	  │ re-INVITE (hold) ───────►│ ── re-INVITE (hold) ───►│ hold tone  │
//	  │ INVITE 46 ──────────────►│                         │            │
//	  │◄──────────────────── 480 │ ── re-INVITE (resume) ─►│ in room    │
//	  │ INVITE C ───────────────►│ ──────────────────────────── INVITE ►│
//	  │◄──────────────────── 200 │◄───────────────────────────────  200 │
//	  │◄── BYE (first call) ──── │                         │            │
//	  │ re-INVITE (hold), 46 ───►│ ── C into the room ─────────────────►│
//	  │ INVITE 46 (again) ──────►│ ── re-INVITE (resume) to everybody ─►│
//	  │ re-INVITE (resume) ─────►│ owner mixed with B and C             │
type Conference struct {
	x     *call.Exchange
	code  string
	limit int
	log   *slog.Logger

	mu     sync.Mutex
	owners map[string]*gathering
	made   int
}

// gathering is one station's conference while the station has a part in it.
type gathering struct {
	room   *call.Room
	anchor *call.Leg // the owner's leg of the member added last
}

// NewConference makes the feature for a code and a number of members, the owner
// among them, and adds it to the exchange.
func NewConference(x *call.Exchange, code string, members int, log *slog.Logger) *Conference {
	f := &Conference{x: x, code: code, limit: members, log: log, owners: make(map[string]*gathering)}
	x.AddFeature(f)
	x.Watch(f)
	return f
}

// Match is for call.Feature.
func (f *Conference) Match(number string) bool { return f.code != "" && number == f.code }

// Dial is for call.Feature: the held party of the station's last held call goes
// into the conference; dialled again without another call, it ends the adding.
func (f *Conference) Dial(tel, _ string) {
	held := f.x.Held(tel)
	if held == nil {
		f.log.Info("conference: nothing held", "from", tel)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.owners[tel]
	if g != nil && g.anchor == held {
		for _, l := range g.room.Legs() {
			l.Do(func(c *call.Call) { c.Resume(l) }, nil)
		}
		return
	}
	if g == nil {
		f.made++
		g = &gathering{}
		g.room = f.x.NewRoom(fmt.Sprintf("%s-%s-%d", f.code, tel, f.made), tel, f.limit, func(*call.Room) { f.tidy(tel, g) })
		f.owners[tel] = g
	}
	if g.room.Full() {
		f.log.Info("conference full", "from", tel, "room", g.room.ID)
		return
	}
	g.anchor = held
	held.Do(func(c *call.Call) { c.Confer(held, g.room) }, nil)
}

// TakesParty is for call.Taker.
func (f *Conference) TakesParty() {}

// Answered is for call.Watcher: once the owner's next call is up, its older leg
// is cleared, because many phones have room for two calls only. In a full
// conference the older leg stays: it is the owner's own place.
func (f *Conference) Answered(l *call.Leg) {
	if l.State().Outgoing {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.owners[l.Tel()]
	if g == nil || g.anchor == nil || g.anchor.Call() == l.Call() || g.room.Full() {
		return
	}
	old := g.anchor
	old.Do(func(c *call.Call) { c.Release(old, "next conference call is up") }, nil)
}

// Ended is for call.Watcher.
func (f *Conference) Ended(l *call.Leg) {
	f.mu.Lock()
	g := f.owners[l.Tel()]
	f.mu.Unlock()
	if g != nil {
		f.tidy(l.Tel(), g)
	}
}

// tidy ends what is left of a conference that is none any more: one party
// alone. An owner alone is released at once, a member when the owner has left
// for good; while the owner has a call, and for the grace time after it, the
// member waits for the next one to be added.
func (f *Conference) tidy(tel string, g *gathering) {
	legs := g.room.Legs()
	busy := len(f.x.Legs(tel)) > 0
	gathering := f.gathering(tel, g)
	switch {
	case len(legs) == 0, len(legs) > 1 && !busy:
		f.forget(tel, g)
	case len(legs) > 1:
	case legs[0].Tel() == tel, !gathering:
		f.forget(tel, g)
		release(legs[0])
	case !busy:
		time.AfterFunc(Grace, func() { f.expire(tel, g) })
	}
}

// expire ends a lone member's wait when the owner did not come back.
func (f *Conference) expire(tel string, g *gathering) {
	if legs := g.room.Legs(); len(legs) == 1 && len(f.x.Legs(tel)) == 0 {
		f.forget(tel, g)
		release(legs[0])
	}
}

// gathering: the conference is still the one the station adds members to.
func (f *Conference) gathering(tel string, g *gathering) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.owners[tel] == g
}

func release(l *call.Leg) {
	l.Do(func(c *call.Call) { c.Release(l, "conference over") }, nil)
}

// forget lets the station begin another conference; the members of this one
// stay in their room.
func (f *Conference) forget(tel string, g *gathering) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.owners[tel] == g {
		delete(f.owners, tel)
	}
}
