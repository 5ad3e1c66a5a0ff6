package features

import (
	"log/slog"

	"sidetone/control/call"
)

// Record is the recording code (*1). A station dials it on another line: the call that it holds, else the one that it talks in, is
// recorded from then on, or no longer.
//
//	owner                     sidetone
//	  │ re-INVITE (hold) ───────►│
//	  │ INVITE *1 ──────────────►│ Call.ToggleRecording
//	  │◄──────────────────── 480 │
//	  │ re-INVITE (resume) ─────►│ both are recorded
type Record struct {
	x    *call.Exchange
	code string
	log  *slog.Logger
}

// NewRecord makes the feature for a code and adds it to the exchange.
func NewRecord(x *call.Exchange, code string, log *slog.Logger) *Record {
	f := &Record{x: x, code: code, log: log}
	x.AddFeature(f)
	return f
}

// Match is for call.Feature.
func (f *Record) Match(number string) bool { return f.code != "" && number == f.code }

// Dial is for call.Feature.
func (f *Record) Dial(tel, _ string) {
	l := f.x.Held(tel)
	if l == nil {
		for _, other := range f.x.Legs(tel) {
			if other.State().Answered {
				l = other // the newest
			}
		}
	}
	if l == nil {
		f.log.Info("record: no call", "from", tel)
		return
	}
	l.Do(func(c *call.Call) {
		if err := c.ToggleRecording(l); err != nil {
			f.log.Warn("record", "from", tel, "err", err)
		}
	}, nil)
}
