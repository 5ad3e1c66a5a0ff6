package trunk

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/control/sip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zone is a resolver with one name of two servers.
type zone struct{}

func (zone) LookupSRV(_ context.Context, _, proto, _ string) (string, []*net.SRV, error) {
	if proto != "udp" {
		return "", nil, &net.DNSError{IsNotFound: true}
	}
	return "", []*net.SRV{{Target: "one.", Port: 5070}, {Target: "two.", Port: 5080}}, nil
}

func (zone) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "two" {
		return []netip.Addr{netip.MustParseAddr("127.0.0.12")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.11")}, nil
}

// table runs trunks over a stack on loopback.
func table(t *testing.T, trunks ...Config) *Table {
	t.Helper()
	stack, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}, Resolver: zone{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.Listen(); err != nil {
		t.Fatal(err)
	}
	tab, err := New(stack, "*8", trunks, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = tab.Run(ctx) }() // ended and waited for by the cleanup
	t.Cleanup(func() { cancel(); <-ended; _ = stack.Close() })
	deadline := time.Now().Add(10 * time.Second)
	for _, l := range tab.lines {
		for l.cfg.Server.Host != "" && len(l.snapshot().hops) == 0 {
			if time.Now().After(deadline) {
				t.Fatalf("trunk %s is not found", l.cfg.Name)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return tab
}

func TestOut(t *testing.T) {
	tab := table(t,
		Config{Name: "a", Access: "9", Server: sip.ServerURI("carrier.example", 0, "")},
		Config{Name: "b", Access: "9", Server: sip.ServerURI("127.0.0.13", 5090, "")},
		Config{Name: "far", Access: "900", Server: sip.ServerURI("127.0.0.14", 0, ""), AuthCodes: []string{"12", "1234"}},
		Config{Name: "in", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.15/32")}},
	)
	for _, tt := range []struct {
		dialled, number string
		ok              bool
		code            int
		ways            string // trunk number hop, in order
	}{
		{"9555", "9555", true, 0, "a 555 udp:127.0.0.11:5070, a 555 udp:127.0.0.12:5080, b 555 udp:127.0.0.13:5090"},
		{"9+61*#", "9+61*#", true, 0, "a +61*# udp:127.0.0.11:5070, a +61*# udp:127.0.0.12:5080, b +61*# udp:127.0.0.13:5090"},
		{"9", "9", false, 0, ""},
		{"8555", "8555", false, 0, ""},
		{"", "", false, 0, ""},
		{"9bob", "9bob", false, 0, ""},
		{"9" + strings.Repeat("1", 33), "9" + strings.Repeat("1", 33), false, 0, ""},
		{"900555", "900555", true, 403, ""},
		{"*812900555", "900555", true, 0, "far 555 udp:127.0.0.14:5060"},
		{"*81234900555", "900555", true, 0, "far 555 udp:127.0.0.14:5060"},
		{"*8129555", "9555", false, 403, ""}, // 12 opens only far, whose access code does not follow
		{"*899900555", "*8", true, 403, ""},
		{"*8", "*8", true, 403, ""},
	} {
		p, ok := tab.Out(tt.dialled)
		var ways []string
		for _, r := range p.Routes {
			ways = append(ways, r.Trunk+" "+r.Number+" "+r.Hop.String())
		}
		if tt.dialled == "*8129555" { // refused, in whatever words
			if len(p.Routes) > 0 {
				t.Errorf("%s goes %v", tt.dialled, ways)
			}
			continue
		}
		if got := strings.Join(ways, ", "); ok != tt.ok || p.Number != tt.number || got != tt.ways || tt.code != 0 && p.Code != tt.code {
			t.Errorf("%s: %v %q %d %s", tt.dialled, ok, p.Number, p.Code, got)
		}
		for i, r := range p.Routes {
			if last := i == len(p.Routes)-1; last != (r.Reach == 0) {
				t.Errorf("%s, way %d of %d: given up after %s", tt.dialled, i, len(p.Routes), r.Reach)
			}
		}
	}
	states := []string{}
	for _, i := range tab.Infos() {
		states = append(states, i.State)
	}
	if !slices.Equal(states, []string{"peer", "peer", "peer", "peer"}) {
		t.Errorf("%v", states)
	}
}

func TestIn(t *testing.T) {
	tab := table(t,
		Config{Name: "a", Server: sip.ServerURI("carrier.example", 0, "")},
		Config{Name: "b", Server: sip.ServerURI("127.0.0.13", 5090, "")},
		Config{Name: "net", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.128/25")}, Incoming: "500"},
	)
	for source, want := range map[string]string{
		"127.0.0.11:5070": "a", "127.0.0.12:5080": "a", "127.0.0.12:1": "a", "127.0.0.13:5090": "b", "127.0.0.13:9": "b",
		"127.0.0.200:5060": "net", "127.0.0.127:5060": "", "127.0.0.1:5060": "",
	} {
		from, ok := tab.In(sip.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort(source)}, "1")
		if from.Name != want || ok != (want != "") {
			t.Errorf("a call from %s is of trunk %q, want %q", source, from.Name, want)
		}
	}
	if from, ok := (*Table)(nil).In(sip.Flow{}, ""); ok {
		t.Errorf("no trunks, and %+v", from)
	}
}
