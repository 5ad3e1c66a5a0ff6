package ng

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sidetone/codecs"
	"sidetone/control/ng/bencode"
	"sidetone/relay"
)

// fakeRelay hands out legs that remember what they were told.
type fakeRelay struct {
	mu    sync.Mutex
	next  uint16
	limit int // legs at a time, 0 = any number
	legs  []*fakeLeg
	gate  chan struct{} // when set, OpenLeg waits for it to be closed
}

type fakeLeg struct {
	relay *fakeRelay
	cfg   LegConfig
	local netip.AddrPort

	mu      sync.Mutex
	remote  relay.Remote
	to      *fakeLeg
	payload *relay.PayloadMap
	noMedia time.Duration
	stats   LegStats
	closed  bool
	panics  bool
}

func (r *fakeRelay) Open(configs []LegConfig) ([]Leg, error) {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	if gate != nil {
		<-gate
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limit > 0 && len(r.legs)+len(configs) > r.limit {
		return nil, errors.New("range full")
	}
	var legs []Leg
	for _, c := range configs {
		addr := netip.MustParseAddr(map[string]string{"pub": "203.0.113.9", "priv": "10.0.0.9"}[c.Interface])
		if c.IPv6 {
			addr = netip.MustParseAddr("2001:db8::9")
		}
		l := &fakeLeg{relay: r, cfg: c, local: netip.AddrPortFrom(addr, 40000+r.next), noMedia: c.NoMedia}
		r.next += 2
		r.legs = append(r.legs, l)
		legs = append(legs, l)
	}
	return legs, nil
}

func (r *fakeRelay) Apply(changes []Change) error {
	for _, c := range changes {
		c.Leg.(*fakeLeg).apply(c)
	}
	return nil
}

func (r *fakeRelay) Stats(legs []Leg) (all []LegStats) {
	for _, l := range legs {
		l := l.(*fakeLeg)
		l.mu.Lock()
		all = append(all, l.stats)
		l.mu.Unlock()
	}
	return all
}

// open lists the legs that are open.
func (r *fakeRelay) open() []*fakeLeg {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.legs)
}

func (l *fakeLeg) Shard() int            { return 0 }
func (l *fakeLeg) Local() netip.AddrPort { return l.local }
func (l *fakeLeg) LocalRTCP() netip.AddrPort {
	return netip.AddrPortFrom(l.local.Addr(), l.local.Port()+1)
}
func (l *fakeLeg) Advertised() netip.Addr { return l.local.Addr() }

func (l *fakeLeg) apply(c Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := c.Remote; r != nil {
		if l.panics {
			panic("a fault in the relay")
		}
		l.remote = *r
		if l.stats.Remote = r.RTP; r.RTP.IsValid() {
			l.stats.RemoteRTCP = netip.AddrPortFrom(r.RTP.Addr(), r.RTP.Port()+1)
		}
	}
	if c.Route != nil {
		l.to, l.payload = c.Route.To.(*fakeLeg), c.Route.Map
	}
	if c.NoMedia != nil {
		l.noMedia = *c.NoMedia
	}
	if c.Close && !l.closed {
		l.closed = true
		l.relay.mu.Lock()
		defer l.relay.mu.Unlock()
		l.relay.legs = slices.DeleteFunc(l.relay.legs, func(x *fakeLeg) bool { return x == l })
	}
}

// received makes the leg have seen packets.
func (l *fakeLeg) received(packets uint64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Received = relay.Count{Packets: packets, Bytes: 172 * packets}
	l.stats.LastPacket, l.stats.Locked = at, true
}

// String shows what the leg was told.
func (l *fakeLeg) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s %v, %v", l.cfg.ID, l.cfg.Interface, l.local, l.cfg.Latching)
	if l.cfg.NoRebind {
		b.WriteString(" for good")
	}
	if l.remote.RTP.IsValid() {
		fmt.Fprintf(&b, "; to %v", l.remote.RTP)
		switch {
		case l.remote.Raw:
			b.WriteString(" raw")
		case l.remote.Mux:
			b.WriteString(" mux")
		case l.remote.RTCP.IsValid() && l.remote.RTCP != netip.AddrPortFrom(l.remote.RTP.Addr(), l.remote.RTP.Port()+1):
			fmt.Fprintf(&b, " rtcp %v", l.remote.RTCP)
		}
	}
	if l.remote.SIPSource.IsValid() {
		fmt.Fprintf(&b, "; sip %v", l.remote.SIPSource)
	}
	if l.remote.Keys != nil {
		fmt.Fprintf(&b, "; %v", l.remote.Keys)
	}
	if l.remote.BehindNAT {
		b.WriteString("; from anywhere")
	}
	if l.remote.PayloadTypes != [2]uint64{} {
		b.WriteString("; takes")
		for pt := range 128 {
			if l.remote.PayloadTypes[pt>>6]>>(pt&63)&1 != 0 {
				fmt.Fprintf(&b, " %d", pt)
			}
		}
	}
	if l.to != nil {
		fmt.Fprintf(&b, "; routed to %s", l.to.cfg.ID)
	}
	if l.payload != nil {
		b.WriteString(" with")
		for pt, a := range l.payload {
			switch {
			case a.Drop:
				fmt.Fprintf(&b, " %d>nothing", pt)
			case a.Transform != nil:
				fmt.Fprintf(&b, " %d>%d transcoded", pt, a.PayloadType)
			case int(a.PayloadType) != pt:
				fmt.Fprintf(&b, " %d>%d", pt, a.PayloadType)
			}
		}
	}
	if l.noMedia != time.Minute {
		fmt.Fprintf(&b, "; silent at most %v", l.noMedia)
	}
	return b.String()
}

// testConfig is a node with a public interface of both families and a private one.
func testConfig(r Relay, log *slog.Logger) Config {
	at := func(name, addr string) relay.Interface {
		return relay.Interface{Name: name, Address: netip.MustParseAddr(addr)}
	}
	return Config{
		Relay: r, Codecs: codecs.Builtin(), Logger: log,
		Interfaces: []relay.Interface{at("pub", "203.0.113.9"), at("pub", "2001:db8::9"), at("priv", "10.0.0.9")},
	}
}

// client sends requests to an engine and waits for the replies.
type client struct {
	t      testing.TB
	engine *engine
	relay  *fakeRelay
	cookie int
	room   int
}

func newClient(t testing.TB, change func(*Config)) *client {
	r := &fakeRelay{}
	cfg := testConfig(r, slog.New(slog.DiscardHandler))
	if change != nil {
		change(&cfg)
	}
	e, err := newEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e.instance, e.random = "0123456789ab", &counting{}
	t.Cleanup(func() { e.close(t.Context()) })
	return &client{t: t, engine: e, relay: r, room: datagramRoom}
}

var (
	clientAddr  = netip.MustParseAddrPort("192.0.2.100:5060")
	clientAddr2 = netip.MustParseAddrPort("192.0.2.101:5060")
)

// raw sends a message as it is and returns the reply.
func (c *client) raw(message string) string {
	replies := make(chan string, 1)
	c.engine.receive(message, clientAddr, c.room, func(b []byte) { replies <- string(b) })
	select {
	case reply := <-replies:
		return reply
	case <-time.After(10 * time.Second):
		c.t.Fatalf("no answer to %q", message)
		return ""
	}
}

// ask sends a request in bencode.
func (c *client) ask(v bencode.Value) bencode.Value {
	c.t.Helper()
	c.cookie++
	reply := c.raw(string(encode(fmt.Sprintf("t_%d", c.cookie), inBencode, v)))
	id, _ := v.Get("call-id").Text()
	c.settle(id)
	return c.parsed(reply)
}

// settle waits until the call has done everything that was asked of it.
func (c *client) settle(id string) {
	c.engine.mu.Lock()
	call := c.engine.calls[id]
	c.engine.mu.Unlock()
	if call != nil {
		done := make(chan struct{})
		call.queue.post(func() { close(done) })
		<-done
	}
}

func (c *client) parsed(reply string) bencode.Value {
	c.t.Helper()
	_, text, err := splitCookie(reply)
	if err != nil {
		c.t.Fatalf("reply %q: %v", reply, err)
	}
	v, enc, err := decode(text)
	if err != nil {
		c.t.Fatalf("reply %q: %v", reply, err)
	}
	if again := bencode.Append(nil, v); enc == inBencode && string(again) != text {
		c.t.Fatalf("reply %q is not in order, want %q", text, again)
	}
	return v
}

// req builds a request from pairs; lists are written "a b" under keys that hold lists.
func req(command string, pairs ...string) bencode.Value {
	v := bencode.NewDict()
	v.SetString("command", command)
	for i := 0; i+1 < len(pairs); i += 2 {
		switch pairs[i] {
		case "flags", "replace", "direction", "rtcp-mux", "SDES", "received-from", "supports":
			v.Set(pairs[i], bencode.NewStrings(strings.Fields(pairs[i+1])...))
		default:
			v.SetString(pairs[i], pairs[i+1])
		}
	}
	return v
}

// result returns a reply's result, with the reason of an error.
func result(v bencode.Value) string {
	r, _ := v.Get("result").Text()
	for _, key := range []string{"error-reason", "warning", "message"} {
		if s, ok := v.Get(key).Text(); ok {
			r += ": " + s
		}
	}
	return r
}

// audio is a plain description.
func audio(addr string, port int, formats string) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n", addr, addr, port, formats)
}

// setUp makes a call of two sides.
func (c *client) setUp(id string) {
	c.t.Helper()
	for _, v := range []bencode.Value{
		req("offer", "call-id", id, "from-tag", "a", "sdp", audio("192.0.2.1", 4000, "0")),
		req("answer", "call-id", id, "from-tag", "a", "to-tag", "b", "sdp", audio("192.0.2.2", 5000, "0")),
	} {
		if got := result(c.ask(v)); got != "ok" {
			c.t.Fatalf("%s: %s", id, got)
		}
	}
}

// counting is a source of keys that can be foretold.
type counting struct{ next byte }

func (c *counting) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = c.next
		c.next++
	}
	return len(b), nil
}

// encode writes a request.
func encode(cookie string, enc encoding, v bencode.Value) []byte {
	b := append([]byte(cookie), ' ')
	if enc == inJSON {
		return appendJSON(b, v)
	}
	return bencode.Append(b, v)
}

// appendJSON writes a value the other way.
func appendJSON(b []byte, v bencode.Value) []byte {
	switch v.Kind() {
	case bencode.Integer:
		n, _ := v.Int()
		return strconv.AppendInt(b, n, 10)
	case bencode.List:
		b = append(b, '[')
		for i, item := range v.Items() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	case bencode.Dict:
		b = append(b, '{')
		first := true
		for key, item := range v.Pairs() {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = appendJSONString(b, key)
			b = append(b, ':')
			b = appendJSON(b, item)
		}
		return append(b, '}')
	default:
		s, _ := v.Text()
		return appendJSONString(b, s)
	}
}
