package features

import "sidetone/control/call"

// NewIntercom adds the code (*99 + station) that calls a station which answers by itself, two-way. Whether a phone does
// so, and whether its microphone is open then, is the phone's own setting. A station that is busy or does not want to be
// disturbed gives 486. Code "" switches it off.
//
//	217 ── INVITE *99218 ──► 200      218 ◄── INVITE, Answer-Mode: Auto
func NewIntercom(x *call.Exchange, code string) { addCoded(x, code, (*call.Call).Intercom) }
