package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// tap is a datagram peer without a socket, for tests inside a synctest bubble: what the stack sends is kept with the
// time it was sent, what the peer says is put in by say.
type tap struct {
	t     *testing.T
	s     *Stack
	flow  Flow
	began time.Time

	mu   sync.Mutex // guards the following
	sent []tapped
	read int
}

type tapped struct {
	at  time.Duration
	msg gosip.Message
}

func (p *tap) send(b []byte, _ netip.AddrPort) error {
	msg, err := gosip.ParseMessage(b)
	if err != nil {
		p.t.Errorf("%v in %q", err, b)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, tapped{time.Since(p.began), msg})
	return nil
}
func (p *tap) alive() bool         { return true }
func (p *tap) watch(func()) func() { return func() {} }

// say puts a message in as if it had come over UDP.
func (p *tap) say(text string) {
	p.s.receive([]byte(wire(text)), p.flow)
	synctest.Wait()
}

func (p *tap) text(m msg) string {
	return fmt.Sprintf(`%s %s SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport
Max-Forwards: 70
From: <sip:217@example.org>;tag=ft
To: <sip:218@example.org>%s
Call-ID: %s
CSeq: %d %s
Contact: <sip:217@%s>%s

%s`, m.method, or(m.uri, "sip:218@10.0.0.1"), p.flow.Remote, or(m.branch, token(6)), tagParam(m.toTag), or(m.call, "call-1"), or(m.seq, 1),
		m.method, p.flow.Remote, lines(m.extra), m.body)
}

func tagParam(tag string) string {
	if tag == "" {
		return ""
	}
	return ";tag=" + tag
}

// heard returns what was sent since the last time, as "120ms 200 INVITE" or "1s BYE".
func (p *tap) heard() []string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, m := range p.sent[p.read:] {
		switch msg := m.msg.(type) {
		case *gosip.Request:
			out = append(out, fmt.Sprintf("%v %s", m.at, msg.Method))
		case *gosip.Response:
			out = append(out, fmt.Sprintf("%v %d %s", m.at, msg.StatusCode, msg.CSeq().MethodName))
		}
	}
	p.read = len(p.sent)
	return out
}

// expect checks heard.
func (p *tap) expect(want ...string) {
	p.t.Helper()
	if got := p.heard(); strings.Join(got, ", ") != strings.Join(want, ", ") {
		p.t.Errorf("sent\n  %s\nwant\n  %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// last returns the newest message sent.
func (p *tap) last() gosip.Message {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent[len(p.sent)-1].msg
}

func (p *tap) lastRequest(method gosip.RequestMethod) *gosip.Request {
	p.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if req, ok := p.sent[i].msg.(*gosip.Request); ok && req.Method == method {
			return req
		}
	}
	p.t.Fatalf("no %s was sent", method)
	return nil
}

// bubble runs a test inside synctest with a stack, a peer and an actor. The actor stands still between messages.
func bubble(t *testing.T, c Config, test func(t *testing.T, s *Stack, p *tap, actor *loop)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }() // stopped and waited for below
		p := &tap{t: t, s: s, began: time.Now()}
		p.flow = Flow{
			Transport: UDP, Local: netip.MustParseAddrPort("10.0.0.1:5060"), Remote: netip.MustParseAddrPort("10.0.0.2:5060"), link: p,
		}
		test(t, s, p, newLoop(t))
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// callee runs a bubble whose INVITEs are accepted; the test gets the dialog of the first.
func callee(t *testing.T, test func(p *tap, d *Dialog, actor *loop, ev events)) {
	var d *Dialog
	var on *loop
	ev := newEvents()
	c := Config{OnInvite: func(in *Invite) { d = in.Accept(on, ev.notify) }}
	bubble(t, c, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		on = actor
		p.say(p.text(msg{method: "INVITE", branch: "inv", body: "v=0\n"}))
		p.expect("0s 100 INVITE")
		test(p, d, actor, ev)
	})
}

// caller runs a bubble in which the stack has sent an INVITE.
func caller(t *testing.T, sdp []byte, test func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request)) {
	bubble(t, Config{}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		ev := newEvents()
		var d *Dialog
		actor.do(func() {
			var err error
			d, err = s.Invite(InviteRequest{
				Target: gosip.Uri{Scheme: "sip", User: "218", Host: "10.0.0.2", Port: 5060}, Flow: p.flow,
				From: Identity{User: "217"}, SDP: sdp,
			}, actor, ev.notify)
			if err != nil {
				t.Fatal(err)
			}
		})
		p.expect("0s INVITE")
		test(p, d, actor, ev, p.lastRequest(gosip.INVITE))
	})
}

// sayAs sends a request of the other side in a dialog of ours, whichever side opened it.
func (p *tap) sayAs(d *Dialog, m msg) {
	from := d.remote.tag
	p.say(strings.Replace(p.text(m), "tag=ft", "tag="+from, 1))
}
