package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
)

// checkNumbers checks everything that can be dialled: each is written as phones can dial it, and no
// two are the same. Of a code that takes digits (601 + destination) only the code itself is compared:
// a number that begins with it is found first.
func checkNumbers(r *report, c *Config) {
	owners := map[string]string{} // number -> path of who has it
	take := func(number, path string) {
		owner, taken := owners[number]
		if !taken {
			owners[number] = path
			return
		}
		where := ""
		if p := r.place(owner); r.places[owner] != (position{}) {
			where = fmt.Sprintf(", line %d", p.line)
		}
		r.add(path, "%s is taken already (%s%s)", number, owner, where)
	}
	codes := reflect.ValueOf(c.FeatureCodes)
	for i := range codes.NumField() {
		path := join("feature_codes", codes.Type().Field(i).Tag.Get("yaml"))
		switch code := codes.Field(i).String(); {
		case code == "":
		case len(code) > 16 || strings.Trim(code, "0123456789*#") != "":
			r.add(path, "%q is no code: up to 16 of 0-9, * and #", code)
		default:
			take(code, path)
		}
	}
	accesses := map[string]bool{}
	for i, t := range c.Trunks { // several trunks may have one access code
		if t.Access != "" && !accesses[t.Access] {
			accesses[t.Access] = true
			take(t.Access, entry("trunks", i)+".access")
		}
	}
	checkNumber := func(number, path string) {
		switch {
		case number == "":
			r.add(path, "is missing")
		case len(number) > 32 || strings.ContainsFunc(number, notDialled):
			r.add(path, "%q is no number: up to 32 letters, digits and any of * # + . _ -", number)
		default:
			take(number, path)
		}
	}
	for i, s := range c.Stations {
		checkNumber(s.Tel, entry("stations", i)+".tel")
	}
	for i, g := range c.Groups {
		checkNumber(g.Number, entry("groups", i)+".number")
		checkMembers(r, c, g, entry("groups", i)+".members")
		if a, err := netip.ParseAddrPort(g.Multicast); g.Multicast != "" && (err != nil || !a.Addr().IsMulticast() || a.Port() == 0) {
			r.add(entry("groups", i)+".multicast", "wants a multicast address and a port, such as 224.0.1.77:10000, found %q", g.Multicast)
		}
	}
	if c.Conference.Factory != "" {
		checkNumber(c.Conference.Factory, "conference.factory")
	}
	if c.Media.MusicServer != "" {
		checkNumber(c.Media.MusicServer, "media.music_server")
		for i, m := range c.Media.Music {
			if m.Name != "" && len(m.Name) <= 28 && !strings.ContainsFunc(m.Name, notDialled) && !slices.ContainsFunc(c.Media.Music[:i], func(o Music) bool { return o.Name == m.Name }) {
				checkNumber("moh-"+m.Name, entry("media.music", i)+".name")
			}
		}
	}
	for i, room := range c.Conference.Rooms {
		path := entry("conference.rooms", i)
		checkNumber(room.Number, path+".number")
		if strings.Trim(room.Pin.Reveal(), "0123456789") != "" {
			r.add(path+".pin", "wants digits only")
		}
	}
}

// checkMembers checks that a group's members are stations, each once.
func checkMembers(r *report, c *Config, g Group, path string) {
	if len(g.Members) > g.SIPMembers {
		r.add(entry(path, g.SIPMembers), "%d members are more than sip_members, %d", len(g.Members), g.SIPMembers)
	}
	for i, tel := range g.Members {
		switch {
		case !slices.ContainsFunc(c.Stations, func(s Station) bool { return s.Tel == tel }):
			r.add(entry(path, i), "there is no station %q", tel)
		case slices.Contains(g.Members[:i], tel):
			r.add(entry(path, i), "%s is a member already", tel)
		}
	}
}

// notDialled tells the characters that have no place in the user part of a phone's address.
func notDialled(c rune) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return false
	}
	return !strings.ContainsRune("*#+._-", c)
}
