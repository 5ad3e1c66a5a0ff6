package call

import (
	"slices"

	"sidetone/control/cdr"
	"sidetone/control/sip"
)

// Remains are what is left of a party's call after the program was killed: its dialog, to end it, and the call's record. They
// are written as JSON.
type Remains struct {
	Dialog sip.Orphan `json:"dialog"`
	Record cdr.Record `json:"record"`
}

// Remains are what to keep of the leg's call; ok is false when the leg could not be hung up by them. On the call's queue.
func (l *Leg) Remains() (r Remains, ok bool) {
	r.Dialog, ok = l.dialog.Orphan()
	c := l.Call()
	r.Record = c.record()
	r.Record.Legs = slices.Clone(r.Record.Legs)
	for _, l := range c.legs() {
		r.Record.Legs = append(r.Record.Legs, l.saw())
	}
	return r, ok
}

// Bury ends a call of which only remains are left, and writes its record.
func (x *Exchange) Bury(r Remains, reason string) {
	x.cfg.Logger.Warn("call lost by a restart", "call_id", r.Record.ID, "from", r.Record.From, "to", r.Record.To, "peer", r.Dialog.Remote.String())
	if x.cfg.Bury != nil {
		if err := x.cfg.Bury(r.Dialog, `SIP;cause=500;text="Server Restarted"`); err != nil {
			x.cfg.Logger.Warn("its phone cannot be told", "call_id", r.Record.ID, "err", err)
		}
	}
	if x.cfg.Record != nil {
		r.Record.End, r.Record.EndedBy, r.Record.Reason = x.cfg.Now(), cdr.System, reason
		x.cfg.Record(r.Record)
	}
}
