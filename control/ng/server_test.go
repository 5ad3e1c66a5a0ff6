package ng

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sidetone/codecs"
	"sidetone/control/ng/bencode"
	"sidetone/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a server over a relay with loopback ports, both running.
type node struct {
	server *Server
	relay  *relay.Relay
	addr   netip.AddrPort
}

// Each node of a run gets ports of its own, below those that the kernel gives to sockets that ask for any.
var firstPort struct {
	sync.Mutex
	next uint16
}

func startNode(t testing.TB, change func(*Config, *relay.Config)) *node {
	t.Helper()
	firstPort.Lock()
	first := 10000 + firstPort.next%20000
	firstPort.next += 2000
	firstPort.Unlock()
	quiet := slog.New(slog.DiscardHandler)
	var over *OverRelay
	rc := relay.Config{
		Shards: 1, Quarantine: -1, Logger: quiet, Events: func(ev relay.Event) { over.Event(ev) },
		Interfaces: []relay.Interface{{Name: "lan", Address: netip.MustParseAddr("127.0.0.1"), FirstPort: first, LastPort: first + 1999}},
	}
	nc := Config{Listen: []string{"udp:127.0.0.1:0"}, Codecs: codecs.Builtin(), Logger: quiet}
	if change != nil {
		change(&nc, &rc)
	}
	r, err := relay.New(rc)
	if err != nil {
		t.Fatal(err)
	}
	over = NewOverRelay(r)
	nc.Relay, nc.Interfaces = over, rc.Interfaces
	s, err := New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	relayCtx, stopRelay := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { // ends with relayCtx; waited for in Cleanup
		if err := r.Run(relayCtx); err != nil {
			t.Error("relay:", err)
		}
	})
	served := make(chan struct{})
	running.Go(func() { // ends with ctx; waited for in Cleanup
		defer close(served)
		if err := s.Run(ctx); err != nil {
			t.Error("ng:", err)
		}
	})
	t.Cleanup(func() {
		stop()
		<-served
		stopRelay()
		running.Wait()
	})
	return &node{server: s, relay: r, addr: s.Addresses()[0]}
}

// peer is a client's socket.
type peer struct {
	t      testing.TB
	conn   *net.UDPConn
	cookie int
	buf    []byte
}

func (n *node) dial(t testing.TB) *peer {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(n.addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &peer{t: t, conn: conn, buf: make([]byte, MaxMessage)}
}

func (p *peer) ask(v bencode.Value) bencode.Value {
	p.t.Helper()
	p.cookie++
	cookie := fmt.Sprintf("0_%d_%d", 4711, p.cookie)
	if _, err := p.conn.Write(encode(cookie, inBencode, v)); err != nil {
		p.t.Fatal(err)
	}
	_ = p.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := p.conn.Read(p.buf)
	if err != nil {
		p.t.Fatal(err)
	}
	got, text, err := splitCookie(string(p.buf[:n]))
	if err != nil || got != cookie {
		p.t.Fatalf("reply %q to cookie %s", p.buf[:n], cookie)
	}
	reply, _, err := decode(text)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply
}

// portOf is the port of a description's first section.
func portOf(t testing.TB, v bencode.Value) uint16 {
	t.Helper()
	text, _ := v.Get("sdp").Text()
	_, rest, _ := strings.Cut(text, "m=audio ")
	var port uint16
	if _, err := fmt.Sscanf(rest, "%d", &port); err != nil {
		t.Fatalf("%s: %v", result(v), err)
	}
	return port
}

func TestMediaFlowsThroughACall(t *testing.T) {
	n := startNode(t, nil)
	p := n.dial(t)
	for _, tc := range []struct {
		name, flags     string
		offered, answer string
		sent, arrives   byte // payload types
	}{
		{"as it is", "trust-address", "0", "0", 0, 0},
		{"transcoded", "codec-transcode-PCMA", "0", "8", 0, 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := listenRTP(t), listenRTP(t)
			offered := p.ask(req("offer", "call-id", tc.name, "from-tag", "a", "sdp", audio("127.0.0.1", int(a.port), tc.offered), "flags", tc.flags, "received-from", "IP4 127.0.0.1"))
			answered := p.ask(req("answer", "call-id", tc.name, "from-tag", "a", "to-tag", "b", "sdp", audio("127.0.0.1", int(b.port), tc.answer), "received-from", "IP4 127.0.0.1"))
			towardsB, towardsA := portOf(t, offered), portOf(t, answered)
			for i := range uint16(5) {
				a.send(towardsA, rtpPacket(tc.sent, i))
				if got := b.receive(); got[1] != tc.arrives || len(got) != 172 {
					t.Errorf("b got % x..., %d bytes", got[:4], len(got))
				}
				b.send(towardsB, rtpPacket(tc.arrives, 100+i))
				if got := a.receive(); got[1] != tc.sent || len(got) != 172 {
					t.Errorf("a got % x..., %d bytes", got[:4], len(got))
				}
			}
			removed := p.ask(req("delete", "call-id", tc.name, "from-tag", "a"))
			if packets, _ := removed.Get("totals").Get("RTP").Get("packets").Int(); packets != 10 {
				t.Errorf("%d packets counted: %s", packets, result(removed))
			}
		})
	}
}

// phone is a UDP socket with RTP in mind.
type phone struct {
	t    testing.TB
	conn *net.UDPConn
	port uint16
}

func listenRTP(t testing.TB) *phone {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &phone{t: t, conn: conn, port: uint16(conn.LocalAddr().(*net.UDPAddr).Port)}
}

func (p *phone) send(port uint16, b []byte) {
	p.t.Helper()
	if _, err := p.conn.WriteToUDP(b, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) receive() []byte {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 1500)
	n, _, err := p.conn.ReadFromUDP(b)
	if err != nil {
		p.t.Fatal(err)
	}
	return b[:n]
}

func rtpPacket(pt byte, seq uint16) []byte {
	b := make([]byte, 172)
	b[0], b[1], b[2], b[3], b[11] = 0x80, pt, byte(seq>>8), byte(seq), pt+1
	return b
}

// TestRelayTellsOfFailure: what the relay says of a leg of ours reaches its call.
func TestRelayTellsOfFailure(t *testing.T) {
	n := startNode(t, nil)
	p := n.dial(t)
	p.ask(req("offer", "call-id", "1", "from-tag", "a", "sdp", audio("127.0.0.1", 4000, "0")))
	over := n.server.engine.cfg.Relay.(*OverRelay)
	over.mu.Lock()
	var leg *relay.Leg
	for leg = range over.legs {
	}
	over.mu.Unlock()
	over.Event(relay.Event{Leg: leg, Kind: relay.Latched})
	if got := result(p.ask(req("query", "call-id", "1"))); got != "ok" {
		t.Fatalf("a leg that has learned its peer: %s", got)
	}
	over.Event(relay.Event{Leg: leg, Kind: relay.Failed, Reason: "internal error"})
	if got := result(p.ask(req("query", "call-id", "1"))); got != "error: Unknown call-id" {
		t.Errorf("a leg that has failed: %s", got)
	}
	if used := n.relay.Interfaces()[0].InUse; used != 0 {
		t.Errorf("%d ports are taken", used)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	n := startNode(t, nil)
	var clients sync.WaitGroup
	for i := range 8 {
		p := n.dial(t)
		clients.Go(func() { // waited for below
			for j := range 25 {
				id := fmt.Sprintf("%d-%d", i, j)
				for _, v := range []bencode.Value{
					req("offer", "call-id", id, "from-tag", "a", "sdp", audio("127.0.0.1", 4000, "0")),
					req("answer", "call-id", id, "from-tag", "a", "to-tag", "b", "sdp", audio("127.0.0.1", 5000, "0")),
					req("delete", "call-id", id, "from-tag", "a", "to-tag", "b"),
				} {
					if got := result(p.ask(v)); got != "ok" {
						t.Error(id, got)
					}
				}
			}
		})
	}
	clients.Wait()
	for _, use := range n.relay.Interfaces() {
		if use.InUse != 0 {
			t.Errorf("%d port pairs still taken", use.InUse)
		}
	}
}

func TestRangeFull(t *testing.T) {
	n := startNode(t, func(_ *Config, rc *relay.Config) { rc.Interfaces[0].LastPort = rc.Interfaces[0].FirstPort + 5 })
	p := n.dial(t)
	offer := func(id string) string {
		return result(p.ask(req("offer", "call-id", id, "from-tag", "a", "sdp", audio("127.0.0.1", 4000, "0"))))
	}
	if got := offer("1"); got != "ok" {
		t.Fatal(got)
	}
	if got := offer("2"); got != "error: Ran out of ports" {
		t.Error(got)
	}
	p.ask(req("delete", "call-id", "1", "from-tag", "a"))
	if got := offer("2"); got != "ok" {
		t.Error(got)
	}
}

func TestListensOnIPv6(t *testing.T) {
	probe, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	probe.Close()
	n := startNode(t, func(cfg *Config, _ *relay.Config) { cfg.Listen = []string{"udp:[::1]:0"} })
	if got := result(n.dial(t).ask(req("ping"))); got != "pong" {
		t.Error(got)
	}
}

func TestListenErrors(t *testing.T) {
	cfg := testConfig(&fakeRelay{}, nil)
	for _, text := range []string{"tcp:127.0.0.1:0", "udp:nowhere", "udp:192.0.2.1:1", ""} {
		cfg.Listen = []string{"udp:127.0.0.1:0", text}
		if s, err := New(cfg); err == nil {
			t.Errorf("%q: %v", text, s.Addresses())
		}
	}
	if _, err := New(Config{}); err == nil {
		t.Error("a server without a relay")
	}
}

func TestRunEndsWhenClosed(t *testing.T) {
	cfg := testConfig(&fakeRelay{}, slog.New(slog.DiscardHandler))
	cfg.Listen = []string{"udp:127.0.0.1:0", "udp:127.0.0.1:0"}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Run(context.Background()) }() // ends with Close
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// BenchmarkOffer is one client's offer, answer and delete over a loopback socket, media ports included;
// each is reported with its own median.
func BenchmarkOffer(b *testing.B) {
	n := startNode(b, nil)
	p := n.dial(b)
	spent := map[string][]time.Duration{}
	timed := func(v bencode.Value) {
		command, _ := v.Get("command").Text()
		start := time.Now()
		if got := result(p.ask(v)); got != "ok" {
			b.Fatal(command, got)
		}
		spent[command] = append(spent[command], time.Since(start))
	}
	i := 0
	for b.Loop() {
		i++
		id := fmt.Sprintf("%d-31109@127.0.0.1", i)
		timed(req("offer", "call-id", id, "from-tag", "31109SIPpTag001", "sdp", audio("127.0.0.1", 6004, "0 8 101"),
			"supports", "load limit", "replace", "origin session-connection", "received-from", "IP4 127.0.0.1"))
		timed(req("answer", "call-id", id, "from-tag", "31109SIPpTag001", "to-tag", "31108SIPpTag011", "sdp", audio("127.0.0.1", 6000, "0"),
			"supports", "load limit", "replace", "origin session-connection", "received-from", "IP4 127.0.0.1"))
		timed(req("delete", "call-id", id, "from-tag", "31109SIPpTag001", "to-tag", "31108SIPpTag011", "received-from", "IP4 127.0.0.1"))
	}
	for command, list := range spent {
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds()), command+"-p50-us")
		b.ReportMetric(float64(list[len(list)*99/100].Microseconds()), command+"-p99-us")
	}
}
