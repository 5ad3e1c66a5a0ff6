package config

import (
	"net/netip"
	"strings"
)

// checkSIP checks the sip section.
func checkSIP(r *report, c *Config, host Host) {
	s := &c.SIP
	if s.Realm == "" || strings.ContainsAny(s.Realm, `"\`) {
		r.add("sip.realm", "wants a name without quotes and backslashes")
	}
	if s.NATExpires > s.Expires {
		r.add("sip.nat_expires", "%s is longer than sip.expires, %s", s.NATExpires, s.Expires)
	}
	if s.Whitelist.Enabled && len(s.Whitelist.Networks) == 0 {
		r.add("sip.whitelist.networks", "is empty, so no phone may register; list networks or set enabled: false")
	}
	if len(s.Listen) == 0 {
		r.add("sip.listen", "wants at least one listener, such as udp:0.0.0.0:5060")
	}
	seen := map[string]bool{}
	for i, l := range s.Listen {
		path := entry("sip.listen", i)
		_, addr, err := ParseListen(l, "udp", "tcp", "tls")
		if err != nil {
			r.add(path, "%s", err)
			continue
		}
		if seen[l] && addr.Port() != 0 {
			r.add(path, "%s is listed already", l)
		}
		seen[l] = true
		checkLocal(r, path, addr.Addr(), host)
	}
}

// checkLocal reports an address that sockets of this machine cannot have.
func checkLocal(r *report, path string, a netip.Addr, host Host) {
	if a.IsUnspecified() {
		return
	}
	if err := host.Bind(a); err != nil {
		r.add(path, "%s", host.notLocal(a, err))
	}
}

// signallingPorts are the UDP ports that sip.listen takes on an address.
func (c *Config) signallingPorts(a netip.Addr) []uint16 {
	var ports []uint16
	for _, l := range c.SIP.Listen {
		network, addr, err := ParseListen(l, "udp", "tcp", "tls")
		if err == nil && network == "udp" && (addr.Addr() == a || addr.Addr().IsUnspecified()) {
			ports = append(ports, addr.Port())
		}
	}
	return ports
}
