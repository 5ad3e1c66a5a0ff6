package sip

import (
	"fmt"

	gosip "github.com/emiago/sipgo/sip"
)

// display is what the other side's display shows of who is at our end, who may change while a dialog lasts. It is told by
// P-Asserted-Identity (RFC 3325, RFC 5876), which phones read where From and To cannot change any more: in what answers
// their INVITE, and later in whatever INVITE or UPDATE goes to them; when there is none, in an UPDATE of its own, or a
// re-INVITE with the description that stands where UPDATE is not allowed.
//
//	phone ── INVITE ──► us ◄── 180, 200, P-Asserted-Identity: who answered
//	phone ◄── UPDATE, P-Asserted-Identity: who is there now ── us          (a transfer, a pickup)
type display struct {
	who      Identity
	asserted bool // it is not, or not only, what From said
	untold   bool
}

// Show says who is at our end now. It goes along with the next INVITE, UPDATE or response to one; Announce does not wait for any.
func (d *Dialog) Show(who Identity) {
	if d.display.who != who {
		d.display = display{who: who, asserted: true, untold: true}
	}
}

// Announce tells the other side what Show said, if it has not been told, as soon as no INVITE is running either way.
func (d *Dialog) Announce() { d.nextOffer() }

// announce does that when none is.
func (d *Dialog) announce() {
	if !d.display.untold {
		return
	}
	d.display.untold = false
	d.assureSession(func() {}) // a phone that does not want to know is not asked again
}

// assert puts who is at our end into a message; told is whether the other side is sure to get it.
func (d *Dialog) assert(msg gosip.Message, told bool) {
	who := d.display.who
	if !d.display.asserted {
		return
	}
	d.display.untold = d.display.untold && !told
	name := ""
	if who.Name != "" {
		name = `"` + quoted(who.Name) + `" `
	}
	address := or(cleanHost(who.Host), host(d.flow.Local.Addr()))
	addHeaders(msg, []Header{{"P-Asserted-Identity", fmt.Sprintf("%s<sip:%s@%s>", name, escapeUser(who.User), address)}})
}
