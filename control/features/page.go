package features

import (
	"strings"

	"sidetone/control/call"
)

// Page lets the station that dials speak to a group: the code and the group's number. How it goes is call/page.go's.
//
//	217 ── INVITE page500 ──► 200      218, 219 ◄── INVITE, Answer-Mode: Auto; or RTP to the group's multicast address
type Page struct {
	x    *call.Exchange
	code string
}

// NewPage adds the feature to the exchange; code "" switches it off.
func NewPage(x *call.Exchange, code string) {
	if code != "" {
		x.AddService(&Page{x: x, code: code})
	}
}

// Match is for call.Service. A number that can be called is never taken for a code.
func (f *Page) Match(number string) bool {
	rest, ok := strings.CutPrefix(number, f.code)
	return ok && rest != "" && !f.x.Known(number)
}

// Serve is for call.Service.
func (f *Page) Serve(caller *call.Leg, number string) {
	caller.Call().Page(strings.TrimPrefix(number, f.code))
}
