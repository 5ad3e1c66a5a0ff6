package features

import (
	"log/slog"

	"sidetone/control/call"
)

// DND is do not disturb: 401 turns it on, 400 off, for the station that dials (SPEC S14: the OfficeServ manual's
// steps have it the other way round than its text, which stands). Calls to the station get 486 and it hears nothing.
//
//	217 ── INVITE 401 ──► 480          218 ── INVITE 217 ──► 486
type DND struct {
	x        *call.Exchange
	settings *Settings
	code     string
	log      *slog.Logger
}

// NewDND adds the feature to the exchange; code "" switches it off.
func NewDND(x *call.Exchange, settings *Settings, code string, log *slog.Logger) {
	if code != "" {
		x.AddFeature(&DND{x: x, settings: settings, code: code, log: log})
	}
}

// Match is for call.Feature. A number that can be called is never taken for a code.
func (f *DND) Match(number string) bool {
	return (number == f.code+"1" || number == f.code+"0") && !f.x.Known(number)
}

// Dial is for call.Feature.
func (f *DND) Dial(tel, number string) {
	on := number == f.code+"1"
	f.settings.Change(tel, func(s *call.Settings) { s.DND = on })
	f.log.Info("do not disturb", "from", tel, "on", on)
}
