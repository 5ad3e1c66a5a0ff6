package sip

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// ending counts what a dialog tells and waits for its one last event.
type ending struct {
	mu    sync.Mutex
	last  []Event
	ended chan struct{}
	after int // events after the last one
	on    func(Event)
}

func newEnding() *ending { return &ending{ended: make(chan struct{})} }

func (e *ending) notify(ev Event) {
	e.mu.Lock()
	if len(e.last) > 0 {
		e.after++
	}
	switch ev.(type) {
	case Failed, Cancelled, Terminated:
		e.last = append(e.last, ev)
		if len(e.last) == 1 {
			close(e.ended)
		}
	}
	e.mu.Unlock()
	if e.on != nil {
		e.on(ev)
	}
}

func (e *ending) check(t *testing.T, who string) {
	t.Helper()
	select {
	case <-e.ended:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: no end", who)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.last) != 1 || e.after != 0 {
		t.Errorf("%s: ends %+v, %d events after", who, e.last, e.after)
	}
}

// Both ends of many calls do things at random moments, against each other: CANCEL meets 200 in both orders, BYE meets
// BYE and re-INVITE, re-INVITEs meet. Whatever happens each dialog ends once on both sides and nothing is left.
func TestRaces(t *testing.T) {
	t.Parallel()
	timers := Timers{T1: 50 * time.Millisecond, T2: 100 * time.Millisecond, T4: 50 * time.Millisecond}
	scripts := map[string]struct {
		caller, callee func(d *Dialog, after func(func()))
	}{
		"cancel against answer": {
			func(d *Dialog, after func(func())) {
				after(func() { d.Cancel() })
				afterMs(after, 40, func() { d.Bye("") })
			},
			func(d *Dialog, after func(func())) {
				after(func() { d.Ring(180, nil) })
				after(func() { d.Answer(answer) })
			},
		},
		"bye against bye": {
			func(d *Dialog, after func(func())) { afterMs(after, 5, func() { d.Bye("") }) },
			func(d *Dialog, after func(func())) {
				after(func() { d.Answer(answer) })
				afterMs(after, 5, func() { d.Bye("") })
			},
		},
		"reinvite against bye": {
			func(d *Dialog, after func(func())) {
				afterMs(after, 3, func() { d.Reinvite(hold) })
				afterMs(after, 6, func() { d.Bye("") })
			},
			func(d *Dialog, after func(func())) {
				after(func() { d.Answer(answer) })
				afterMs(after, 3, func() { d.Reinvite(hold) })
				afterMs(after, 6, func() { d.End(0, "") })
			},
		},
		"reinvite against reinvite": {
			func(d *Dialog, after func(func())) {
				afterMs(after, 3, func() { d.Reinvite(hold); d.Reinvite(offer) })
				afterMs(after, 60, func() { d.Bye("") })
			},
			func(d *Dialog, after func(func())) {
				after(func() { d.Answer(answer) })
				afterMs(after, 3, func() { d.Reinvite(hold) })
				afterMs(after, 60, func() { d.Bye("") })
			},
		},
		"reject against cancel": {
			func(d *Dialog, after func(func())) { after(func() { d.End(0, "") }) },
			func(d *Dialog, after func(func())) { after(func() { d.End(486, "") }) },
		},
	}
	type end struct {
		*ending
		name string
	}
	ends := make(chan end, 1000)
	actors := []*loop{newLoop(t), newLoop(t), newLoop(t), newLoop(t)}
	start := func(d *Dialog, actor *loop, e *ending, script func(*Dialog, func(func()))) {
		e.on = func(ev Event) {
			if o, ok := ev.(Offer); ok && o.SDP != nil {
				d.AcceptOffer(answer)
			}
		}
		script(d, func(f func()) {
			time.AfterFunc(rand.N(2*time.Millisecond), func() { actor.Post(f) })
		})
	}
	callee := serve(t, Config{Timers: timers, OnInvite: func(in *Invite) {
		actor, e, script := actors[rand.IntN(2)], newEnding(), scripts[in.Target().User]
		d := in.Accept(actor, e.notify)
		start(d, actor, e, script.callee)
		ends <- end{e, in.Target().User + ", callee"}
	}})
	caller := serve(t, Config{Timers: timers})
	const calls = 60
	for i := range calls {
		transport := UDP
		if i%2 == 0 {
			transport = TCP
		}
		for name, script := range scripts {
			actor, e := actors[2+rand.IntN(2)], newEnding()
			actor.do(func() {
				d, err := caller.Invite(InviteRequest{Target: callee.uri(t, transport, escapeUser(name)), SDP: offer}, actor, e.notify)
				if err != nil {
					t.Error(err)
					return
				}
				start(d, actor, e, script.caller)
			})
			ends <- end{e, name + ", caller"}
		}
		if i%4 == 3 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	for range 2 * calls * len(scripts) {
		select {
		case e := <-ends:
			e.check(t, e.name)
		case <-time.After(20 * time.Second):
			t.Fatal("an INVITE did not arrive")
		}
	}
	for _, s := range []*Stack{caller, callee} {
		eventually(t, "empty tables", func() bool {
			n := s.Stats()
			return n.Dialogs+n.ClientTransactions+n.ServerTransactions == 0
		})
	}
}

// afterMs is after, some milliseconds later.
func afterMs(after func(func()), ms int, f func()) {
	time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { after(f) })
}
