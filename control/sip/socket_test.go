package sip

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

func TestParseListen(t *testing.T) {
	for s, want := range map[string]string{
		"udp:0.0.0.0:5060":       "udp 0.0.0.0:5060",
		"TCP:[::]:5060":          "tcp [::]:5060",
		"tls:127.0.0.1:5061":     "tls 127.0.0.1:5061",
		"udp:[::ffff:1.2.3.4]:1": "udp 1.2.3.4:1",
		"udp":                    "",
		"sctp:1.2.3.4:5":         "",
		"udp:localhost:5060":     "",
		"udp:1.2.3.4":            "",
		"udp:1.2.3.4:99999":      "",
	} {
		transport, addr, err := ParseListen(s)
		if got := transport + " " + addr.String(); err == nil && got != want || err != nil && want != "" {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	if _, err := New(Config{Listen: []string{"tls:127.0.0.1:0"}}); err == nil {
		t.Error("tls without a certificate")
	}
}

func TestAddressInUseIsAnError(t *testing.T) {
	s := serve(t, Config{})
	other, err := New(Config{Listen: []string{"tcp:127.0.0.1:0", "udp:" + s.addr(t, UDP).String()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "listen udp:") {
		t.Errorf("err %v", err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
}

// On the wildcard, Via and Contact carry the address the packet leaves from; IPv4 and IPv6 listen side by side.
func TestWildcardAdvertisesTheRightAddress(t *testing.T) {
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skip("no IPv6 loopback")
	} else {
		c.Close()
	}
	actor := newLoop(t)
	s := serve(t, Config{Listen: []string{"udp:0.0.0.0:0", "udp:[::]:0", "tcp:[::]:0"}, OnInvite: func(in *Invite) {
		d := in.Accept(actor, func(Event) {})
		actor.Post(func() { d.Answer(answer) })
	}})
	for _, a := range s.Addresses() {
		transport, bound, err := ParseListen(a)
		if err != nil {
			t.Fatal(err)
		}
		loopback := "127.0.0.1"
		if !bound.Addr().Is4() {
			loopback = "::1"
		}
		conn, err := net.Dial(transport, net.JoinHostPort(loopback, fmt.Sprint(bound.Port())))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		r := &raw{t: t, conn: conn, udp: transport == UDP}
		r.say(r.text(msg{method: "INVITE", call: a, body: "v=0\n"}))
		res := r.expect(200)
		want := netip.AddrPortFrom(netip.MustParseAddr(loopback), bound.Port())
		if got, ok := uriAddr(contacts(res)[0].Address); !ok || got != want {
			t.Errorf("%s: Contact %s", a, contacts(res)[0])
		}
		if transport == TCP && uriTransport(contacts(res)[0].Address) != TCP {
			t.Errorf("%s: Contact %s", a, contacts(res)[0])
		}
		r.say(r.text(msg{method: "BYE", call: a, toTag: toTag(res), seq: 2}))
		r.expect(200)
	}
}

// Trap 2: requests leave from the listening port. Trap 1: over TCP they go down the phone's own connection, also when
// another phone has connected since, and whatever Contact and Record-Route say (trap 17).
func TestRequestsFollowTheFlow(t *testing.T) {
	for _, transport := range []string{UDP, TCP} {
		t.Run(transport, func(t *testing.T) {
			s := serve(t, Config{Accounts: stations{nat: NATYes}})
			phone := newRaw(t, s, transport)
			phone.register("217")
			other := newRaw(t, s, transport)
			other.register("218")
			b := s.Registrar().Lookup("217")
			if len(b) != 1 {
				t.Fatal("not registered")
			}
			actor, ev := newLoop(t), newEvents()
			var d *Dialog
			actor.do(func() {
				d, _ = s.Invite(InviteRequest{Target: b[0].Contact, Flow: b[0].Flow, SDP: offer}, actor, ev.notify)
			})
			invite := phone.request(gosip.INVITE)
			if got := invite.Via(); got.Host != "127.0.0.1" || got.Port != int(s.addr(t, transport).Port()) {
				t.Errorf("Via %s", got)
			}
			phone.say(reply(invite, 200, "bt", "Contact: <sip:217@127.0.0.1:9>\nRecord-Route: <sip:127.0.0.1:9;lr>", string(answer)))
			next[Answered](t, ev)
			phone.request(gosip.ACK)
			actor.do(func() { d.Bye("") })
			phone.say(reply(phone.request(gosip.BYE), 200, "", "", ""))
			other.silent(20 * time.Millisecond)
		})
	}
}

// register registers a raw peer as a station.
func (r *raw) register(tel string) {
	r.t.Helper()
	r.registerIn(tel, "reg"+tel)
}

// registerIn is register with that Call-ID.
func (r *raw) registerIn(tel, call string) {
	r.t.Helper()
	m := msg{method: "REGISTER", uri: "sip:127.0.0.1", call: call, from: tel, to: tel}
	r.say(r.text(m))
	m.extra, m.seq = credentials(r.t, r.expect(401), 0, "REGISTER", "s"+tel, "p"+tel, 1), 2
	r.say(r.text(m))
	r.expect(200)
}

// A phone without NAT whose connection has closed is called over a new one.
func TestClosedConnectionIsDialledAgain(t *testing.T) {
	s := serve(t, Config{Accounts: stations{}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	phone := newRaw(t, s, TCP)
	m := msg{method: "REGISTER", uri: "sip:127.0.0.1", call: "reg", to: "217"}
	text := func() string {
		contact := fmt.Sprintf("Contact: <sip:217@%s;transport=tcp>", l.Addr())
		return strings.Replace(phone.text(m), fmt.Sprintf("Contact: <sip:217@%s>", phone.addr()), contact, 1)
	}
	phone.say(text())
	m.extra, m.seq = credentials(t, phone.expect(401), 0, "REGISTER", "s217", "p217", 1), 2
	phone.say(text())
	phone.expect(200)
	phone.conn.Close()
	b := s.Registrar().Lookup("217")[0]
	eventually(t, "flow dead", func() bool { return !b.Flow.Alive() })
	actor, ev := newLoop(t), newEvents()
	actor.do(func() {
		_, err = s.Invite(InviteRequest{Target: b.Contact, Flow: b.Flow, SDP: offer}, actor, ev.notify)
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	again := &raw{t: t, conn: conn}
	again.say(reply(again.request(gosip.INVITE), 486, "bt", "", ""))
	if e := next[Failed](t, ev); e.Code != 486 {
		t.Errorf("%+v", e)
	}
	conn.Close()
}

func TestConnectionThatBreaksFailsItsCall(t *testing.T) {
	var kinds atomic.Value
	s := serve(t, Config{Accounts: stations{nat: NATYes}, Registrar: RegistrarConfig{OnChange: func(e RegistrationEvent) { kinds.Store(e.Kind) }}})
	phone := newRaw(t, s, TCP)
	phone.register("217")
	b := s.Registrar().Lookup("217")[0]
	actor, ev := newLoop(t), newEvents()
	actor.do(func() { _, _ = s.Invite(InviteRequest{Target: b.Contact, Flow: b.Flow, SDP: offer}, actor, ev.notify) })
	phone.request(gosip.INVITE)
	phone.conn.Close()
	if e := next[Failed](t, ev); e.Code != 503 {
		t.Errorf("%+v", e)
	}
	eventually(t, "binding gone", func() bool { return s.Stats().Bindings == 0 })
	eventually(t, "event", func() bool { return kinds.Load() == Disconnected })
}

func TestDialFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := addrPort(l.Addr())
	l.Close()
	s := serve(t, Config{})
	actor, ev := newLoop(t), newEvents()
	u := gosip.Uri{Scheme: "sip", User: "x", Host: "127.0.0.1", Port: int(gone.Port())}
	u.UriParams.Add("transport", "tcp")
	actor.do(func() { _, err = s.Invite(InviteRequest{Target: u, SDP: offer}, actor, ev.notify) })
	if err != nil {
		t.Fatal(err)
	}
	if e := next[Failed](t, ev); e.Code != 503 {
		t.Errorf("%+v", e)
	}
	u.Host = "phone.example.org"
	actor.do(func() { _, err = s.Invite(InviteRequest{Target: u, SDP: offer}, actor, ev.notify) })
	if err == nil {
		t.Error("a host name needs a resolver")
	}
}

func TestKeepAlives(t *testing.T) {
	s := serve(t, Config{})
	u, c := newRaw(t, s, UDP), newRaw(t, s, TCP)
	buf := make([]byte, 16)
	for _, r := range []*raw{u, c} {
		r.bytes([]byte("\r\n"))
		r.bytes([]byte("\r\n\r\n"))
		_ = r.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := r.conn.Read(buf)
		if err != nil || !bytes.Equal(buf[:n], []byte("\r\n")) {
			t.Errorf("pong %q, %v", buf[:n], err)
		}
		r.bytes([]byte("\x00\x00\x00\x00"))
		if r.udp {
			r.say(r.text(msg{method: "OPTIONS"}))
			r.expect(200)
		}
	}
	if n := s.Stats().KeepAlive; n < 3 {
		t.Errorf("%d keep-alives counted", n)
	}
}

func TestMessagesSplitAndJoinedOnAStream(t *testing.T) {
	s := serve(t, Config{})
	r := newRaw(t, s, TCP)
	var all []byte
	for i := range 5 {
		all = append(all, "\r\n"...)
		all = append(all, wire(r.text(msg{method: "OPTIONS", seq: i + 1, body: strings.Repeat("x", i*100)}))...)
	}
	for i := range all {
		r.bytes(all[i : i+1])
	}
	r.bytes(all)
	for i := range 10 {
		if res := r.expect(200); int(res.CSeq().SeqNo) != i%5+1 {
			t.Errorf("answer %d is to %d", i, res.CSeq().SeqNo)
		}
	}
}

func TestStreamLimits(t *testing.T) {
	closed := func(t *testing.T, r *raw) {
		t.Helper()
		_ = r.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		for buf := make([]byte, 4096); ; {
			if _, err := r.conn.Read(buf); err != nil {
				if ne, ok := err.(net.Error); ok && ne.Timeout() {
					t.Fatal("connection stays open")
				}
				return
			}
		}
	}
	t.Run("dripping", func(t *testing.T) {
		s := serve(t, Config{MessageTimeout: 50 * time.Millisecond})
		r := newRaw(t, s, TCP)
		r.bytes([]byte("OPTIONS sip:x SIP/2.0\r\nVia: "))
		closed(t, r)
		eventually(t, "forgotten", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.streams) == 0 })
	})
	t.Run("silent from the start", func(t *testing.T) {
		s := serve(t, Config{MessageTimeout: 50 * time.Millisecond})
		closed(t, newRaw(t, s, TCP))
	})
	t.Run("idle", func(t *testing.T) {
		s := serve(t, Config{IdleTimeout: 500 * time.Millisecond})
		r := newRaw(t, s, TCP)
		r.say(r.text(msg{method: "OPTIONS"}))
		r.expect(200)
		closed(t, r)
	})
	t.Run("too long", func(t *testing.T) {
		s := serve(t, Config{})
		r := newRaw(t, s, TCP)
		_, _ = r.conn.Write(bytes.Repeat([]byte("x"), 2*maxMessage))
		closed(t, r)
	})
	t.Run("bad length", func(t *testing.T) {
		s := serve(t, Config{})
		r := newRaw(t, s, TCP)
		r.say(r.text(msg{method: "OPTIONS", extra: "Content-Length: -1"}))
		r.expect(400)
		closed(t, r)
	})
	t.Run("too many", func(t *testing.T) {
		s := serve(t, Config{MaxConnections: 1})
		stranger := newRaw(t, s, TCP)
		stranger.say(stranger.text(msg{method: "OPTIONS"}))
		stranger.expect(200)
		first := newRaw(t, s, TCP)
		first.say(first.text(msg{method: "OPTIONS"}))
		first.expect(200)
		closed(t, stranger) // it has made room
		s.mu.Lock()
		for c := range s.streams {
			c.proved.Store(true)
		}
		s.mu.Unlock()
		closed(t, newRaw(t, s, TCP))
		if s.Stats().ConnectionsRefused != 2 {
			t.Errorf("%+v", s.Stats())
		}
		first.say(first.text(msg{method: "OPTIONS"}))
		first.expect(200)
	})
	t.Run("does not read", func(t *testing.T) {
		s := serve(t, Config{})
		r := newRaw(t, s, TCP)
		r.say(r.text(msg{method: "OPTIONS"}))
		r.expect(200)
		var c *stream
		s.mu.Lock()
		for c = range s.streams {
		}
		s.mu.Unlock()
		big := bytes.Repeat([]byte("x"), 60000)
		eventually(t, "let go", func() bool { return c.send(big, c.remote) != nil }) // and no send ever blocks
		if c.alive() {
			t.Error("still alive")
		}
	})
}

func TestWhitelist(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("fe80::/10")}
	w := newWhitelist(Whitelist{Enabled: true, Networks: networks})
	for a, want := range map[string]bool{"192.168.3.4": true, "10.2.3.4": true, "::ffff:192.168.1.1": true, "fe80::1%eth0": true, "127.0.0.1": false, "2001:db8::1": false} {
		if w.admits(netip.MustParseAddr(a)) != want {
			t.Errorf("%s: %v", a, !want)
		}
	}
	s := serve(t, Config{Whitelist: Whitelist{Enabled: true, Networks: networks}})
	u := newRaw(t, s, UDP)
	u.say(u.text(msg{method: "OPTIONS"}))
	u.silent(30 * time.Millisecond)
	c := newRaw(t, s, TCP)
	if c.hear(5*time.Second) != nil {
		t.Error("answered")
	}
	if n := s.Stats(); n.Outside != 2 || n.Received != 0 {
		t.Errorf("%+v", n)
	}
}
