package call

import (
	"fmt"
	"strings"

	"sidetone/control/media"
	"sidetone/control/sip"
	"sidetone/control/trunk"
)

// Calls over trunks (SPEC S20). A party outside is a leg like a station's, but is nobody here: it dials no codes, transfers
// nobody, takes over no call, and reaches other trunks only where a station forwards or transfers it.
//
//	217 ── INVITE 90398722900 ──► call ── INVITE 0398722900 ──► carrier, 1st server    503, or not a word
//	                              call ── INVITE 0398722900 ──► carrier, 2nd server    180, 200
//	carrier ── INVITE 0398722217 ──► call ── INVITE, from 8020355512345 ──► 217        the longest number of ours it ends in

// outside is a party at the far end of a trunk.
type outside struct {
	trunk  string
	name   string
	number string // as the other side says; it is never taken for a station's
	called string // what a station dials to call it again, access code and all; "" when it called us
}

// outsider makes the leg of a party outside. Its tel holds a character that no station's number has, so that no caller id
// can be one: busy lines, pickup, conferences and rights go by tel.
func outsider(trunkName, name, number string) *Leg {
	// What the other side plays while it holds is its own affair, and is passed on.
	return &Leg{tel: trunkName + "/" + number, station: Station{Name: name, PhoneTone: true}, outside: &outside{trunk: trunkName, name: name, number: number}}
}

// shownTo is the party as a station's phone is told, with the code by which the phone can call back (Insert Trunk Port: incoming).
func (l *Leg) shownTo(s Station) sip.Identity {
	switch {
	case l.private:
		return sip.Nobody
	case l.outside == nil:
		return sip.Identity{Name: l.station.Name, User: l.tel}
	case l.outside.number == sip.Anonymous:
		return sip.Identity{Name: l.outside.name, User: sip.Anonymous}
	case l.outside.called != "":
		return sip.Identity{Name: l.outside.name, User: l.outside.called}
	}
	return sip.Identity{Name: l.outside.name, User: s.Before + l.outside.number}
}

// outward is what a station means by a number: long ones that are nobody's here get its trunk code (Insert Trunk Port: outgoing).
func (x *Exchange) outward(s Station, number string) string {
	if s.Outward == "" || len(number) <= 4 || strings.Trim(number, "0123456789+") != "" || x.Known(number) || x.feature(number) != nil || x.service(number) != nil {
		return number
	}
	return s.Outward + number
}

// shown is what may be kept of a number: no auth code.
func (x *Exchange) shown(number string) string {
	if x.Known(number) {
		return number
	}
	if p, ok := x.cfg.Trunks.Out(number); ok {
		return p.Number
	}
	return number
}

// inward finds who is meant by a number that a trunk calls: its longest end that is a number of ours, of what the
// Request-URI names or, where that is only our account, To.
func (x *Exchange) inward(in *sip.Invite, from trunk.Origin) string {
	called := in.Target().User
	if called == from.User && from.User != "" && !x.open(called) {
		called = in.To().User
	}
	called = x.meant(called)
	for i := range called {
		if x.open(called[i:]) {
			return called[i:]
		}
	}
	return from.Incoming
}

// open: callers from outside may reach the number: a station, a group or a room, and no machine, which trusts who calls it.
func (x *Exchange) open(number string) bool { return x.Known(number) && x.destination(number) == nil }

// fromTrunk takes a call that a trunk brings.
//
//	403 it names a call to take over · 404 the number is nobody's · 482 it has been forwarded too often
func (x *Exchange) fromTrunk(in *sip.Invite, from trunk.Origin) {
	number := plain(in.From().User)
	if number == "" || len(number) > 32 || strings.Trim(number, "0123456789+*#") != "" {
		number = sip.Anonymous
	}
	l := outsider(from.Name, shorten(in.From().Name), number)
	l.private = in.Private() && number != sip.Anonymous // else its name is as much as it wants to be known
	called := x.inward(in, from)
	_, replaces, err := in.Replaces()
	refuse := func(code int, reason string) {
		x.cfg.Logger.Info("trunk call refused", "from", l.tel, "to", in.Target().User, "code", code, "reason", reason)
		in.Reply(code, "")
	}
	switch {
	case replaces || err != nil:
		x.note(in.Flow().Remote, l.tel, "takeover asked for by a trunk")
		refuse(403, "it names a call to take over")
	case called == "":
		refuse(404, "unknown number")
	case len(in.Headers("Diversion")) >= x.cfg.Forwards:
		refuse(482, "forwarded too often")
	default:
		x.begin(in, l, called, func(c *Call) { c.dial(called) })
	}
}

// shorten bounds a name from outside.
func shorten(name string) string {
	if r := []rune(name); len(r) > 64 {
		return string(r[:64])
	}
	return name
}

// leave takes the caller to a number outside, if it begins with an access code. A party outside gets there only by what a
// station has set or done: a forward, a transfer.
func (c *Call) leave(number string) {
	p, ok := c.x.cfg.Trunks.Out(number)
	switch {
	case !ok:
		c.reject(404, "unknown number")
	case c.a.outside != nil && c.waits == nil && len(c.diversions) == 0:
		c.refused(c.a, "trunk asked for by a trunk")
		c.reject(404, "unknown number")
	case len(p.Routes) == 0:
		if p.Code == 403 {
			c.refused(c.a, p.Reason)
		}
		c.reject(p.Code, p.Reason)
	default:
		if err := c.takeChannel(); err != nil {
			c.refuse(err)
			return
		}
		c.ways = p.Routes
		c.next(503)
	}
}

// next tries the ways that are left; when none is, the caller is told code.
func (c *Call) next(code int) {
	for len(c.ways) > 0 {
		way := c.ways[0]
		c.ways = c.ways[1:]
		if err := c.callOutside(way, false); err == nil {
			return
		} else {
			c.x.cfg.Logger.Warn("trunk cannot be used", "call_id", c.id, "trunk", way.Trunk, "peer", way.Hop.String(), "err", err)
		}
	}
	c.reject(code, "no trunk takes the call")
}

// callOutside calls a number over a trunk, with the voice alone if it is to be bare.
func (c *Call) callOutside(way trunk.Route, bare bool) error {
	flow := way.Flow
	if flow.IsZero() {
		var err error
		if flow, err = c.x.cfg.FlowTo(way.Hop); err != nil {
			return err
		}
	}
	l := outsider(way.Trunk, "", way.Number)
	l.via, l.outside.called = &way, c.x.shown(c.called)
	security := media.SecurityOff
	if flow.Transport == sip.TLS {
		security = media.SecurityOptional
	}
	caller := c.a.shownTo(Station{})
	headers := c.headers(way.Number, hostOf(flow))
	from := sip.Identity{Name: caller.Name, User: caller.User, Host: caller.Host}
	if way.User != "" {
		from.User, from.Host = way.User, way.Target.Host
	} else if by := c.responsible(); by != "" { // it trusts us to say who calls (RFC 3325)
		headers = append(headers, sip.Header{Name: "P-Asserted-Identity", Value: fmt.Sprintf("<sip:%s@%s>", by, hostOf(flow))})
	}
	if c.a.private {
		headers = append(headers, sip.Header{Name: "Privacy", Value: "id"})
	}
	c.x.cfg.Logger.Info("trunk call", "call_id", c.id, "trunk", way.Trunk, "to", way.Number, "peer", way.Hop.String())
	r := ringing{station: l.station, from: c.a, offer: c.offerFor(c.a), bare: bare}
	if r.more() {
		l.insist = func() error { return c.callOutside(way, true) }
	}
	return c.invite(l, r, security, sip.InviteRequest{
		Target: way.Target, Flow: flow, From: from, To: sip.Identity{User: way.Number, Host: way.Target.Host},
		AnswerTimeout: c.x.cfg.Timeouts.Answer, ReachTimeout: way.Reach, Credentials: way.Credentials, Headers: headers,
	})
}

// responsible is the station on whose account a call leaves the house: who forwarded or transferred it, else who calls.
func (c *Call) responsible() string {
	switch {
	case len(c.diversions) > 0:
		return c.diversions[len(c.diversions)-1].by
	case c.waits != nil:
		return c.waits.by
	case c.a.outside == nil:
		return c.a.tel
	}
	return ""
}

// unreachedOutside goes on after a trunk has not taken a call: to the next way when it is the trunk's failure, else to the caller.
func (c *Call) unreachedOutside(l *Leg, code int) {
	if (code >= 500 && code < 600 || code == 408 && !l.rang) && len(c.ways) > 0 {
		c.x.cfg.Logger.Warn("trunk failed over", "call_id", c.id, "trunk", l.via.Trunk, "peer", l.via.Hop.String(), "code", code)
		c.next(503)
		return
	}
	told := callerCode(code)
	switch {
	case code >= 500 && code < 600, code == 401, code == 407, code == 408 && !l.rang:
		told = 503
	case code == 403:
		told = 403
	}
	c.reject(told, fmt.Sprintf("%s answered %d", l.tel, code))
}

// refused puts what a party may not do into the access log.
func (c *Call) refused(l *Leg, reason string) { c.x.note(l.peer, l.tel, reason) }

// Outside are the parties of running calls at the far end of a trunk.
func (i Info) Outside(trunkName string) int {
	n := 0
	for _, l := range i.Legs {
		if name, _, outside := strings.Cut(l.Tel, "/"); outside && name == trunkName {
			n++
		}
	}
	return n
}
