package sip

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// losses are the two ways between two stacks: what one sends the other receives in order, but for what fate says of a datagram by its
// number, counted over both ways: how often it arrives, and whether after the next one of its way.
type losses struct {
	mu    sync.Mutex // guards the following
	count int
	seen  []string
	fate  func(n int) (copies int, late bool)
}

// lossy is one of them.
type lossy struct {
	*losses
	to      *Stack
	flow    Flow // by which the receiver answers
	arrives chan []byte
	held    []byte
}

func (w *lossy) alive() bool         { return true }
func (w *lossy) watch(func()) func() { return func() {} }

func (w *lossy) send(b []byte, _ netip.AddrPort) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b = slices.Clone(b)
	copies, late := w.fate(w.count)
	w.count++
	if msg, err := gosip.ParseMessage(b); err == nil {
		switch m := msg.(type) {
		case *gosip.Request:
			w.seen = append(w.seen, string(m.Method))
		case *gosip.Response:
			w.seen = append(w.seen, fmt.Sprint(m.StatusCode, " ", m.CSeq().MethodName))
		}
	}
	before := w.held
	w.held = nil
	if late {
		w.held = b
	} else {
		for range copies {
			w.arrives <- b
		}
	}
	if before != nil {
		w.arrives <- before
	}
	return nil
}

func (w *lossy) run() {
	for b := range w.arrives {
		w.to.receive(b, w.flow)
	}
}

// story is a call with everything a dialog does, as both ends tell it; "" when it came to its end on both sides and nothing is left.
func story(t *testing.T, fate func(n int) (copies int, late bool)) (messages []string, left string) {
	synctest.Test(t, func(t *testing.T) {
		caller, callee := newLoop(t), newLoop(t)
		var a, b *Dialog
		var told [2][]string
		var mu sync.Mutex
		tell := func(side int, format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			told[side] = append(told[side], fmt.Sprintf(format, args...))
		}
		one, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		two, err := New(Config{Allow: []string{"REFER"}, OnInvite: func(in *Invite) {
			b = in.Accept(callee, func(ev Event) {
				switch ev := ev.(type) {
				case Acked:
					tell(1, "acked")
				case Offer:
					b.AcceptOffer(answer)
					tell(1, "held")
				case OfferAnswered:
					tell(1, "resumed")
				case *Request:
					ev.Reply(202, "")
					tell(1, "%s", ev.Method)
				case Terminated:
					tell(1, "ended by %s", ev.Reason)
				}
			})
			callee.Post(func() { b.Ring(183, answer) })
			time.AfterFunc(time.Second, func() { callee.Post(func() { b.Answer(answer) }) })
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for _, s := range []*Stack{one, two} {
			running.Go(func() { _ = s.Run(ctx) })
		}
		ws := &losses{fate: fate}
		here, there := netip.MustParseAddrPort("10.0.0.1:5060"), netip.MustParseAddrPort("10.0.0.2:5060")
		out, back := &lossy{losses: ws, to: two, arrives: make(chan []byte, 256)}, &lossy{losses: ws, to: one, arrives: make(chan []byte, 256)}
		back.flow = Flow{Transport: UDP, Local: here, Remote: there, link: out}
		out.flow = Flow{Transport: UDP, Local: there, Remote: here, link: back}
		running.Go(out.run)
		running.Go(back.run)

		caller.do(func() {
			target := gosip.Uri{Scheme: "sip", User: "218", Host: "10.0.0.2", Port: 5060}
			a, err = one.Invite(InviteRequest{Target: target, Flow: back.flow, SDP: offer}, caller, func(ev Event) {
				switch ev := ev.(type) {
				case Progress:
					tell(0, "rings %d", ev.Code)
				case Answered:
					tell(0, "answered")
				case OfferAnswered:
					tell(0, "held")
				case Offer:
					a.AcceptOffer(answer)
					tell(0, "resumed")
				case Terminated:
					tell(0, "ended by %s", ev.Reason)
				case Failed:
					tell(0, "failed %d", ev.Code)
				}
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		caller.do(func() { a.Reinvite(hold) })
		time.Sleep(40 * time.Second)
		caller.do(func() { a.Send("REFER", "", nil, nil, func(code int) { tell(0, "REFER %d", code) }) })
		time.Sleep(40 * time.Second)
		callee.do(func() { b.Reinvite(answer) })
		time.Sleep(40 * time.Second)
		callee.do(func() { b.Bye("") })
		time.Sleep(70 * time.Second)

		mu.Lock()
		const want = "[[rings 183 answered held REFER 202 resumed ended by bye] [acked held acked REFER resumed ended by local]]"
		if got := fmt.Sprint(told); got != want {
			left = "told " + got
		}
		mu.Unlock()
		for _, s := range []*Stack{one, two} {
			if st := s.Stats(); st.Dialogs+st.ClientTransactions+st.ServerTransactions > 0 {
				left += fmt.Sprintf(" left %+v", st)
			}
		}
		messages = ws.seen
		cancel()
		close(out.arrives)
		close(back.arrives)
		running.Wait()
	})
	return messages, left
}

// Every message of a call may be lost, be lost with the one behind it, come three times or behind the next one: the call is the same.
func TestEveryMessageMayBeLost(t *testing.T) {
	for name, fate := range map[string]func(at, n int) (copies int, late bool){
		"lost":               func(at, n int) (int, bool) { return copiesIf(n != at, 1), false },
		"lost with the next": func(at, n int) (int, bool) { return copiesIf(n != at && n != at+1, 1), false },
		"three times":        func(at, n int) (int, bool) { return 1 + copiesIf(n == at, 2), false },
		"behind the next":    func(at, n int) (int, bool) { return 1, n == at },
	} {
		t.Run(name, func(t *testing.T) {
			messages, left := story(t, func(int) (int, bool) { return 1, false })
			if left != "" || len(messages) < 16 {
				t.Fatalf("with nothing lost: %s\n%q", left, messages)
			}
			for at := range messages {
				if all, left := story(t, func(n int) (int, bool) { return fate(at, n) }); left != "" {
					t.Errorf("%d. %s: %s\n%q", at, messages[at], left, all)
				}
			}
		})
	}
}

func copiesIf(ok bool, n int) int {
	if ok {
		return n
	}
	return 0
}
