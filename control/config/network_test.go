package config

import "testing"

func TestParseNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.168.1.0/24":  "192.168.1.0/24",
		"0.0.0.0/0":       "0.0.0.0/0",
		"10.255.255.255":  "10.0.0.0/8", // class A
		"127.255.255.255": "127.0.0.0/8",
		"172.16.255.255":  "172.16.0.0/16", // class B
		"191.255.255.255": "191.255.0.0/16",
		"192.168.1.255":   "192.168.1.0/24", // class C, the manual's own example
		"223.1.2.255":     "223.1.2.0/24",
		"192.168.1.7":     "192.168.1.7/32",
		"10.1.1.255/32":   "10.1.1.255/32",
		"fd00::/8":        "fd00::/8",
		"2001:db8::1":     "2001:db8::1/128",
	} {
		if got, err := parseNetwork(text); err != nil || got.String() != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10.0.255.255", "172.16.1.255", "192.168.1.0", "224.0.0.255", "10.0.0.1/8", "10.0.0.0/", "::ffff:10.0.0.1"} {
		if got, err := parseNetwork(text); err == nil {
			t.Errorf("%q is %v; no error", text, got)
		}
	}
}

func TestPairs(t *testing.T) {
	for _, tt := range []struct {
		ports PortRange
		want  int
	}{
		{PortRange{20000, 29999}, 5000},
		{PortRange{20000, 20003}, 2},
		{PortRange{20001, 20004}, 1},
		{PortRange{20001, 20005}, 2},
		{PortRange{20000, 20000}, 0},
		{PortRange{20001, 20001}, 0},
		{PortRange{20001, 20002}, 0},
		{PortRange{30000, 20000}, 0},
		{PortRange{65534, 65535}, 1},
		{PortRange{65535, 65535}, 0},
	} {
		if got := tt.ports.Pairs(); got != tt.want {
			t.Errorf("%v holds %d pairs, want %d", tt.ports, got, tt.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"latching", "latching", 0}, {"latchin", "latching", 1}, {"ltaching", "latching", 1},
		{"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"upd", "udp", 1},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q to %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
