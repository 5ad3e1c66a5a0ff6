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
		r.beside("sip.expires", "sip.nat_expires", "%s is longer than sip.expires, %s", s.NATExpires, s.Expires)
	}
	if s.Whitelist.Enabled && len(s.Whitelist.Networks) == 0 {
		r.add("sip.whitelist.networks", "is empty, so no phone may register; list networks or set enabled: false")
	}
	if len(s.Listen) == 0 {
		r.add("sip.listen", "wants at least one listener, such as udp:0.0.0.0:5060")
	}
	for i, l := range s.Listen {
		path := entry("sip.listen", i)
		network, addr, err := ParseListen(l, sipNetworks...)
		if err != nil {
			r.add(path, "%s", err)
			continue
		}
		for k, other := range s.Listen[:i] {
			n, a, err := ParseListen(other, sipNetworks...)
			if err == nil && (n == "udp") == (network == "udp") && overlap(a, addr) {
				r.add(path, "%s is taken by %s, %s", l, entry("sip.listen", k), other)
			}
		}
		checkLocal(r, path, addr.Addr(), host)
	}
}

// sipNetworks are those of sip.listen; tls is on TCP.
var sipNetworks = []string{"udp", "tcp", "tls"}

// overlap reports whether two sockets of one kind cannot both have their addresses.
func overlap(a, b netip.AddrPort) bool {
	if a.Port() != b.Port() || a.Port() == 0 || a.Addr().Is4() != b.Addr().Is4() {
		return false
	}
	return a.Addr() == b.Addr() || a.Addr().IsUnspecified() || b.Addr().IsUnspecified()
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
		network, addr, err := ParseListen(l, sipNetworks...)
		if err == nil && network == "udp" && (addr.Addr() == a || addr.Addr().IsUnspecified() && addr.Addr().Is4() == a.Is4()) {
			ports = append(ports, addr.Port())
		}
	}
	return ports
}
