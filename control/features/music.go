package features

import (
	"strings"

	"sidetone/control/call"
	"sidetone/control/media"
)

// Music is music on hold as something to call: sip:music@ this server plays the first class, sip:moh-CLASS@ the one of that name. A phone
// whose music server it is places whom it holds there (RFC 7088):
//
//	217 ── re-INVITE without offer ──► sidetone ── 200, where 218 is to be sent to ──► 217
//	217 ── INVITE music, with that ──► Music.Serve ── 200, sendonly ──► 217
//	217 ── ACK, with that ──► sidetone          218 hears the music, by way of 217's leg
type Music struct {
	programs *media.Programs
	number   string
	first    string
}

const musicPrefix = "moh-"

// NewMusic adds the feature to the exchange: its number, "" switches it off, and the class that is played there.
func NewMusic(x *call.Exchange, p *media.Programs, number, first string) {
	if number != "" {
		x.AddDestination(&Music{programs: p, number: number, first: first})
	}
}

// Match is for call.Service.
func (f *Music) Match(number string) bool {
	class, named := strings.CutPrefix(number, musicPrefix)
	return number == f.number || named && f.programs.Music(class) != nil
}

// Serve is for call.Service.
func (f *Music) Serve(caller *call.Leg, number string) {
	p := f.programs.Waiting(f.first)
	if number != f.number {
		p = f.programs.Music(strings.TrimPrefix(number, musicPrefix))
	}
	caller.Call().Entertain(caller, p)
}
