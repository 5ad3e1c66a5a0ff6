package features

import (
	"log/slog"
	"slices"
	"strings"
	"sync"

	"sidetone/control/call"
	"sidetone/control/store"
)

// Park (system hold) puts the party of the station's held call where any station can get it: 11, or 11 + a station's
// number, parks under the own number, or that one; 12 + a number retrieves what was parked under it or by it, 12 alone
// what was parked under the own one. A party that nobody retrieves is brought back to the parker.
//
//	X ◄──── call ────► P            P holds
//	P ── INVITE 11 ──► 480          call ── BYE ──► P, X hears music
//	C ── INVITE 12P ─► 200          C moves into the call: X and C talk
//	      or, after park_recall:    call ── INVITE ──► P
//
// Who parked whom where is in the store as long as the party waits. A program that was killed takes the call along; the
// next one tells X by BYE, and C, who wants it back, what has become of it.
type Park struct {
	x              *call.Exchange
	park, retrieve string
	table          *store.Table[Parked] // by Call-ID of the party's dialog
	log            *slog.Logger

	mu     sync.Mutex // guards the following
	parked []parking  // the longest first
	lost   []Parked   // by a restart, until somebody asks
}

// Parked is a parked party as it outlives the program.
type Parked struct {
	By    string `json:"by"`
	Slot  string `json:"slot"`
	Party string `json:"party"`
	call.Remains
}

// parking is one parked party.
type parking struct {
	leg      *call.Leg
	by, slot string
	key      string // in the table
}

// NewPark adds the feature to the exchange; codes that are "" are off.
func NewPark(x *call.Exchange, park, retrieve string, table *store.Table[Parked], log *slog.Logger) *Park {
	f := &Park{x: x, park: park, retrieve: retrieve, table: table, log: log}
	if park != "" {
		x.AddFeature(f)
		x.Watch(f)
	}
	if retrieve != "" {
		x.AddService(retrieval{f})
	}
	return f
}

// Bury ends the calls of those who were parked when the program was killed, once SIP runs.
func (f *Park) Bury() {
	for key, p := range f.table.All() {
		f.table.Delete(key)
		f.log.Info("parked party lost by a restart", "party", p.Party, "by", p.By, "slot", p.Slot)
		f.x.Bury(p.Remains, "parked when the server was restarted")
		f.mu.Lock()
		f.lost = append(f.lost, p)
		f.mu.Unlock()
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
		c.Park(held, tel, func(x *call.Leg) { // it can be retrieved before the parker's phone hears that it is parked
			p := parking{leg: x, by: tel, slot: slot}
			if r, ok := x.Remains(); ok {
				p.key = r.Dialog.CallID
				f.table.Put(p.key, Parked{By: tel, Slot: slot, Party: x.Tel(), Remains: r})
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.parked = append(f.parked, p)
		})
	}, nil)
}

// TakesParty is for call.Taker.
func (f *Park) TakesParty() {}

// Answered is for call.Watcher: somebody has come for a party, or the parker has taken it back.
func (f *Park) Answered(l *call.Leg) {
	f.forget(func(p parking) bool { return p.leg.Call() == l.Call() })
}

// Ended is for call.Watcher: a party that has hung up is parked no more.
func (f *Park) Ended(l *call.Leg) { f.forget(func(p parking) bool { return p.leg == l }) }

func (f *Park) forget(which func(parking) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parked = slices.DeleteFunc(f.parked, func(p parking) bool {
		gone := which(p)
		if gone {
			f.table.Delete(p.key)
		}
		return gone
	})
}

// find is the party that has been parked longest under a number or by it, but for some.
func (f *Park) find(number string, but []*call.Leg) *call.Leg {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.parked {
		if (p.slot == number || p.by == number) && !slices.Contains(but, p.leg) {
			return p.leg
		}
	}
	return nil
}

// mourn says whether a party parked there was lost by a restart, once for each.
func (f *Park) mourn(number string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.lost, func(p Parked) bool { return p.Slot == number || p.By == number })
	if i >= 0 {
		f.lost = slices.Delete(f.lost, i, i+1)
	}
	return i >= 0
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
	r.try(caller, slot, nil)
}

// try retrieves the first party that can be: one who has hung up this moment, or whose phone has no codec in common with the
// caller's, cannot.
func (r retrieval) try(caller *call.Leg, slot string, tried []*call.Leg) {
	c := caller.Call()
	l := r.find(slot, tried)
	switch {
	case l != nil:
		c.Retrieve(caller, l, func() { r.try(caller, slot, append(tried, l)) })
	case r.mourn(slot):
		c.Decline("the parked call was ended by a restart of the server")
	default:
		c.Decline("nothing is parked there")
	}
}
