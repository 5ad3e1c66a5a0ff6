package features

import (
	"log/slog"
	"strings"

	"sidetone/control/call"
)

// ForwardCodes are what is dialled: each but Clear is followed by the destination in the same number.
type ForwardCodes struct {
	Clear, All, Busy, NoAnswer, BusyNoAnswer string
}

// Forward sets where the calls of the station that dials go (601 all, 602 busy, 603 no answer, 604 both of these, +
// destination; 600 clears all four). What comes of it is call/route.go's.
//
//	218 ── INVITE 601219 ──► 480        217 ── INVITE 218 ──► 181 ── INVITE, Diversion: 218 ──► 219
//
// A destination that is no station, room or trunk number, or the station itself, changes nothing; auth codes are not kept, so
// neither is a number that needs one.
type Forward struct {
	x        *call.Exchange
	settings *Settings
	codes    ForwardCodes
	log      *slog.Logger
}

// NewForward adds the feature to the exchange; codes that are "" are off.
func NewForward(x *call.Exchange, settings *Settings, codes ForwardCodes, log *slog.Logger) {
	x.AddFeature(&Forward{x: x, settings: settings, codes: codes, log: log})
}

// forms are the codes and what each sets.
func (f *Forward) forms() []struct {
	code string
	set  func(s *call.Settings, to string)
} {
	return []struct {
		code string
		set  func(s *call.Settings, to string)
	}{
		{f.codes.All, func(s *call.Settings, to string) { s.All = to }},
		{f.codes.Busy, func(s *call.Settings, to string) { s.Busy = to }},
		{f.codes.NoAnswer, func(s *call.Settings, to string) { s.NoAnswer = to }},
		{f.codes.BusyNoAnswer, func(s *call.Settings, to string) { s.Busy, s.NoAnswer = to, to }},
	}
}

// Match is for call.Feature. A number that can be called is never taken for a code.
func (f *Forward) Match(number string) bool {
	if f.x.Known(number) {
		return false
	}
	if number == f.codes.Clear {
		return number != ""
	}
	for _, form := range f.forms() {
		if form.code != "" && strings.HasPrefix(number, form.code) {
			return true
		}
	}
	return false
}

// Dial is for call.Feature.
func (f *Forward) Dial(tel, number string) {
	if number == f.codes.Clear {
		f.settings.Change(tel, func(s *call.Settings) { s.All, s.Busy, s.NoAnswer = "", "", "" })
		f.log.Info("forward cleared", "from", tel)
		return
	}
	for _, form := range f.forms() {
		to, ok := strings.CutPrefix(number, form.code)
		if form.code == "" || !ok {
			continue
		}
		if to == tel || !f.x.Reaches(to) {
			f.log.Info("forward to nowhere", "from", tel, "code", form.code, "to", to)
			return
		}
		f.settings.Change(tel, func(s *call.Settings) { form.set(s, to) })
		f.log.Info("forward", "from", tel, "code", form.code, "to", to)
		return
	}
}
