package config

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// shortestPassword is SPEC S2's bound, in characters.
const shortestPassword = 6

// checkStations checks the accounts. No message holds a password.
func checkStations(r *report, c *Config) {
	if n := len(c.Stations); n > c.SIP.MaxStations {
		r.add(entry("stations", c.SIP.MaxStations), "%d stations are more than sip.max_stations, %d", n, c.SIP.MaxStations)
	}
	users := map[string]int{}
	for i := range c.Stations {
		s := &c.Stations[i]
		path := entry("stations", i)
		checkAccount(r, s, path)
		if first, again := users[s.UserID]; again && s.UserID != "" {
			r.add(path+".user_id", "%q is the user id of %s already", s.UserID, entry("stations", first))
		} else {
			users[s.UserID] = i
		}
		if s.Music != "" && !slices.ContainsFunc(c.Media.Music, func(m Music) bool { return m.Name == s.Music }) {
			r.add(path+".music", "media.music has no class %q", s.Music)
		}
		if s.Unreachable != "" && (s.Unreachable == s.Tel || !slices.ContainsFunc(c.Stations, func(o Station) bool { return o.Tel == s.Unreachable })) {
			r.add(path+".unreachable", "%q is no other station", s.Unreachable)
		}
	}
}

// checkAccount checks what a station authenticates by.
func checkAccount(r *report, s *Station, path string) {
	if s.Auth == "ip" {
		if !s.IP.IsValid() {
			r.add(path+".ip", "is missing; auth: ip goes by it")
		}
		return
	}
	switch {
	case s.UserID == "":
		r.add(path+".user_id", "is missing; there is no default")
	case strings.ContainsAny(s.UserID, `:"\`):
		r.add(path+".user_id", "cannot hold colons, quotes or backslashes")
	}
	switch p := s.Password.Reveal(); {
	case p == "":
		r.add(path+".password", "is missing; there is no default")
	case p == s.UserID:
		r.add(path+".password", "is the same as the user id")
	case utf8.RuneCountInString(p) < shortestPassword:
		r.add(path+".password", "is shorter than %d characters", shortestPassword)
	}
}
