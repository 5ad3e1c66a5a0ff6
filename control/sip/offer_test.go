package sip

import (
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// talking runs a bubble with an answered call they made.
func talking(t *testing.T, test func(p *tap, d *Dialog, actor *loop, ev events)) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Answer(answer) })
		p.say(p.text(msg{method: "ACK", toTag: d.LocalTag()}))
		next[Acked](t, ev)
		p.heard()
		test(p, d, actor, ev)
	})
}

// called runs a bubble with an answered call we made.
func called(t *testing.T, test func(p *tap, d *Dialog, actor *loop, ev events)) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		p.say(reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2>", string(answer)))
		next[Answered](t, ev)
		p.heard()
		test(p, d, actor, ev)
	})
}

var hold = []byte("v=0\r\nhold\r\n")

func TestTheirReinvite(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		p.say(p.text(msg{method: "INVITE", branch: "re", toTag: d.LocalTag(), seq: 2, body: string(hold), extra: "Contact: <sip:new@10.0.0.2:5099>"}))
		if e := next[Offer](t, ev); string(e.SDP) != string(hold) || e.Update {
			t.Errorf("%+v", e)
		}
		actor.do(func() { d.AcceptOffer(answer); d.AcceptOffer(answer); d.RejectOffer(488) })
		time.Sleep(600 * time.Millisecond)
		p.expect("0s 100 INVITE", "0s 200 INVITE", "500ms 200 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "re-ack", toTag: d.LocalTag(), seq: 2}))
		if e := next[Acked](t, ev); e.SDP != nil {
			t.Errorf("%+v", e)
		}
		actor.do(func() { d.Bye("") })
		p.expect("600ms BYE")
		next[Terminated](t, ev)
	})
}

func TestTheirReinviteWithoutOffer(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		p.say(p.text(msg{method: "INVITE", branch: "re", toTag: d.LocalTag(), seq: 2}))
		if e := next[Offer](t, ev); e.SDP != nil {
			t.Errorf("%+v", e)
		}
		actor.do(func() { d.AcceptOffer(offer) })
		if res := p.last().(*gosip.Response); res.StatusCode != 200 || string(res.Body()) != string(offer) {
			t.Errorf("%s", res)
		}
		p.say(p.text(msg{method: "ACK", branch: "re-ack", toTag: d.LocalTag(), seq: 2, body: string(answer)}))
		if e := next[Acked](t, ev); string(e.SDP) != string(answer) {
			t.Errorf("%+v", e)
		}
	})
}

func TestTheirReinviteIsRefusedOrTakenBack(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		p.say(p.text(msg{method: "INVITE", branch: "re", toTag: d.LocalTag(), seq: 2, body: string(hold)}))
		next[Offer](t, ev)
		actor.do(func() { d.RejectOffer(0) })
		p.expect("0s 100 INVITE", "0s 488 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "re", toTag: d.LocalTag(), seq: 2}))
		p.say(p.text(msg{method: "INVITE", branch: "re3", toTag: d.LocalTag(), seq: 3, body: string(hold)}))
		next[Offer](t, ev)
		p.say(p.text(msg{method: "INVITE", branch: "re4", toTag: d.LocalTag(), seq: 4, body: string(hold)}))
		p.expect("0s 100 INVITE", "0s 500 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "re4", toTag: d.LocalTag(), seq: 4}))
		p.say(p.text(msg{method: "CANCEL", branch: "re3", toTag: d.LocalTag(), seq: 3}))
		next[OfferCancelled](t, ev)
		p.expect("0s 200 CANCEL", "0s 487 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "re3", toTag: d.LocalTag(), seq: 3}))
		actor.do(func() { d.AcceptOffer(answer) })
		p.expect()
		ev.quiet(t)
	})
}

func TestTheirUpdate(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		p.say(p.text(msg{method: "UPDATE", branch: "up", toTag: d.LocalTag(), seq: 2, body: string(hold), extra: "Content-Type: application/sdp"}))
		if e := next[Offer](t, ev); string(e.SDP) != string(hold) || !e.Update {
			t.Errorf("%+v", e)
		}
		p.say(p.text(msg{method: "UPDATE", branch: "up2", toTag: d.LocalTag(), seq: 3, body: string(hold)}))
		p.expect("0s 500 UPDATE")
		actor.do(func() { d.AcceptOffer(answer) })
		time.Sleep(10 * time.Second)
		p.expect("0s 200 UPDATE")
		ev.quiet(t)
	})
}

func TestOurReinvite(t *testing.T) {
	for name, run := range map[string]func(*testing.T, func(*tap, *Dialog, *loop, events)){"callee": talking, "caller": called} {
		t.Run(name, func(t *testing.T) {
			run(t, func(p *tap, d *Dialog, actor *loop, ev events) {
				actor.do(func() { d.Reinvite(hold); d.Reinvite(offer) })
				p.expect("0s INVITE")
				first := p.lastRequest(gosip.INVITE)
				p.say(reply(first, 200, "", "Contact: <sip:moved@10.0.0.2:5077>", string(answer)))
				if e := next[OfferAnswered](t, ev); string(e.SDP) != string(answer) {
					t.Errorf("%+v", e)
				}
				p.expect("0s ACK", "0s INVITE")
				if ack := p.lastRequest(gosip.ACK); ack.Recipient.User != "moved" || ack.CSeq().SeqNo != first.CSeq().SeqNo {
					t.Errorf("%s", ack)
				}
				second := p.lastRequest(gosip.INVITE)
				p.say(reply(second, 488, "", "", ""))
				if e := next[OfferFailed](t, ev); e.Code != 488 {
					t.Errorf("%+v", e)
				}
				p.say(reply(first, 200, "", "Contact: <sip:moved@10.0.0.2:5077>", string(answer)))
				p.expect("0s ACK", "0s ACK")
				ev.quiet(t)
			})
		})
	}
}

func TestOurReinviteWithoutOffer(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Reinvite(nil) })
		p.say(reply(p.lastRequest(gosip.INVITE), 200, "", "", string(offer)))
		if e := next[OfferAnswered](t, ev); string(e.SDP) != string(offer) {
			t.Errorf("%+v", e)
		}
		p.expect("0s INVITE")
		actor.do(func() { d.Ack(answer) })
		p.expect("0s ACK")
		if ack := p.lastRequest(gosip.ACK); string(ack.Body()) != string(answer) {
			t.Errorf("%s", ack)
		}
	})
}

// Both offer at once (RFC 3261 14.1): each gets 491, the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s.
func TestGlare(t *testing.T) {
	for name, tt := range map[string]struct {
		run      func(*testing.T, func(*tap, *Dialog, *loop, events))
		from, to time.Duration
	}{
		"owner": {called, 2100 * time.Millisecond, 4 * time.Second},
		"other": {talking, 0, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			tt.run(t, func(p *tap, d *Dialog, actor *loop, ev events) {
				actor.do(func() { d.Reinvite(hold) })
				ours := p.lastRequest(gosip.INVITE)
				p.heard()
				theirs := msg{method: "INVITE", branch: "re", call: d.CallID(), toTag: d.LocalTag(), seq: 2, body: string(hold)}
				p.sayAs(d, theirs)
				p.expect("0s 491 INVITE")
				theirs.method, theirs.body = "ACK", ""
				p.sayAs(d, theirs)
				p.say(reply(ours, 491, "", "", ""))
				p.expect("0s ACK")
				time.Sleep(tt.from - time.Millisecond)
				if tt.from > 0 {
					p.expect()
				}
				time.Sleep(tt.to - tt.from + 2*time.Millisecond)
				again := p.lastRequest(gosip.INVITE)
				if again.CSeq().SeqNo <= ours.CSeq().SeqNo || string(again.Body()) != string(hold) {
					t.Errorf("retry:\n%s", again)
				}
				p.say(reply(again, 200, "", "", string(answer)))
				next[OfferAnswered](t, ev)
				ev.quiet(t)
			})
		})
	}
}

// While we wait after 491 the other side's offer comes and is accepted: ours was made for a session that is no more.
func TestGlareMakesOurOfferStale(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Reinvite(hold) })
		p.say(reply(p.lastRequest(gosip.INVITE), 491, "", "", ""))
		p.say(p.text(msg{method: "INVITE", branch: "re", toTag: d.LocalTag(), seq: 2, body: string(hold)}))
		next[Offer](t, ev)
		actor.do(func() { d.AcceptOffer(answer) })
		if e := next[OfferFailed](t, ev); e.Code != 491 {
			t.Errorf("%+v", e)
		}
		p.say(p.text(msg{method: "ACK", branch: "re-ack", toTag: d.LocalTag(), seq: 2}))
		next[Acked](t, ev)
		p.heard()
		time.Sleep(10 * time.Second)
		p.expect()
		actor.do(func() { d.Reinvite(hold) })
		p.expect("10s INVITE")
	})
}

// Our offer waits while theirs is open and while our 2xx has no ACK.
func TestOurReinviteWaitsItsTurn(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		p.say(p.text(msg{method: "INVITE", branch: "re", toTag: d.LocalTag(), seq: 2, body: string(hold)}))
		next[Offer](t, ev)
		actor.do(func() { d.RejectOffer(488); d.Reinvite(hold) })
		p.expect("0s 100 INVITE", "0s 488 INVITE", "0s INVITE")
		p.say(reply(p.lastRequest(gosip.INVITE), 200, "", "", string(answer)))
		next[OfferAnswered](t, ev)
		p.say(p.text(msg{method: "ACK", branch: "re", toTag: d.LocalTag(), seq: 2}))
		p.heard()
		p.say(p.text(msg{method: "INVITE", branch: "re3", toTag: d.LocalTag(), seq: 3, body: string(hold)}))
		next[Offer](t, ev)
		actor.do(func() { d.AcceptOffer(answer); d.Reinvite(hold) })
		p.expect("0s 100 INVITE", "0s 200 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "re3-ack", toTag: d.LocalTag(), seq: 3}))
		next[Acked](t, ev)
		p.expect("0s INVITE")
	})
}

func TestByeDuringReinvite(t *testing.T) {
	t.Run("theirs open", func(t *testing.T) {
		talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
			p.say(p.text(msg{method: "INVITE", branch: "re", toTag: d.LocalTag(), seq: 2, body: string(hold)}))
			next[Offer](t, ev)
			p.say(p.text(msg{method: "BYE", toTag: d.LocalTag(), seq: 3}))
			p.expect("0s 100 INVITE", "0s 487 INVITE", "0s 200 BYE")
			next[Terminated](t, ev)
			actor.do(func() { d.AcceptOffer(answer) })
			p.say(p.text(msg{method: "ACK", branch: "re", toTag: d.LocalTag(), seq: 2}))
			time.Sleep(time.Minute)
			p.expect()
			ev.quiet(t)
		})
	})
	t.Run("ours open", func(t *testing.T) {
		talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
			actor.do(func() { d.Reinvite(hold) })
			ours := p.lastRequest(gosip.INVITE)
			p.say(p.text(msg{method: "BYE", toTag: d.LocalTag(), seq: 3}))
			next[Terminated](t, ev)
			p.say(reply(ours, 200, "", "", string(answer))) // sent before their BYE, seen after it
			p.expect("0s INVITE", "0s 200 BYE", "0s ACK")
			time.Sleep(2 * time.Minute)
			p.expect()
			ev.quiet(t)
		})
	})
	t.Run("ours answered, we hang up", func(t *testing.T) {
		called(t, func(p *tap, d *Dialog, actor *loop, ev events) {
			actor.do(func() { d.Reinvite(hold); d.Bye("") })
			ours := p.lastRequest(gosip.INVITE)
			p.expect("0s INVITE", "0s BYE")
			next[Terminated](t, ev)
			p.say(reply(p.lastRequest(gosip.BYE), 200, "", "", ""))
			p.say(reply(ours, 487, "", "", ""))
			p.expect("0s ACK")
			ev.quiet(t)
		})
	})
}

func TestReinviteToADeadPeer(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Reinvite(hold) })
		time.Sleep(32*time.Second + time.Millisecond)
		if e := next[OfferFailed](t, ev); e.Code != 408 {
			t.Errorf("%+v", e)
		}
		if e := next[Terminated](t, ev); e.Reason != "timeout" {
			t.Errorf("%+v", e)
		}
		p.lastRequest(gosip.BYE)
		time.Sleep(time.Minute)
		ev.quiet(t)
		if n := p.s.Stats(); n.Dialogs != 0 || n.ClientTransactions != 0 {
			t.Errorf("%+v", n)
		}
	})
}

func TestReinviteTo481EndsTheCall(t *testing.T) {
	called(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Reinvite(hold) })
		p.say(reply(p.lastRequest(gosip.INVITE), 481, "", "", ""))
		next[OfferFailed](t, ev)
		next[Terminated](t, ev)
		p.expect("0s INVITE", "0s ACK", "0s BYE")
	})
}

// The ACK was lost, a re-INVITE proves that our 2xx arrived.
func TestReinviteStandsForALostAck(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Answer(answer) })
		p.say(p.text(msg{method: "INVITE", branch: "re", toTag: d.LocalTag(), seq: 2, body: string(hold)}))
		next[Acked](t, ev)
		next[Offer](t, ev)
		actor.do(func() { d.RejectOffer(488) })
		p.expect("0s 200 INVITE", "0s 100 INVITE", "0s 488 INVITE")
	})
}

func TestSend(t *testing.T) {
	talking(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		codes := make(chan int, 4)
		done := func(code int) { codes <- code }
		actor.do(func() { d.Send("INFO", "application/dtmf-relay", []byte("Signal=5"), []Header{{"X-A", "b"}}, done) })
		req := p.lastRequest(gosip.INFO)
		if string(req.Body()) != "Signal=5" || value(req, "content-type") != "application/dtmf-relay" || value(req, "x-a") != "b" {
			t.Errorf("%s", req)
		}
		p.say(reply(req, 100, "", "", ""))
		p.say(reply(req, 415, "", "", ""))
		p.say(reply(req, 415, "", "", ""))
		actor.do(func() { d.Send("INFO", "", nil, nil, done); d.Send("BYE", "", nil, nil, done) })
		time.Sleep(33 * time.Second)
		for _, want := range []int{415, 481, 408} {
			if got := <-codes; got != want {
				t.Errorf("code %d, want %d", got, want)
			}
		}
		ev.quiet(t)
	})
}
