package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// checkTrunks checks the trunks and what stations dial to reach them.
func checkTrunks(r *report, c *Config) {
	locked := false
	for i, t := range c.Trunks {
		path := entry("trunks", i)
		switch {
		case t.Name == "":
			r.add(path+".name", "is missing")
		case strings.ContainsFunc(t.Name, notDialled):
			r.add(path+".name", "%q wants letters, digits and any of * # + . _ -", t.Name)
		case slices.ContainsFunc(c.Trunks[:i], func(o Trunk) bool { return o.Name == t.Name }):
			r.add(path+".name", "%q is the name of another trunk already", t.Name)
		}
		if _, err := ParseServer(t.Server); t.Server != "" && err != nil {
			r.add(path+".server", "%s", err)
		}
		checkWays(r, t, path)
		if t.Incoming != "" && !hasNumber(c, t.Incoming) {
			r.add(path+".incoming", "there is no station, group or room %q", t.Incoming)
		}
		for k, code := range t.AuthCodes {
			locked = true
			if text := code.Reveal(); text == "" || len(text) > 16 || strings.Trim(text, "0123456789") != "" {
				r.add(entry(path+".auth_codes", k), "wants 1 to 16 digits")
			}
		}
	}
	if locked && c.FeatureCodes.AuthCode == "" {
		r.add("feature_codes.auth_code", "is missing; without it no auth code of a trunk can be dialled")
	}
	for i, s := range c.Stations {
		if s.InsertTrunk.Type != "none" && s.InsertTrunk.Code == "" {
			r.add(entry("stations", i)+".insert_trunk.code", "is missing; type %s puts it before numbers", s.InsertTrunk.Type)
		}
		if !isCode(s.InsertTrunk.Code) {
			r.add(entry("stations", i)+".insert_trunk.code", "%q is no code: up to 16 of 0-9, * and #", s.InsertTrunk.Code)
		}
	}
}

// checkWays checks that a trunk leads somewhere or something comes from it.
func checkWays(r *report, t Trunk, path string) {
	switch {
	case t.Server == "" && t.Access != "":
		r.add(path+".server", "is missing; numbers that begin with %s go there", t.Access)
	case t.Server == "" && t.Register.User != "":
		r.add(path+".server", "is missing; we are to register there")
	case t.Server == "" && len(t.Networks) == 0:
		r.add(path+".server", "is missing, and there are no networks its calls could come from")
	}
	if !isCode(t.Access) {
		r.add(path+".access", "%q is no code: up to 16 of 0-9, * and #", t.Access)
	}
	if t.Register.User == "" && (t.Register.AuthUser != "" || !t.Register.Password.Empty()) {
		r.add(path+".register.user", "is missing")
	}
	if strings.ContainsFunc(t.Register.User, notDialled) {
		r.add(path+".register.user", "%q is no number or name: letters, digits and any of * # + . _ -", t.Register.User)
	}
}

// isCode: "" or what can be dialled as a code.
func isCode(code string) bool { return len(code) <= 16 && strings.Trim(code, "0123456789*#") == "" }

// hasNumber: a station, group or room has the number.
func hasNumber(c *Config, number string) bool {
	return slices.ContainsFunc(c.Stations, func(s Station) bool { return s.Tel == number }) ||
		slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Number == number }) ||
		slices.ContainsFunc(c.Conference.Rooms, func(r Room) bool { return r.Number == number })
}

// Server is where a trunk is: a host with what the file says about the way there.
type Server struct {
	Host      string // a name, or an address without brackets
	Port      int    // 0 = what SRV says, or the transport's
	Transport string // udp, tcp, tls; "" = what SRV says, or udp
}

// ParseServer reads "pbx.example.com", "192.168.1.2:5070", "[fd00::2]:5060" or "sip:pbx.example.com;transport=tls".
func ParseServer(text string) (Server, error) {
	wrong := func() (Server, error) {
		return Server{}, fmt.Errorf("wants HOST, HOST:PORT or sip:HOST:PORT;transport=udp|tcp|tls, found %q", text)
	}
	rest, parameter, given := strings.Cut(strings.TrimPrefix(text, "sip:"), ";")
	var s Server
	if given {
		value, ok := strings.CutPrefix(parameter, "transport=")
		if !ok || !slices.Contains(sipNetworks, value) {
			return wrong()
		}
		s.Transport = value
	}
	if addr, err := netip.ParseAddr(strings.Trim(rest, "[]")); err == nil {
		s.Host = addr.String()
		return s, nil
	}
	host, port, given := rest, "", false
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		host, port, given = rest[:i], rest[i+1:], true
	}
	if given {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return wrong()
		}
		s.Port = int(n)
	}
	s.Host = strings.TrimSuffix(host, ".")
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil {
			return wrong()
		}
		s.Host = addr.String()
		return s, nil
	}
	letter := func(c rune) bool {
		return c == '-' || c == '.' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if s.Host == "" || len(s.Host) > 253 || strings.ContainsFunc(s.Host, func(c rune) bool { return !letter(c) }) {
		return wrong()
	}
	return s, nil
}
