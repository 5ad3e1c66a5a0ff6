package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

// zone is a Resolver made of records: "_sip._udp.example.org" to "host:port" and "host" to addresses.
type zone struct {
	srv   map[string][]string
	hosts map[string][]string
}

func (z zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	var out []*net.SRV
	for _, r := range z.srv[fmt.Sprintf("_%s._%s.%s", service, proto, name)] {
		host, port, _ := strings.Cut(r, ":")
		s := &net.SRV{Target: host}
		fmt.Sscan(port, &s.Port)
		out = append(out, s)
	}
	if out == nil {
		return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return "", out, nil
}

func (z zone) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, a := range z.hosts[host] {
		out = append(out, netip.MustParseAddr(a))
	}
	if out == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

func TestResolve(t *testing.T) {
	z := zone{
		srv: map[string][]string{
			"_sip._udp.carrier.example":  {"a.carrier.example.:5070", "b.carrier.example.:5060"},
			"_sip._tcp.carrier.example":  {"a.carrier.example.:5071"},
			"_sips._tcp.carrier.example": {"a.carrier.example.:5061"},
			"_sip._udp.off.example":      {".:0"},
			"_sip._udp.dangling.example": {"gone.example.:5060"},
		},
		hosts: map[string][]string{
			"a.carrier.example": {"2001:db8::1", "192.0.2.1"},
			"b.carrier.example": {"192.0.2.2"},
			"plain.example":     {"192.0.2.9"},
		},
	}
	s, err := New(Config{Listen: []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}, Resolver: z})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, tt := range []struct{ uri, want string }{
		{"sip:192.0.2.7", "udp:192.0.2.7:5060 as 192.0.2.7"},
		{"sip:[2001:db8::7]:5080;transport=tcp", "tcp:[2001:db8::7]:5080 as 2001:db8::7"},
		{"sip:carrier.example", "udp:192.0.2.1:5070 as carrier.example, udp:[2001:db8::1]:5070 as carrier.example, udp:192.0.2.2:5060 as carrier.example, " +
			"tcp:192.0.2.1:5071 as carrier.example, tcp:[2001:db8::1]:5071 as carrier.example"},
		{"sip:carrier.example;transport=TCP", "tcp:192.0.2.1:5071 as carrier.example, tcp:[2001:db8::1]:5071 as carrier.example"},
		{"sip:plain.example", "udp:192.0.2.9:5060 as plain.example"},
		{"sip:plain.example:5999;transport=tcp", "tcp:192.0.2.9:5999 as plain.example"},
		{"sip:off.example", "error"},
		{"sip:dangling.example", "error"},
		{"sip:nowhere.example", "error"},
	} {
		var u gosip.Uri
		if err := gosip.ParseUri(tt.uri, &u); err != nil {
			t.Fatal(err)
		}
		hops, err := s.Resolve(t.Context(), u)
		var list []string
		for _, h := range hops {
			list = append(list, h.String()+" as "+h.Name)
		}
		got := strings.Join(list, ", ")
		if err != nil {
			got = "error"
			if !strings.Contains(err.Error(), u.Host) {
				t.Errorf("%s: %v does not name the host", tt.uri, err)
			}
		}
		if got != tt.want {
			t.Errorf("%s leads to\n  %s\nwant\n  %s", tt.uri, got, tt.want)
		}
	}
}
