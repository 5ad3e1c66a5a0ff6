package features

import (
	"strings"

	"sidetone/control/call"
)

// Intercom calls a station that answers by itself, two-way: *99 + station. Whether a phone does so, and whether its microphone is open
// then, is the phone's own setting. A station that is busy or does not want to be disturbed gives 486.
//
//	217 ── INVITE *99218 ──► 200      218 ◄── INVITE, Answer-Mode: Auto
type Intercom struct {
	x    *call.Exchange
	code string
}

// NewIntercom adds the feature to the exchange; code "" switches it off.
func NewIntercom(x *call.Exchange, code string) {
	if code != "" {
		x.AddService(&Intercom{x: x, code: code})
	}
}

// Match is for call.Service. A number that can be called is never taken for a code.
func (f *Intercom) Match(number string) bool {
	rest, ok := strings.CutPrefix(number, f.code)
	return ok && rest != "" && !f.x.Known(number)
}

// Serve is for call.Service.
func (f *Intercom) Serve(caller *call.Leg, number string) {
	caller.Call().Intercom(strings.TrimPrefix(number, f.code))
}
