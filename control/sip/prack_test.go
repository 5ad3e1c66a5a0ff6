package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// ringing runs a bubble with a call of theirs that is not answered and has these headers.
func ringing(t *testing.T, extra, body string, test func(p *tap, d *Dialog, actor *loop, ev events)) {
	var d *Dialog
	var on *loop
	ev := newEvents()
	c := Config{OnInvite: func(in *Invite) { d = in.Accept(on, ev.notify) }}
	bubble(t, c, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		on = actor
		p.say(p.text(msg{method: "INVITE", branch: "inv", extra: extra, body: body}))
		p.heard()
		test(p, d, actor, ev)
	})
}

// prack acknowledges the response last heard.
func (p *tap) prack(d *Dialog, seq int, extra, body string) {
	p.t.Helper()
	res := p.last().(*gosip.Response)
	p.say(p.text(msg{method: "PRACK", toTag: d.LocalTag(), seq: seq, extra: fmt.Sprintf("RAck: %s 1 INVITE\n", value(res, "rseq")) + extra, body: body}))
}

func TestReliableProvisionalIsRepeatedUntilPRACK(t *testing.T) {
	ringing(t, "Supported: 100rel", "v=0\n", func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Ring(180, nil) })
		if value(p.last(), "rseq") != "" {
			t.Error("a plain 180 went reliably unasked")
		}
		actor.do(func() { d.Ring(183, answer) })
		res := p.last().(*gosip.Response)
		if !requires(res, "100rel") || value(res, "rseq") == "" || string(res.Body()) != string(answer) {
			t.Fatalf("sent\n%s", res)
		}
		time.Sleep(4 * time.Second)
		p.expect("0s 180 INVITE", "0s 183 INVITE", "500ms 183 INVITE", "1.5s 183 INVITE", "3.5s 183 INVITE")
		actor.do(func() { d.Answer(answer) })
		p.expect() // RFC 3262 3: held back
		p.say(p.text(msg{method: "PRACK", toTag: d.LocalTag(), seq: 2, extra: "RAck: 1 1 INVITE"}))
		p.expect("4s 481 PRACK")
		rseq := value(res, "rseq")
		p.say(p.text(msg{method: "PRACK", toTag: d.LocalTag(), seq: 3, extra: "RAck: " + rseq + " 1 INVITE"}))
		p.expect("4s 200 PRACK", "4s 200 INVITE")
		p.say(p.text(msg{method: "ACK", toTag: d.LocalTag()}))
		next[Acked](t, ev)
		time.Sleep(time.Minute)
		p.expect()
	})
}

func TestRequired100rel(t *testing.T) {
	ringing(t, "Require: 100rel", "v=0\n", func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Ring(180, nil); d.Ring(183, answer); d.Ring(182, nil) })
		p.expect("0s 180 INVITE") // one at a time
		first := value(p.last(), "rseq")
		p.prack(d, 2, "", "")
		p.expect("0s 200 PRACK", "0s 183 INVITE")
		if a, b := first, value(p.last(), "rseq"); len(a) > len(b) || a == b {
			t.Errorf("RSeq %s after %s", b, a)
		}
		p.prack(d, 3, "", "")
		p.expect("0s 200 PRACK", "0s 182 INVITE")
		p.prack(d, 4, "", "")
		p.expect("0s 200 PRACK")
		actor.do(func() { d.Answer(answer) })
		p.expect("0s 200 INVITE")
	})
}

func TestNoPRACKEndsTheCall(t *testing.T) {
	ringing(t, "Require: 100rel", "v=0\n", func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Ring(180, nil) })
		time.Sleep(32*time.Second + time.Millisecond)
		if e := next[Terminated](t, ev); e.Reason != "no prack" {
			t.Errorf("%+v", e)
		}
		h := p.heard()
		if h[len(h)-1] != "32s 504 INVITE" {
			t.Errorf("sent %q", h)
		}
	})
}

func TestCancelWhileUnacknowledged(t *testing.T) {
	ringing(t, "Require: 100rel", "v=0\n", func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Ring(183, answer); d.Answer(answer) })
		p.say(p.text(msg{method: "CANCEL", branch: "inv"}))
		next[Cancelled](t, ev)
		p.expect("0s 183 INVITE", "0s 200 CANCEL", "0s 487 INVITE")
		p.say(p.text(msg{method: "ACK", branch: "inv", toTag: d.LocalTag()}))
		time.Sleep(time.Minute)
		p.expect()
		ev.quiet(t)
	})
}

func TestOffersBeforeTheAnswer(t *testing.T) {
	ringing(t, "Supported: 100rel", "v=0\n", func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Ring(183, answer) })
		p.expect("0s 183 INVITE")
		rseq := value(p.last(), "rseq")
		p.say(p.text(msg{method: "UPDATE", toTag: d.LocalTag(), seq: 2, body: "v=0\nearly\n"}))
		p.expect("0s 500 UPDATE") // nothing is agreed before the PRACK
		p.say(p.text(msg{method: "PRACK", toTag: d.LocalTag(), seq: 3, extra: "RAck: " + rseq + " 1 INVITE", body: "v=0\nin prack\n"}))
		if o := next[Offer](t, ev); !strings.Contains(string(o.SDP), "in prack") || !o.Update {
			t.Errorf("%+v", o)
		}
		actor.do(func() { d.AcceptOffer(answer) })
		p.expect("0s 200 PRACK")
		if string(p.last().Body()) != string(answer) {
			t.Error("the PRACK's offer was not answered in its 200")
		}
		p.say(p.text(msg{method: "UPDATE", toTag: d.LocalTag(), seq: 4, body: "v=0\nearly\n"}))
		next[Offer](t, ev)
		actor.do(func() { d.AcceptOffer(answer); d.Answer(answer) })
		p.expect("0s 200 UPDATE", "0s 200 INVITE")
	})
}

func TestWeAcknowledgeReliableProvisionals(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		const rel = "Require: 100rel\nContact: <sip:218@10.0.0.2:5070>\nRSeq: "
		p.heard()
		p.say(reply(invite, 183, "bt", rel+"7", string(answer)))
		next[Progress](t, ev)
		prack := p.lastRequest(gosip.PRACK)
		if value(prack, "rack") != "7 1 INVITE" || prack.CSeq().SeqNo != 2 || toTag(prack) != "bt" || prack.Recipient.Port != 5070 {
			t.Errorf("sent\n%s", prack)
		}
		p.say(reply(invite, 183, "bt", rel+"7", string(answer))) // again
		p.say(reply(invite, 180, "bt", rel+"9", ""))             // 8 is missing
		ev.quiet(t)
		p.say(reply(prack, 200, "", "", ""))
		p.expect("0s PRACK")
		p.say(reply(invite, 180, "bt", rel+"8", ""))
		next[Progress](t, ev)
		p.expect("0s PRACK")
		p.say(reply(p.lastRequest(gosip.PRACK), 200, "", "", ""))
		p.sayAs(d, msg{method: "UPDATE", call: d.CallID(), toTag: d.LocalTag(), body: "v=0\nearly\n"})
		next[Offer](t, ev)
		actor.do(func() { d.AcceptOffer(offer) })
		p.expect("0s 200 UPDATE")
		p.say(reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2:5070>", ""))
		next[Answered](t, ev)
		if ack := p.lastRequest(gosip.ACK); ack.CSeq().SeqNo != 1 {
			t.Errorf("ACK has CSeq %d", ack.CSeq().SeqNo)
		}
	})
}
