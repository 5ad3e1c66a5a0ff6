package features

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	"sidetone/control/call"
)

// Park (system hold) puts the party of the station's held call where any station can get it: 11, or 11 + a station's
// number, parks under the own number, or that one; 12 + a number retrieves what was parked under it or by it, 12 alone
// what was parked under the own one. A party that nobody retrieves is brought back to the parker.
//
//	X ◄──── call ────► P            P holds
//	P ── INVITE 11 ──► 480          call ── BYE ──► P, X hears music
//	C ── INVITE 12P ─► 200          C moves into the call: X and C talk
//	      or, after park_recall:    call ── INVITE ──► P
type Park struct {
	x              *call.Exchange
	park, retrieve string
	log            *slog.Logger

	mu     sync.Mutex
	parked []parking // the longest first
}

// parking is one parked party.
type parking struct {
	leg      *call.Leg
	by, slot string
}

// NewPark adds the feature to the exchange; codes that are "" are off.
func NewPark(x *call.Exchange, park, retrieve string, log *slog.Logger) {
	f := &Park{x: x, park: park, retrieve: retrieve, log: log}
	if park != "" {
		x.AddFeature(f)
		x.Watch(f)
	}
	if retrieve != "" {
		x.AddService(retrieval{f})
	}
}

// slot is the number after a code: none is the dialler's own; ok is false when it is no station's.
func (f *Park) slot(tel, code, number string) (slot string, ok bool) {
	rest, found := strings.CutPrefix(number, code)
	if !found || f.x.Known(number) {
		return "", false
	}
	if rest == "" {
		return tel, true
	}
	_, ok = f.x.Station(rest)
	return rest, ok
}

// Match is for call.Feature.
func (f *Park) Match(number string) bool {
	_, ok := f.slot("", f.park, number)
	return ok
}

// Dial is for call.Feature.
func (f *Park) Dial(tel, number string) {
	held := f.x.HeldApart(tel)
	if held == nil {
		f.log.Info("park: nothing held", "from", tel)
		return
	}
	slot, _ := f.slot(tel, f.park, number)
	held.Do(func(c *call.Call) {
		if x := c.Park(held, tel); x != nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.parked = append(f.parked, parking{leg: x, by: tel, slot: slot})
		}
	}, nil)
}

// Answered is for call.Watcher.
func (f *Park) Answered(*call.Leg) {}

// Ended is for call.Watcher: a party that has hung up is parked no more.
func (f *Park) Ended(l *call.Leg) { f.forget(l) }

func (f *Park) forget(l *call.Leg) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parked = slices.DeleteFunc(f.parked, func(p parking) bool { return p.leg == l })
}

// take takes the party out that has been parked longest under a number or by it.
func (f *Park) take(number string) *call.Leg {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.parked, func(p parking) bool { return p.slot == number || p.by == number })
	if i < 0 {
		return nil
	}
	l := f.parked[i].leg
	f.parked = slices.Delete(f.parked, i, i+1)
	return l
}

// retrieval is the second code of Park.
type retrieval struct{ *Park }

// Match is for call.Service.
func (r retrieval) Match(number string) bool {
	_, ok := r.slot("", r.Park.retrieve, number)
	return ok
}

// Serve is for call.Service.
func (r retrieval) Serve(caller *call.Leg, number string) {
	slot, _ := r.slot(caller.Tel(), r.Park.retrieve, number)
	r.try(caller, slot)
}

// try retrieves the first party that is still there: one whom its parker has taken back by a recall is not.
func (r retrieval) try(caller *call.Leg, slot string) {
	c := caller.Call()
	l := r.take(slot)
	if l == nil {
		c.Decline("nothing is parked there")
		return
	}
	c.Retrieve(caller, l, func() { r.try(caller, slot) })
}
