package sip

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// raw is a peer that says exactly what the test wants, over UDP or TCP.
type raw struct {
	t    *testing.T
	conn net.Conn
	udp  bool
	f    framer
}

func newRaw(t *testing.T, s *Stack, transport string) *raw {
	t.Helper()
	conn, err := net.Dial(transport, s.addr(t, transport).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &raw{t: t, conn: conn, udp: transport == UDP}
}

func (r *raw) addr() netip.AddrPort { return addrPort(r.conn.LocalAddr()) }

// say sends text with LF for CRLF; a Content-Length is added unless the text has one.
func (r *raw) say(text string) {
	r.t.Helper()
	r.bytes([]byte(wire(text)))
}

func (r *raw) bytes(b []byte) {
	r.t.Helper()
	if _, err := r.conn.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

func wire(text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	head = strings.TrimRight(head, "\n")
	if !strings.Contains(head, "Content-Length") {
		head += fmt.Sprintf("\nContent-Length: %d", len(body))
	}
	return strings.ReplaceAll(strings.TrimLeft(head, "\n"), "\n", "\r\n") + "\r\n\r\n" + body
}

// hear returns the next message, nil after the wait.
func (r *raw) hear(wait time.Duration) gosip.Message {
	r.t.Helper()
	buf := make([]byte, maxMessage)
	deadline := time.Now().Add(wait)
	for {
		if !r.udp {
			if msg, _, err := r.f.next(); err != nil {
				r.t.Fatal(err)
			} else if msg != nil {
				return r.parse(msg)
			}
		}
		_ = r.conn.SetReadDeadline(deadline)
		n, err := r.conn.Read(buf)
		if err != nil {
			return nil
		}
		if r.udp {
			return r.parse(buf[:n])
		}
		r.f.write(buf[:n])
	}
}

func (r *raw) parse(b []byte) gosip.Message {
	r.t.Helper()
	msg, err := newParser().ParseSIP(b)
	if err != nil {
		r.t.Fatalf("%v in %q", err, b)
	}
	return msg
}

// response returns the next response that is not 100.
func (r *raw) response() *gosip.Response {
	r.t.Helper()
	for {
		switch m := r.hear(5 * time.Second).(type) {
		case nil:
			r.t.Fatal("no response")
		case *gosip.Response:
			if m.StatusCode != 100 {
				return m
			}
		default:
			r.t.Fatalf("not a response: %s", m)
		}
	}
}

// expect is response, with the code it must have.
func (r *raw) expect(code int) *gosip.Response {
	r.t.Helper()
	res := r.response()
	if res.StatusCode != code {
		r.t.Fatalf("got %d %s, want %d", res.StatusCode, res.Reason, code)
	}
	return res
}

// request returns the next request of that method, skipping others if skip.
func (r *raw) request(method gosip.RequestMethod) *gosip.Request {
	r.t.Helper()
	for {
		switch m := r.hear(5 * time.Second).(type) {
		case nil:
			r.t.Fatalf("no %s", method)
		case *gosip.Request:
			if m.Method == method {
				return m
			}
		}
	}
}

// silent checks that nothing comes for a while.
func (r *raw) silent(wait time.Duration) {
	r.t.Helper()
	if m := r.hear(wait); m != nil {
		r.t.Fatalf("unexpected: %s", m)
	}
}

// msg are the parts of a request that tests vary.
type msg struct {
	method, uri, call, branch, fromTag, toTag string
	from, to                                  string
	seq                                       int
	extra, body                               string
}

func (r *raw) text(m msg) string {
	transport := "TCP"
	if r.udp {
		transport = "UDP"
	}
	m.uri, m.call, m.fromTag = or(m.uri, "sip:218@example.org"), or(m.call, "call-1"), or(m.fromTag, "ft")
	m.from, m.to = or(m.from, "217"), or(m.to, "218")
	m.seq = or(m.seq, 1)
	if m.toTag != "" {
		m.toTag = ";tag=" + m.toTag
	}
	if m.body != "" {
		m.extra += "Content-Type: application/sdp\n"
	}
	return fmt.Sprintf(`%s %s SIP/2.0
Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport
Max-Forwards: 70
From: "Anna" <sip:%s@example.org>;tag=%s
To: <sip:%s@example.org>%s
Call-ID: %s
CSeq: %d %s
Contact: <sip:%s@%s>%s

%s`, m.method, m.uri, transport, r.addr(), or(m.branch, token(6)), m.from, m.fromTag, m.to, m.toTag, m.call, m.seq, m.method,
		m.from, r.addr(), lines(m.extra), m.body)
}

// reply builds a response to a request, Via and all.
func reply(req *gosip.Request, code int, tag, extra, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d X\n", code)
	for _, name := range []string{"via", "from", "to", "call-id", "cseq"} {
		for _, h := range req.GetHeaders(name) {
			v := h.String()
			if name == "to" && tag != "" && toTag(req) == "" {
				v += ";tag=" + tag
			}
			b.WriteString(v + "\n")
		}
	}
	if body != "" {
		extra = strings.TrimRight(extra, "\n") + "\nContent-Type: application/sdp\n"
	}
	return strings.TrimRight(b.String(), "\n") + lines(extra) + "\n\n" + body
}

// lines puts header lines after others.
func lines(extra string) string {
	if extra == "" {
		return ""
	}
	return "\n" + strings.Trim(extra, "\n")
}
