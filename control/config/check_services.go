package config

import (
	"net/netip"
	"slices"
)

// checkServices checks the hotspot and the servers besides SIP.
func checkServices(r *report, c *Config, host Host) {
	for i, line := range c.Hotspot.Lines {
		if !slices.ContainsFunc(c.Trunks, func(t Trunk) bool { return t.Name == line }) {
			r.add(entry("hotspot.lines", i), "there is no trunk %q", line)
		}
	}
	if h := c.Hotspot; h.Announce == "multicast" && !h.Address.IsMulticast() {
		r.add("hotspot.address", "%s is no multicast address", h.Address)
	}
	for i, l := range c.NG.Listen {
		path := entry("ng.listen", i)
		_, addr, err := ParseListen(l, "udp", "tcp", "http", "ws")
		if err != nil {
			r.add(path, "%s", err)
			continue
		}
		checkLocal(r, path, addr.Addr(), host)
	}
	checkAPI(r, c, host)
	if c.Store.Dir == "" {
		r.add("store.dir", "is missing")
	}
}

// checkAPI checks the HTTP listener: on the network only with a token.
func checkAPI(r *report, c *Config, host Host) {
	if c.API.Listen == "" {
		return
	}
	addr, err := netip.ParseAddrPort(c.API.Listen)
	if err != nil {
		r.add("api.listen", "wants an IP address and a port, such as 127.0.0.1:8080, found %q", c.API.Listen)
		return
	}
	checkLocal(r, "api.listen", addr.Addr(), host)
	if !addr.Addr().IsLoopback() && c.API.Token.Empty() {
		r.add("api.listen", "%s can be reached from the network; set api.token, or listen on 127.0.0.1", c.API.Listen)
	}
	for i, l := range c.SIP.Listen {
		network, sip, err := ParseListen(l, sipNetworks...)
		if err == nil && network != "udp" && overlap(sip, addr) {
			r.add("api.listen", "%s is taken by %s, %s", c.API.Listen, entry("sip.listen", i), l)
		}
	}
}
