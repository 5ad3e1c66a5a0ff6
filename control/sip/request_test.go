package sip

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// What comes in and what is answered, on a real socket; "" is silence.
func TestRequestsOutsideDialogs(t *testing.T) {
	s := serve(t, Config{OnInvite: func(in *Invite) {
		if in.Target().User == "none" {
			return // an owner that forgets to answer
		}
		in.Reply(486, "")
	}})
	base := msg{method: "OPTIONS", uri: "sip:218@example.org"}
	with := func(f func(m *msg)) msg {
		m := base
		f(&m)
		return m
	}
	for _, tt := range []struct {
		name string
		m    msg
		edit func(string) string
		want int // 0: silence
		has  string
	}{
		{name: "options", m: base, want: 200, has: "Allow: INVITE"},
		{name: "invite", m: with(func(m *msg) { m.method = "INVITE" }), want: 486},
		{name: "invite nobody answers", m: with(func(m *msg) { m.method, m.uri = "INVITE", "sip:none@x" }), want: 500},
		{name: "tel uri", m: with(func(m *msg) { m.method, m.uri = "INVITE", "tel:none;phone-context=x" }), want: 500},
		{name: "subscribe", m: with(func(m *msg) { m.method = "SUBSCRIBE" }), want: 489},
		{name: "publish", m: with(func(m *msg) { m.method = "PUBLISH" }), want: 489},
		{name: "message", m: with(func(m *msg) { m.method = "MESSAGE" }), want: 405, has: "Allow: "},
		{name: "refer", m: with(func(m *msg) { m.method = "REFER" }), want: 405},
		{name: "unknown method", m: with(func(m *msg) { m.method = "DANCE" }), want: 501, has: "Allow: "},
		{name: "bye to nothing", m: with(func(m *msg) { m.method = "BYE" }), want: 481},
		{name: "cancel of nothing", m: with(func(m *msg) { m.method = "CANCEL" }), want: 481},
		{name: "ack to nothing", m: with(func(m *msg) { m.method = "ACK" }), want: 0},
		{name: "in no dialog", m: with(func(m *msg) { m.method, m.toTag = "INVITE", "x" }), want: 481},
		{name: "too many hops", m: with(func(m *msg) { m.method = "INVITE" }), edit: change("Max-Forwards: 70", "Max-Forwards: 0"), want: 483},
		{name: "bad hops", m: base, edit: change("Max-Forwards: 70", "Max-Forwards: 300"), want: 400},
		{name: "no hops", m: base, edit: change("Max-Forwards: 70\n", ""), want: 200},
		{name: "blanks around semicolons", m: base, edit: change(";branch", " \t ;\t branch"), want: 200},
		{name: "version", m: base, edit: change("SIP/2.0\nVia", "SIP/7.0\nVia"), want: 505},
		{name: "required extension", m: with(func(m *msg) { m.extra = "Require: 100rel, dance" }), want: 420, has: "Unsupported: dance"},
		{name: "scheme", m: with(func(m *msg) { m.uri = "nobody:knows" }), want: 416},
		{name: "not sdp", m: with(func(m *msg) { m.method, m.body = "INVITE", "x" }), edit: change("application/sdp", "text/plain"), want: 415, has: "Accept: application/sdp"},
		{name: "encoded", m: with(func(m *msg) { m.method, m.body, m.extra = "INVITE", "x", "e: gzip\n" }), want: 415},
		{name: "no From", m: base, edit: change("From: ", "X-From: "), want: 400},
		{name: "broken From", m: base, edit: change(`"Anna" <sip:217@example.org>`, `"Anna <sip:217@example.org`), want: 400},
		{name: "two Froms", m: with(func(m *msg) { m.extra = "From: <sip:x@y>;tag=2" }), want: 400},
		{name: "no From tag", m: base, edit: change(";tag=ft", ""), want: 400},
		{name: "no To", m: base, edit: change("To: ", "X-To: "), want: 400},
		{name: "no Call-ID", m: base, edit: change("Call-ID: ", "X-Call-ID: "), want: 400},
		{name: "no CSeq", m: base, edit: change("CSeq: ", "X-CSeq: "), want: 400},
		{name: "CSeq of another method", m: base, edit: change("1 OPTIONS", "1 INVITE"), want: 400},
		{name: "CSeq too big", m: base, edit: change("CSeq: 1 ", "CSeq: 4294967296 "), want: 400},
		{name: "no Via", m: base, edit: change("Via: ", "X-Via: "), want: 0},
		{name: "length beyond the datagram", m: with(func(m *msg) { m.extra = "Content-Length: 500" }), want: 400},
		{name: "two lengths", m: with(func(m *msg) { m.extra = "Content-Length: 0\nContent-Length: 0" }), want: 400},
		{name: "line without colon", m: with(func(m *msg) { m.extra = "nonsense" }), want: 400},
		{name: "bare LF", m: base, edit: change("\nMax-Forwards", "\x00\nMax-Forwards"), want: 0},
		{name: "folded and compact", m: base, edit: func(s string) string {
			return change("Via: ", "v:  ")(change("Call-ID: ", "i:\n  ")(change("From: ", "f : ")(s)))
		}, want: 200},
		{name: "old branch", m: with(func(m *msg) { m.method = "INVITE" }), edit: change("z9hG4bK", "old"), want: 486},
		{name: "lower-case version", m: base, edit: change("SIP/2.0\nVia", "sip/2.0\nVia"), want: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRaw(t, s, UDP)
			tt.m.call = tt.name
			text := r.text(tt.m)
			if tt.edit != nil {
				edited := tt.edit(text)
				if edited == text {
					t.Fatal("the edit changed nothing")
				}
				text = edited
			}
			r.say(text)
			if tt.want == 0 {
				r.silent(30 * time.Millisecond)
				return
			}
			res := r.expect(tt.want)
			if tt.has != "" && !strings.Contains(res.String(), tt.has) {
				t.Errorf("no %q in\n%s", tt.has, res)
			}
			if res.To() != nil && toTag(res) == "" {
				t.Errorf("no To tag in\n%s", res)
			}
			ping := newRaw(t, s, UDP)
			ping.say(ping.text(msg{method: "OPTIONS"}))
			ping.expect(200)
		})
	}
}

func change(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

func TestGarbageIsCountedAndSurvived(t *testing.T) {
	s := serve(t, Config{})
	r := newRaw(t, s, UDP)
	junk := [][]byte{
		nil, {0}, {0x80, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		[]byte("INVITE"), []byte("SIP/2.0 200"), []byte("SIP/2.0 200 OK\r\n\r\n"), []byte("SIP/2.0 999999 OK\r\nVia: x\r\n\r\n"),
		[]byte("INVITE sip:x SIP/2.0"), []byte("INVITE sip:x SIP/2.0\r\n"), []byte("INVITE sip:x SIP/2.0\r\n\r\n"),
		[]byte("INVITE sip:x SIP/2.0\nVia: SIP/2.0/UDP 1.2.3.4\n\n"), []byte(strings.Repeat("\xff", 60000)),
		[]byte(" SIP/2.0 SIP/2.0\r\n\r\n"), []byte("OPTIONS  SIP/2.0\r\n\r\n"),
	}
	for _, b := range junk {
		r.bytes(b)
	}
	r.say(r.text(msg{method: "OPTIONS"}))
	r.expect(200)
	n := s.Stats()
	if n.Garbage == 0 || n.Malformed == 0 || n.Panics != 0 || n.Garbage+n.Malformed+n.KeepAlive != uint64(len(junk)) {
		t.Errorf("%+v of %d", n, len(junk))
	}
}

// RFC 3261 18.2.1 and RFC 3581: where responses go.
func TestResponsesGoWhereTheViaSays(t *testing.T) {
	s := serve(t, Config{})
	r, elsewhere := newRaw(t, s, UDP), newRaw(t, s, UDP)
	text := r.text(msg{method: "OPTIONS"})
	r.say(strings.Replace(text, r.addr().String(), "192.0.2.1:9", 1))
	res := r.expect(200)
	if got, _ := param(res.Via().Params, "received"); got != "127.0.0.1" {
		t.Errorf("received %q", got)
	}
	r.say(strings.Replace(strings.Replace(text, r.addr().String(), elsewhere.addr().String(), 1), ";rport", "", 1))
	elsewhere.expect(200)
}

// An INVITE that comes twice by different ways is one call (RFC 3261 8.2.2.2).
func TestMergedInvite(t *testing.T) {
	var n atomic.Int32
	s := serve(t, Config{OnInvite: func(in *Invite) { n.Add(1); in.Reply(486, "") }})
	r := newRaw(t, s, UDP)
	r.say(r.text(msg{method: "INVITE", branch: "one"}))
	r.expect(486)
	r.say(r.text(msg{method: "INVITE", branch: "two"}))
	for {
		if res := r.response(); res.StatusCode == 482 {
			break
		} else if res.StatusCode != 486 {
			t.Fatalf("got %d", res.StatusCode)
		}
	}
	if n.Load() != 1 {
		t.Errorf("%d calls", n.Load())
	}
}

func TestStrayResponsesAreDropped(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		ok := reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2>", string(answer))
		p.say(strings.Replace(ok, "Call-ID: ", "Call-ID: x", 1))
		p.say(strings.Replace(ok, "z9hG4bK", "z9hG4bKx", 1))
		p.say(strings.Replace(ok, "From: ", "Via: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKy\nFrom: ", 1))
		p.say(strings.Replace(ok, "INVITE", "BYE", 1))
		p.expect()
		ev.quiet(t)
		if n := p.s.Stats(); n.Stray+n.Malformed != 4 {
			t.Errorf("%+v", n)
		}
	})
}
