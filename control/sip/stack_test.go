package sip

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loop is an Actor on a goroutine of its own.
type loop struct {
	mu    sync.Mutex
	queue []func()
	wake  chan struct{}
	done  chan struct{}
	ended chan struct{}
}

func newLoop(t *testing.T) *loop {
	l := &loop{wake: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{})}
	go func() { // stopped and waited for by the test's cleanup
		defer close(l.ended)
		for {
			l.mu.Lock()
			q := l.queue
			l.queue = nil
			l.mu.Unlock()
			for _, f := range q {
				f()
			}
			if len(q) > 0 {
				continue
			}
			select {
			case <-l.wake:
			case <-l.done:
				return
			}
		}
	}()
	t.Cleanup(func() { close(l.done); <-l.ended })
	return l
}

func (l *loop) Post(f func()) {
	l.mu.Lock()
	l.queue = append(l.queue, f)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// do runs f on the actor and waits.
func (l *loop) do(f func()) {
	ran := make(chan struct{})
	l.Post(func() { defer close(ran); f() })
	<-ran
}

// serve runs a stack for the test on loopback.
func serve(t *testing.T, c Config) *Stack {
	t.Helper()
	if c.Listen == nil {
		c.Listen = []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0"}
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }() // stopped and waited for by the cleanup
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// addr is where the stack listens with that transport.
func (s *Stack) addr(t *testing.T, transport string) netip.AddrPort {
	t.Helper()
	for _, a := range s.Addresses() {
		if rest, ok := strings.CutPrefix(a, transport+":"); ok {
			return netip.MustParseAddrPort(rest)
		}
	}
	t.Fatalf("no %s listener", transport)
	return netip.AddrPort{}
}

func (s *Stack) uri(t *testing.T, transport, user string) gosip.Uri {
	a := s.addr(t, transport)
	u := gosip.Uri{Scheme: "sip", User: user, Host: host(a.Addr()), Port: int(a.Port())}
	if transport != UDP {
		u.UriParams.Add("transport", transport)
	}
	return u
}

// events collects what a dialog tells.
type events chan Event

func newEvents() events { return make(events, 64) }

func (e events) notify(ev Event) { e <- ev }

// next waits for the next event and checks its type.
func next[T Event](t *testing.T, e events) T {
	t.Helper()
	select {
	case ev := <-e:
		v, ok := ev.(T)
		if !ok {
			t.Fatalf("event %T %+v, want %T", ev, ev, v)
		}
		return v
	case <-time.After(10 * time.Second):
		var v T
		t.Fatalf("no event, want %T", v)
		return v
	}
}

// quiet checks that nothing more was told.
func (e events) quiet(t *testing.T) {
	t.Helper()
	select {
	case ev := <-e:
		t.Fatalf("unexpected event %T %+v", ev, ev)
	default:
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

var offer, answer = []byte("v=0\r\noffer\r\n"), []byte("v=0\r\nanswer\r\n")

// call is a dialog between two stacks, with its caller's and callee's ends.
type call struct {
	caller, callee         *loop
	a, b                   *Dialog
	callerEvents, calleeEv events
}

// pair serves a caller's and a callee's stack; each INVITE is accepted onto one actor and given to accepted.
func pair(t *testing.T, timers Timers) (caller, callee *Stack, accepted chan *call) {
	accepted = make(chan *call, 16)
	actor := newLoop(t)
	callee = serve(t, Config{Timers: timers, OnInvite: func(in *Invite) {
		c := &call{callee: actor, calleeEv: newEvents()}
		c.b = in.Accept(actor, c.calleeEv.notify)
		accepted <- c
	}})
	return serve(t, Config{Timers: timers}), callee, accepted
}

func dial(t *testing.T, from, to *Stack, transport string, actor *loop, offer []byte, accepted chan *call) *call {
	t.Helper()
	ev := newEvents()
	var d *Dialog
	actor.do(func() {
		var err error
		d, err = from.Invite(InviteRequest{
			Target: to.uri(t, transport, "218"), From: Identity{Name: `Anna "A" B`, User: "217"}, To: Identity{User: "218"}, SDP: offer,
		}, actor, ev.notify)
		if err != nil {
			t.Error(err)
		}
	})
	select {
	case c := <-accepted:
		c.caller, c.a, c.callerEvents = actor, d, ev
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("INVITE did not arrive")
	}
	return nil
}

func TestCallOverUDPAndTCP(t *testing.T) {
	for _, transport := range []string{UDP, TCP} {
		t.Run(transport, func(t *testing.T) {
			caller, callee, accepted := pair(t, Timers{})
			c := dial(t, caller, callee, transport, newLoop(t), offer, accepted)
			c.callee.do(func() {
				if id := c.b.Remote(); id.User != "217" || id.Name != `Anna "A" B` {
					t.Errorf("caller is %+v", id)
				}
				c.b.Ring(180, nil)
			})
			if p := next[Progress](t, c.callerEvents); p.Code != 180 || p.SDP != nil {
				t.Errorf("progress %+v", p)
			}
			c.callee.do(func() { c.b.Ring(183, answer) })
			if p := next[Progress](t, c.callerEvents); p.Code != 183 || string(p.SDP) != string(answer) {
				t.Errorf("progress %+v", p)
			}
			c.callee.do(func() { c.b.Answer(answer) })
			if a := next[Answered](t, c.callerEvents); string(a.SDP) != string(answer) {
				t.Errorf("answered with %q", a.SDP)
			}
			if a := next[Acked](t, c.calleeEv); a.SDP != nil {
				t.Errorf("acked with %q", a.SDP)
			}
			c.caller.do(func() { c.a.Bye("") })
			if e := next[Terminated](t, c.calleeEv); !e.Remote || e.Reason != "bye" {
				t.Errorf("callee: %+v", e)
			}
			if e := next[Terminated](t, c.callerEvents); e.Remote {
				t.Errorf("caller: %+v", e)
			}
			eventually(t, "dialogs gone", func() bool { return caller.Stats().Dialogs+callee.Stats().Dialogs == 0 })
			c.callerEvents.quiet(t)
			c.calleeEv.quiet(t)
		})
	}
}
