package sip

import (
	"fmt"
	"sync"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

// Each INVITE is followed at once by its CANCEL; over UDP in the next datagram, over TCP in the same segment.
func TestInviteComesBeforeItsCancel(t *testing.T) {
	const rounds = 300
	for _, transport := range []string{UDP, TCP} {
		t.Run(transport, func(t *testing.T) {
			actor := newLoop(t)
			invites, cancels := 0, 0
			s := serve(t, Config{OnInvite: func(in *Invite) {
				in.Accept(actor, func(e Event) {
					if _, ok := e.(Cancelled); !ok {
						t.Errorf("event %T %+v", e, e)
					}
					cancels++
				})
				actor.Post(func() { invites++ })
			}})
			r := newRaw(t, s, transport)
			for i := range rounds {
				m := msg{method: "INVITE", call: fmt.Sprintf("c%d", i), branch: fmt.Sprintf("b%d", i), body: "v=0\n"}
				invite := wire(r.text(m))
				m.method, m.body = "CANCEL", ""
				cancel := wire(r.text(m))
				if r.udp {
					r.bytes([]byte(invite))
					r.bytes([]byte(cancel))
				} else {
					r.bytes([]byte(invite + cancel))
				}
				tags := make(map[string]bool)
				got := make(map[string]int)
				for len(got) < 2 {
					res := r.response()
					tags[toTag(res)] = true
					got[string(res.CSeq().MethodName)] = res.StatusCode
				}
				if got["CANCEL"] != 200 || got["INVITE"] != 487 || len(tags) != 1 || tags[""] {
					t.Fatalf("round %d: responses %v, To tags %v", i, got, tags)
				}
				m.method = "ACK"
				for tag := range tags {
					m.toTag = tag
				}
				r.say(r.text(m))
			}
			actor.do(func() {
				if invites != rounds || cancels != rounds {
					t.Errorf("%d INVITEs, %d cancelled", invites, cancels)
				}
			})
			if n := s.Stats(); n.Dialogs != 0 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// established makes an answered call from a raw peer and returns the To tag.
func (r *raw) established(call string) (tag string) {
	r.t.Helper()
	r.say(r.text(msg{method: "INVITE", call: call, branch: call, body: "v=0\n"}))
	tag = toTag(r.expect(200))
	r.say(r.text(msg{method: "ACK", call: call, toTag: tag}))
	return tag
}

func TestInfoPairsKeepTheirOrder(t *testing.T) {
	const rounds = 300
	for _, transport := range []string{UDP, TCP} {
		t.Run(transport, func(t *testing.T) {
			actor := newLoop(t)
			var order []string
			var d *Dialog
			s := serve(t, Config{OnInvite: func(in *Invite) {
				d = in.Accept(actor, func(e Event) {
					if r, ok := e.(*Request); ok {
						order = append(order, string(r.Body))
						r.Reply(200, "")
					}
				})
				actor.Post(func() { d.Answer(answer) })
			}})
			r := newRaw(t, s, transport)
			tag := r.established("info")
			for i := range rounds {
				var both string
				for j := range 2 {
					seq := 2 + 2*i + j
					text := wire(r.text(msg{method: "INFO", call: "info", toTag: tag, seq: seq, body: fmt.Sprint(seq)}))
					if r.udp {
						r.bytes([]byte(text))
					}
					both += text
				}
				if !r.udp {
					r.bytes([]byte(both))
				}
				r.expect(200)
				r.expect(200)
			}
			actor.do(func() {
				if len(order) != 2*rounds {
					t.Fatalf("%d INFOs", len(order))
				}
				for i, body := range order {
					if body != fmt.Sprint(i+2) {
						t.Fatalf("INFO %d is %s", i+2, body)
					}
				}
				d.Bye("")
			})
			r.say(reply(r.request(gosip.BYE), 200, "", "", ""))
		})
	}
}

// A dialog that moves between actors while messages arrive keeps their order and never runs on two at once.
func TestSetActorKeepsOrder(t *testing.T) {
	const messages = 2000
	actors := []*loop{newLoop(t), newLoop(t), newLoop(t)}
	d := &Dialog{}
	d.inbox.actor = actors[0]
	var seen []int // guarded by the inbox: -race tells when it is not
	done := make(chan struct{})
	var senders sync.WaitGroup
	senders.Go(func() {
		for i := range messages {
			d.post(func() {
				seen = append(seen, i)
				if i%7 == 0 {
					d.SetActor(actors[i%3])
				}
				if i == messages-1 {
					close(done)
				}
			})
		}
	})
	senders.Wait()
	<-done
	for i, v := range seen {
		if v != i {
			t.Fatalf("message %d came at %d", v, i)
		}
	}
	if len(seen) != messages {
		t.Fatalf("%d of %d messages", len(seen), messages)
	}
}
