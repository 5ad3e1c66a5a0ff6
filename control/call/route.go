package call

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sidetone/control/sdp"
	"sidetone/control/sip"
)

// Settings are what a station has set by dialling codes.
type Settings struct {
	DND bool `json:"dnd,omitempty"`
	// Where its calls go: all of them, while it is busy, when it does not answer; "" is nowhere.
	All      string `json:"all,omitempty"`
	Busy     string `json:"busy,omitempty"`
	NoAnswer string `json:"no_answer,omitempty"`
}

// diversion is one forward of a call, with the reason in the words of RFC 5806 and as the cause of RFC 4458.
type diversion struct {
	by     string
	reason string
	cause  int
}

var (
	always      = diversion{reason: "unconditional", cause: 302}
	whileBusy   = diversion{reason: "user-busy", cause: 486}
	unheard     = diversion{reason: "no-answer", cause: 408}
	unreachable = diversion{reason: "unavailable", cause: 503}
	byPhone     = diversion{reason: "deflection", cause: 302}
)

// meant is the number that somebody means: what is a number as it is stays.
func (x *Exchange) meant(number string) string {
	if x.Known(number) {
		return number
	}
	return plain(number)
}

// plain is a number without what address books, phones and networks write into it: separators and parameters, such as those of number
// portability (RFC 3966 5.1.1, RFC 3261 19.1.6, RFC 4694). What is no number stays.
func plain(number string) string {
	digits, _, _ := strings.Cut(number, ";")
	digits = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(digits)
	if strings.Trim(digits, "+0123456789*#") != "" || digits == "" {
		return number
	}
	return digits
}

// dial brings the caller to a number: into a room, to the members of a group (group.go), or it rings every contact of a
// station, after what forwards make of the number. A station in DND is busy to everybody, but its forward of all calls is followed.
//
//	caller ── INVITE 218 ──► call                       218 has 601219 set
//	caller ◄── 181 ───────── call ── INVITE ──► 219     Diversion: <sip:218>;reason=unconditional
//
// Where the phone itself sends a call (302) is deflected's to follow.
//
//	404 no such number · 480 not registered, or forwarded in a circle · 486 busy, and it has no call waiting
func (c *Call) dial(number string) {
	for {
		c.called = number
		if number == c.x.cfg.Factory && number != "" && c.a.outside == nil {
			c.makeFocus()
			return
		}
		if room := c.x.room(number); room != nil {
			c.arrive(room)
			return
		}
		if g := c.x.groups[number]; g != nil {
			c.huntIn(g)
			return
		}
		if d := c.x.destination(number); d != nil {
			d.Serve(c.a, number)
			return
		}
		s, ok := c.x.cfg.Stations[number]
		if !ok {
			c.leave(number)
			return
		}
		set := c.x.settings(number)
		bindings := c.x.cfg.Lookup(number)
		var to string
		var why diversion
		code, reason := 0, ""
		switch {
		case set.All != "":
			to, why = set.All, always
		case set.DND:
			code, reason = 486, "do not disturb"
		case len(bindings) == 0:
			to, why, code, reason = s.Unreachable, unreachable, 480, "not registered"
		case number == c.a.tel:
			code, reason = 486, "busy"
		case c.x.lines.busy(number) && !s.CallWaiting:
			to, why, code, reason = set.Busy, whileBusy, 486, "busy"
		default:
			c.call(s, set, bindings)
			return
		}
		if to == "" {
			c.reject(code, reason)
			return
		}
		if !c.divert(number, to, why) {
			c.reject(480, "forwarded in a circle")
			return
		}
		number = to
	}
}

// call rings a station for the caller.
func (c *Call) call(s Station, set Settings, bindings []sip.Binding) {
	r := ringing{station: s, from: c.a, offer: c.offerFor(c.a), timeout: c.x.cfg.Timeouts.Answer}
	if set.NoAnswer != "" {
		r.timeout = min(r.timeout, c.x.cfg.Timeouts.NoAnswer)
	}
	if err := c.ring(r, bindings); err != nil {
		c.refuse(err)
	}
}

// offerFor is what to offer a phone that is to talk with a caller.
func (c *Call) offerFor(caller *Leg) []sdp.Codec {
	if !caller.described {
		return c.x.cfg.Media.Everything()
	}
	return c.x.cfg.Media.Extended(caller.media.Remote())
}

// divert notes a forward and tells the caller of it; false when there have been too many or it leads in a circle.
func (c *Call) divert(by, to string, why diversion) bool {
	circle := slices.ContainsFunc(c.diversions, func(d diversion) bool { return d.by == to })
	if circle || to == by || len(c.diversions)+len(c.passed) >= c.x.cfg.Forwards {
		c.x.cfg.Logger.Info("forwarded in a circle", "call_id", c.id, "by", by, "to", to)
		return false
	}
	why.by = by
	c.diversions = append(c.diversions, why)
	c.x.cfg.Logger.Info("forwarded", "call_id", c.id, "by", by, "to", to, "reason", why.reason)
	if !c.a.answered && !c.early {
		c.a.dialog.Ring(181, nil)
	}
	return true
}

// forwardAfter follows the forward that fits why a station did not take the call; false when it has none.
func (c *Call) forwardAfter(code int, rang bool) bool {
	set := c.x.settings(c.called)
	var to string
	var why diversion
	switch {
	case c.a == nil, c.auto:
		return false
	case code == 486, code == 600, code == 603: // some phones have 603 on the key that rejects a call
		to, why = set.Busy, whileBusy
	case rang && (code == 408 || code == 480) || code == 408 && set.NoAnswer != "":
		to, why = set.NoAnswer, unheard
	case code == 408 || code == 503:
		to, why = c.x.cfg.Stations[c.called].Unreachable, unreachable
	}
	if to == "" || !c.divert(c.called, to, why) {
		return false
	}
	c.failure = 0
	c.dial(to)
	return true
}

// deflected follows where a station's phone sends a call by 3xx: its own key for forwards. It may send it where 601 might.
//
//	call ── INVITE ──► 218        218 ── 302, Contact: <sip:219@anywhere> ──► call ── INVITE, Diversion: 218 ──► 219
func (c *Call) deflected(l *Leg, ev sip.Failed) bool {
	if c.a == nil || c.auto || c.hunt != nil || l.stands != nil || l.outside != nil || c.waits != nil && c.waits.again {
		return false
	}
	for _, to := range ev.Numbers() {
		if to = c.x.meant(to); c.x.Reaches(to) && c.divert(l.tel, to, byPhone) {
			c.drop(l, "forwarded by its phone")
			c.stopRinging() // its other phones
			c.failure = 0
			c.dial(to)
			return true
		}
	}
	return false
}

// headers say in an INVITE where the call comes from: Diversion (RFC 5806, the latest first) and History-Info
// (RFC 7044) of forwards, Referred-By (RFC 3892) of a transfer.
func (c *Call) headers(target, host string) []sip.Header {
	var list []sip.Header
	for _, d := range slices.Backward(c.diversions) {
		list = append(list, sip.Header{Name: "Diversion", Value: fmt.Sprintf("<sip:%s@%s>;reason=%s;counter=1", d.by, host, d.reason)})
	}
	for _, d := range c.passed { // as they came, so that forwards in a circle through other systems come to an end
		list = append(list, sip.Header{Name: "Diversion", Value: d})
	}
	if len(c.diversions) > 0 {
		var history strings.Builder
		index := "1"
		fmt.Fprintf(&history, "<sip:%s@%s>;index=1", c.diversions[0].by, host)
		for i, d := range c.diversions {
			next := target
			if i+1 < len(c.diversions) {
				next = c.diversions[i+1].by
			}
			fmt.Fprintf(&history, ", <sip:%s@%s;cause=%d>;index=%s.1;mp=%s", next, host, d.cause, index, index)
			index += ".1"
		}
		list = append(list, sip.Header{Name: "History-Info", Value: history.String()})
	}
	if c.auto {
		list = append(list, autoAnswer(host)...)
	}
	if w := c.waits; w != nil && !w.parked && w.by != target {
		list = append(list, sip.Header{Name: "Referred-By", Value: fmt.Sprintf("<sip:%s@%s>", w.by, host)})
	}
	return list
}

func (x *Exchange) settings(tel string) Settings {
	if x.cfg.Settings == nil {
		return Settings{}
	}
	return x.cfg.Settings(tel)
}

// recallRing is how long a recall rings.
func (t Timeouts) recallRing() time.Duration { return min(30*time.Second, t.Answer) }
