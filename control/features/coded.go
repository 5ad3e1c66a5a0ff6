package features

import (
	"strings"

	"sidetone/control/call"
)

// coded is a code that is dialled before the number it is about.
type coded struct {
	x     *call.Exchange
	code  string
	serve func(c *call.Call, number string)
}

// addCoded makes a code dialable; "" is none.
func addCoded(x *call.Exchange, code string, serve func(c *call.Call, number string)) {
	if code != "" {
		x.AddService(&coded{x: x, code: code, serve: serve})
	}
}

// Match is for call.Service. A number that can be called is never taken for a code.
func (f *coded) Match(number string) bool {
	rest, ok := strings.CutPrefix(number, f.code)
	return ok && rest != "" && !f.x.Known(number)
}

// Serve is for call.Service.
func (f *coded) Serve(caller *call.Leg, number string) {
	f.serve(caller.Call(), strings.TrimPrefix(number, f.code))
}
