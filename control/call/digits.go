package call

import (
	"fmt"

	"sidetone/codecs/dtmf"
	"sidetone/control/media"
	"sidetone/control/sip"
)

// Digits is the way a station sends the keys its user presses, and wants those of others (SPEC S21):
//
//	from \ to   rfc2833                  info                 inband
//	rfc2833     relayed untouched        taken out, INFO      taken out, tones
//	info        put into the stream      INFO passed on       tones
//	inband      detected, put in         detected, INFO       relayed untouched
//
// A phone for rfc2833 that did not agree to telephone-event is sent tones.
type Digits uint8

// What a station may be set to.
const (
	DigitsEvents Digits = iota // telephone-event, RFC 4733
	DigitsInfo                 // SIP INFO
	DigitsInband               // tones in the voice
)

var digitsNames = [...]string{DigitsEvents: "rfc2833", DigitsInfo: "info", DigitsInband: "inband"}

// ParseDigits returns what a name of the configuration means.
func ParseDigits(name string) (Digits, error) {
	for d, n := range digitsNames {
		if n == name {
			return Digits(d), nil
		}
	}
	return 0, fmt.Errorf("dtmf %q is none of rfc2833, info, inband", name)
}

// String is the name that the configuration uses.
func (d Digits) String() string { return digitsNames[d] }

// keypad is what a call knows of the keys of a leg's phone.
type keypad struct {
	owner func(dtmf.Press) // who gets them; nil = the other phone
	heard hearing          // what its media reports now
	star  bool             // in a room: the last one was *
	way   *Digits          // in which the first came: a phone that sends each key twice is heard once
}

// hearing is in which ways keys of a leg's media are reported.
type hearing struct{ events, tones bool }

// OnDigit gives every key that the leg's phone presses to fn, in whichever way it comes, once, on the call's queue; it then
// goes nowhere else. nil lets keys go to the other phone again. On the call's queue.
func (l *Leg) OnDigit(fn func(dtmf.Press)) {
	l.keypad.owner = fn
	l.Call().settle()
}

// keepsDigits: telephone-events of the leg do not go to its peer as they are.
func keepsDigits(l, peer *Leg) bool {
	return l.keypad.owner != nil || peer.station.Digits != DigitsEvents || !media.HasEvents(peer.media.Remote())
}

// addsDigits: keys of the leg reach its peer in another way than they came.
func addsDigits(l, peer *Leg) bool {
	return l.keypad.owner == nil && peer.station.Digits != DigitsInfo && (l.station.Digits != peer.station.Digits || !media.HasEvents(peer.media.Remote()))
}

// listen makes the leg's media report the keys that somebody here wants.
func (c *Call) listen(l *Leg) {
	if !l.live() {
		return
	}
	var want hearing
	if l.keypad.owner != nil || l.room != nil {
		want = hearing{events: true, tones: l.station.Digits == DigitsInband}
	} else if peer := c.other(l); l.room == nil && peer.live() {
		want.events = keepsDigits(l, peer)
		want.tones = l.station.Digits == DigitsInband && peer.station.Digits != DigitsInband
	}
	if l.keypad.heard == want {
		return
	}
	before := l.keypad.heard
	l.keypad.heard = want
	report := func(on bool, way Digits) func(dtmf.Press) {
		if !on {
			return nil
		}
		return func(p dtmf.Press) { // on the shard's thread
			l.Do(func(c *Call) { c.pressed(l, p, way) }, nil)
		}
	}
	if want.events != before.events {
		c.check(l.media.OnDigit(report(want.events, DigitsEvents)))
	}
	if want.tones != before.tones {
		c.check(l.media.OnTone(report(want.tones, DigitsInband)))
	}
}

// pressed takes a key of a leg's phone to its owner or to the other phone.
func (c *Call) pressed(l *Leg, p dtmf.Press, way Digits) {
	if l.keypad.way == nil {
		l.keypad.way = &way
	}
	if l.gone || *l.keypad.way != way {
		return
	}
	if l.keypad.owner != nil {
		l.keypad.owner(p)
		return
	}
	if l.room != nil {
		l.room.keyed(c, l, p)
		return
	}
	peer := c.other(l)
	if !peer.live() || !peer.answered {
		return
	}
	if peer.station.Digits == DigitsInfo {
		contentType, body := p.Info()
		peer.dialog.Send("INFO", contentType, body, nil, nil)
		return
	}
	c.check(peer.media.SendDigit(p, peer.station.Digits == DigitsInband))
}

// info takes an INFO of a phone. A key goes to whoever wants it in another way; everything else to the other phone as it is.
// The dialog answers what nobody does.
func (c *Call) info(l *Leg, r *sip.Request) {
	if !dtmf.IsInfo(r.ContentType) && r.Header("Record") != "" {
		c.askedToRecord(l, r)
		return
	}
	peer := c.other(l)
	connected := l.room == nil && peer.live() && peer.answered && !peer.gone
	asIs := l.keypad.owner == nil && connected && l.station.Digits == DigitsInfo && peer.station.Digits == DigitsInfo
	if (l.keypad.owner != nil || l.room != nil || connected) && !asIs {
		if p, err := dtmf.ParseInfo(r.ContentType, r.Body); err == nil {
			c.pressed(l, p, DigitsInfo)
			return
		}
	}
	if connected {
		peer.dialog.Send("INFO", r.ContentType, r.Body, nil, nil)
	}
}
