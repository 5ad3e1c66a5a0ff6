package trunk

import (
	"slices"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"

	"sidetone/control/sip"
)

// Route is one way for a call to leave.
type Route struct {
	Trunk  string
	Number string // without codes
	Target gosip.Uri
	Hop    sip.Hop
	Flow   sip.Flow // the one we are registered over; zero: open one to Hop
	// User is shown as the caller: our account; "" where we are known by our address and the caller's own number is shown.
	User        string
	Credentials *sip.Credentials // nil: no challenge is answered
	// Reach is how long the first response may take before the next route is tried.
	Reach time.Duration
}

// Plan is what becomes of a number that begins with an access code.
type Plan struct {
	// Number is what was dialled, without the auth code: it may be shown and kept.
	Number string
	// Routes are tried in order; when there is none, Code and Reason say why.
	Routes []Route
	Code   int
	Reason string
}

// reach is how long a server may be silent before the next one is asked.
const reach = 4 * time.Second

// Out finds where a dialled number goes; false when it begins with no access code.
//
//	access + digits                          trunks without auth codes
//	auth_code + code + access + digits       those, and trunks that have the code
//
// The longest access code counts. Trunks with one access code come in the order of the configuration, but those known to be
// down last; of one trunk, the server we are registered at comes first, then the others that DNS names.
//
//	403 the auth code is wrong or missing · 503 no server is known
func (t *Table) Out(dialled string) (Plan, bool) {
	if t == nil {
		return Plan{}, false
	}
	rest, code := dialled, ""
	if after, ok := strings.CutPrefix(dialled, t.authCode); ok && t.authCode != "" {
		if code, rest = t.opened(after); code == "" {
			return Plan{Number: t.authCode, Code: 403, Reason: "wrong auth code"}, true
		}
	}
	access := t.access(rest)
	digits := strings.TrimPrefix(rest, access)
	if access == "" || digits == "" || len(digits) > 32 || strings.Trim(digits, "0123456789*#+") != "" {
		return Plan{Number: rest}, false
	}
	p := Plan{Number: rest, Code: 403, Reason: "auth code missing"}
	open := slices.DeleteFunc(slices.Clone(t.lines), func(l *line) bool {
		return l.cfg.Access != access || len(l.cfg.AuthCodes) > 0 && !slices.Contains(l.cfg.AuthCodes, code)
	})
	if len(open) == 0 {
		return p, true
	}
	p.Code, p.Reason = 503, "no trunk server is known"
	var last []Route
	for _, l := range open {
		s := l.snapshot()
		if routes := l.routes(s, digits); l.down(s) {
			last = append(last, routes...)
		} else {
			p.Routes = append(p.Routes, routes...)
		}
	}
	p.Routes = append(p.Routes, last...)
	for i := range p.Routes[:max(len(p.Routes)-1, 0)] {
		p.Routes[i].Reach = reach // the last one has all the time there is
	}
	return p, true
}

// opened splits an auth code from what follows it, a number with an access code; "" when there is none.
func (t *Table) opened(after string) (code, rest string) {
	for _, l := range t.lines {
		for _, c := range l.cfg.AuthCodes {
			if r, ok := strings.CutPrefix(after, c); ok && len(c) > len(code) && strings.HasPrefix(r, l.cfg.Access) {
				code, rest = c, r
			}
		}
	}
	return code, rest
}

// access is the longest access code that a number begins with, "" for none.
func (t *Table) access(number string) string {
	best := ""
	for _, l := range t.lines {
		if a := l.cfg.Access; len(a) > len(best) && strings.HasPrefix(number, a) {
			best = a
		}
	}
	return best
}

func (l *line) routes(s state, digits string) []Route {
	var list []Route
	for _, h := range s.known() {
		target := *l.cfg.Server.Clone()
		target.User = digits
		r := Route{Trunk: l.cfg.Name, Number: digits, Target: target, Hop: h, User: l.cfg.User}
		if s.registered.Registered && h == s.registered.Hop && s.registered.Flow.Alive() {
			r.Flow = s.registered.Flow
		}
		if l.cfg.User != "" {
			c := l.credentials()
			r.Credentials = &c
		}
		list = append(list, r)
	}
	return list
}
