package features

import (
	"strings"

	"sidetone/control/call"
)

// PickupCodes are what is dialled; Group is followed by a pickup group, Directed by a station.
type PickupCodes struct {
	MyGroup, Group, Directed string
}

// Pickup answers, for the station that dials, a call that rings elsewhere: in its own pickup group, in another one
// (66 + group), or at one station (65 + tel). Of several the one that has rung longest is taken; two phones that pick
// up at once get one call each, or the second 480.
//
//	A ── INVITE B ──► call ── INVITE ──► B rings
//	C ── INVITE 65B ► call ── CANCEL (Call completed elsewhere) ──► B
//	A ◄── 200 ─────── call ── 200 ──► C
type Pickup struct {
	x     *call.Exchange
	codes PickupCodes
}

// NewPickup adds the feature to the exchange; codes that are "" are off.
func NewPickup(x *call.Exchange, codes PickupCodes) { x.AddService(&Pickup{x: x, codes: codes}) }

// Match is for call.Service. A number that can be called is never taken for a code.
func (f *Pickup) Match(number string) bool {
	after := func(code string) bool { return code != "" && strings.HasPrefix(number, code) && number != code }
	return !f.x.Known(number) && (f.codes.MyGroup != "" && number == f.codes.MyGroup || after(f.codes.Group) || after(f.codes.Directed))
}

// Serve is for call.Service.
func (f *Pickup) Serve(caller *call.Leg, number string) {
	f.try(caller, f.x.Ringing(f.meant(caller.Tel(), number)))
}

// try picks up the first of the legs that still rings.
func (f *Pickup) try(caller *call.Leg, legs []*call.Leg) {
	c := caller.Call()
	if len(legs) == 0 {
		c.Decline("nothing to pick up")
		return
	}
	c.Pickup(caller, legs[0], func() { f.try(caller, legs[1:]) })
}

// meant tells the stations whose calls a dialled code picks up.
func (f *Pickup) meant(tel, number string) func(string) bool {
	group := func(name string) func(string) bool {
		return func(other string) bool {
			s, ok := f.x.Station(other)
			return ok && s.Group == name && other != tel
		}
	}
	if number == f.codes.MyGroup {
		own, _ := f.x.Station(tel)
		if own.Group == "" {
			return func(string) bool { return false }
		}
		return group(own.Group)
	}
	if name, ok := strings.CutPrefix(number, f.codes.Group); ok && f.codes.Group != "" {
		return group(name)
	}
	station := strings.TrimPrefix(number, f.codes.Directed)
	return func(other string) bool { return other == station && other != tel }
}
