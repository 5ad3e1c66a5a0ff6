package sip

import (
	"strings"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

func TestLost2xxIsRetransmittedUntilAck(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Answer(answer) })
		time.Sleep(11 * time.Second)
		p.expect("0s 200 INVITE", "500ms 200 INVITE", "1.5s 200 INVITE", "3.5s 200 INVITE", "7.5s 200 INVITE")
		ack := p.text(msg{method: "ACK", toTag: d.LocalTag()})
		p.say(ack)
		next[Acked](t, ev)
		p.say(ack) // again, for a 2xx that was on its way
		time.Sleep(time.Minute)
		p.expect()
		ev.quiet(t)
	})
}

func TestNoAckEndsInBye(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Answer(answer) })
		time.Sleep(32*time.Second + time.Millisecond)
		heard := p.heard()
		if n := len(heard); n != 12 || heard[n-1] != "32s BYE" || heard[n-2] != "31.5s 200 INVITE" {
			t.Errorf("sent %q", heard)
		}
		if e := next[Terminated](t, ev); e.Reason != "no ack" || e.Remote {
			t.Errorf("%+v", e)
		}
		p.say(reply(p.lastRequest(gosip.BYE), 200, "", "", ""))
		p.expect()
		ev.quiet(t)
	})
}

// RFC 3261 15: the called side may not send BYE before the ACK.
func TestByeWaitsForAck(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Answer(answer); d.Bye("") })
		p.expect("0s 200 INVITE")
		if e := next[Terminated](t, ev); e.Reason != "local" {
			t.Errorf("%+v", e)
		}
		time.Sleep(600 * time.Millisecond)
		p.expect("500ms 200 INVITE")
		p.say(p.text(msg{method: "ACK", toTag: d.LocalTag()}))
		p.expect("600ms BYE")
		p.say(reply(p.lastRequest(gosip.BYE), 200, "", "", ""))
		ev.quiet(t)
	})
}

func TestRetransmittedInviteIsAbsorbed(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		again := p.text(msg{method: "INVITE", branch: "inv", body: "v=0\n"})
		p.say(again)
		p.expect("0s 100 INVITE")
		actor.do(func() { d.Ring(180, nil) })
		p.say(again)
		p.expect("0s 180 INVITE", "0s 180 INVITE")
		actor.do(func() { d.Answer(answer) })
		p.say(again) // RFC 6026: absorbed, the dialog retransmits its 2xx
		p.expect("0s 200 INVITE")
		p.say(p.text(msg{method: "ACK", toTag: d.LocalTag()}))
		next[Acked](t, ev)
		ev.quiet(t)
	})
}

func TestRejectIsRetransmittedUntilAck(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Reject(486, ""); d.Reject(603, ""); d.Answer(answer); d.End(500, "") })
		if e := next[Terminated](t, ev); e.Reason != "rejected" {
			t.Errorf("%+v", e)
		}
		time.Sleep(4 * time.Second)
		p.expect("0s 486 INVITE", "500ms 486 INVITE", "1.5s 486 INVITE", "3.5s 486 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "inv", toTag: d.LocalTag()}))
		time.Sleep(time.Minute)
		p.expect()
		if n := p.s.Stats(); n.ServerTransactions != 0 || n.Dialogs != 0 {
			t.Errorf("%+v", n)
		}
		ev.quiet(t)
	})
}

func TestRingingIsRepeatedEachMinute(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Ring(183, answer) })
		time.Sleep(2*time.Minute + time.Second)
		p.expect("0s 183 INVITE", "1m0s 183 INVITE", "2m0s 183 INVITE")
		actor.do(func() { d.Reject(0, "") })
		p.expect("2m1s 480 INVITE")
	})
}

func TestCancelBeforeAnswer(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Ring(180, nil) })
		p.say(p.text(msg{method: "CANCEL", branch: "inv", extra: `Reason: SIP;cause=200;text="Call completed elsewhere"`}))
		if e := next[Cancelled](t, ev); !strings.Contains(e.Reason, "cause=200") {
			t.Errorf("%+v", e)
		}
		actor.do(func() { d.Answer(answer); d.Ring(180, nil); d.Bye("") }) // too late: nothing may follow 487
		p.expect("0s 180 INVITE", "0s 200 CANCEL", "0s 487 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "inv", toTag: d.LocalTag()}))
		time.Sleep(time.Minute)
		p.expect()
		ev.quiet(t)
	})
}

func TestCancelAfterAnswer(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Answer(answer) })
		p.say(p.text(msg{method: "CANCEL", branch: "inv"}))
		p.expect("0s 200 INVITE", "0s 200 CANCEL")
		p.say(p.text(msg{method: "ACK", toTag: d.LocalTag()}))
		next[Acked](t, ev)
		p.say(p.text(msg{method: "BYE", toTag: d.LocalTag(), seq: 2}))
		p.expect("0s 200 BYE")
		if e := next[Terminated](t, ev); !e.Remote {
			t.Errorf("%+v", e)
		}
		ev.quiet(t)
	})
}

// A CANCEL that overtook its INVITE on the way.
func TestEarlyCancelMeetsItsInvite(t *testing.T) {
	called := false
	bubble(t, Config{OnInvite: func(*Invite) { called = true }}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		p.say(p.text(msg{method: "CANCEL", branch: "inv"}))
		p.say(p.text(msg{method: "INVITE", branch: "inv"}))
		p.expect("0s 481 CANCEL", "0s 487 INVITE")
		if called {
			t.Error("a cancelled INVITE was handed on")
		}
	})
}

func TestInviteExpires(t *testing.T) {
	var on *loop
	ev := newEvents()
	bubble(t, Config{OnInvite: func(in *Invite) { in.Accept(on, ev.notify) }}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		on = actor
		p.say(p.text(msg{method: "INVITE", branch: "inv", extra: "Expires: 30"}))
		time.Sleep(31 * time.Second)
		p.expect("0s 100 INVITE", "30s 487 INVITE", "30.5s 487 INVITE")
		if e := next[Cancelled](t, ev); e.Reason != "expired" {
			t.Errorf("%+v", e)
		}
	})
}

func TestByeInEachState(t *testing.T) {
	t.Run("early", func(t *testing.T) {
		callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
			actor.do(func() { d.Ring(180, nil) })
			p.say(p.text(msg{method: "BYE", toTag: d.LocalTag(), seq: 2}))
			p.expect("0s 180 INVITE", "0s 487 INVITE", "0s 200 BYE")
			next[Terminated](t, ev)
		})
	})
	t.Run("answered", func(t *testing.T) {
		callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
			actor.do(func() { d.Answer(answer) })
			p.say(p.text(msg{method: "BYE", toTag: d.LocalTag(), seq: 2}))
			time.Sleep(time.Minute)
			p.expect("0s 200 INVITE", "0s 200 BYE")
			next[Terminated](t, ev)
			ev.quiet(t)
		})
	})
	t.Run("crossing", func(t *testing.T) {
		callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
			actor.do(func() { d.Answer(answer) })
			p.say(p.text(msg{method: "ACK", toTag: d.LocalTag()}))
			next[Acked](t, ev)
			actor.do(func() { d.Bye("") })
			p.say(p.text(msg{method: "BYE", toTag: d.LocalTag(), seq: 2}))
			p.expect("0s 200 INVITE", "0s BYE", "0s 200 BYE")
			p.say(reply(p.lastRequest(gosip.BYE), 200, "", "", ""))
			next[Terminated](t, ev)
			ev.quiet(t)
			if n := p.s.Stats().Dialogs; n != 0 {
				t.Errorf("%d dialogs", n)
			}
		})
	})
	t.Run("unknown", func(t *testing.T) {
		callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
			p.say(p.text(msg{method: "BYE", toTag: "nobody", seq: 2}))
			p.say(p.text(msg{method: "BYE", seq: 2}))
			p.say(strings.Replace(p.text(msg{method: "BYE", toTag: d.LocalTag(), seq: 2}), "tag=ft", "tag=forged", 1))
			p.expect("0s 481 BYE", "0s 481 BYE", "0s 481 BYE")
			ev.quiet(t)
		})
	})
}

func TestLowerCSeqIsRefused(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		p.say(p.text(msg{method: "INFO", toTag: d.LocalTag(), seq: 7}))
		p.say(p.text(msg{method: "INFO", toTag: d.LocalTag(), seq: 6}))
		p.expect("0s 200 INFO", "0s 500 INFO")
		next[*Request](t, ev)
		ev.quiet(t)
	})
}

func TestLateOffer(t *testing.T) {
	var on *loop
	var d *Dialog
	ev := newEvents()
	bubble(t, Config{OnInvite: func(in *Invite) {
		if in.SDP() != nil {
			t.Error("SDP out of nowhere")
		}
		d = in.Accept(on, ev.notify)
	}}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		on = actor
		p.say(p.text(msg{method: "INVITE"}))
		actor.do(func() { d.Answer(offer) })
		if res := p.last().(*gosip.Response); string(res.Body()) != string(offer) {
			t.Errorf("200 carries %q", res.Body())
		}
		p.say(p.text(msg{method: "ACK", toTag: d.LocalTag(), body: string(answer)}))
		if e := next[Acked](t, ev); string(e.SDP) != string(answer) {
			t.Errorf("acked with %q", e.SDP)
		}
	})
}

func TestRequestsInsideTheDialog(t *testing.T) {
	for _, tt := range []struct {
		method string
		reply  int // by the owner, 0 none
		want   string
		event  bool
	}{
		{"INFO", 0, "200", true},
		{"INFO", 415, "415", true},
		{"MESSAGE", 0, "405", true},
		{"NOTIFY", 0, "200", true},
		{"REFER", 0, "501", true},
		{"REFER", 202, "202", true},
		{"SUBSCRIBE", 489, "489", true},
		{"OPTIONS", 0, "200", false},
		{"UPDATE", 0, "200", false},
		{"PRACK", 0, "481", false},
		{"PUBLISH", 0, "405", false},
		{"REGISTER", 0, "405", false},
		{"NONSENSE", 0, "501", false},
	} {
		t.Run(tt.method+tt.want, func(t *testing.T) {
			var on *loop
			var d *Dialog
			heard := false
			bubble(t, Config{OnInvite: func(in *Invite) {
				d = in.Accept(on, func(e Event) {
					r, ok := e.(*Request)
					if !ok {
						return
					}
					heard = true
					if r.Header("subject") != "hello" {
						t.Errorf("compact Subject is %q", r.Header("subject"))
					}
					if tt.reply != 0 {
						r.Reply(tt.reply, "")
						r.Reply(500, "")
					}
				})
			}}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
				on = actor
				p.say(p.text(msg{method: "INVITE", branch: "inv"}))
				p.heard()
				p.say(p.text(msg{method: tt.method, toTag: d.LocalTag(), seq: 2, extra: "s: hello"}))
				p.expect("0s " + tt.want + " " + tt.method)
				if heard != tt.event {
					t.Errorf("event: %v", heard)
				}
			})
		})
	}
}
