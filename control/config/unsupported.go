package config

import (
	"strings"
)

// unsupported lists what the file can say and this version cannot do. A feature that is built leaves
// the table, and nothing else has to change. Each entry calls found with the path of every value that
// turns the feature on; values that are the defaults (d), or that switch something off, do not.
var unsupported = []struct {
	feature string
	find    func(c, d *Config, found func(path string))
}{
	{"ip", perStation("auth", func(s, _ Station) bool { return s.Auth == "ip" })},
	{"ng over anything but UDP", func(c, _ *Config, found func(string)) {
		for i, l := range c.NG.Listen {
			if !strings.HasPrefix(l, "udp:") {
				found(entry("ng.listen", i))
			}
		}
	}},
	{"the SIP hotspot", func(c, _ *Config, found func(string)) {
		if c.Hotspot.Enabled {
			found("hotspot.enabled")
		}
	}},
}

// checkUnsupported reports each value that this version cannot honour.
func checkUnsupported(r *report, c *Config) {
	d := Default()
	for _, u := range unsupported {
		u.find(c, d, func(path string) { r.add(path, "%s is not available in this version", u.feature) })
	}
}

// perStation finds a key of the stations that turns a feature on.
func perStation(key string, on func(s, standard Station) bool) func(c, d *Config, found func(string)) {
	return func(c, _ *Config, found func(string)) {
		for i, s := range c.Stations {
			if on(s, newStation()) {
				found(entry("stations", i) + "." + key)
			}
		}
	}
}
