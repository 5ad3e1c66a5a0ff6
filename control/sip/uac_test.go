package sip

import (
	"strings"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

func TestInviteIsRetransmittedAndTimesOut(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		time.Sleep(33 * time.Second)
		p.expect("500ms INVITE", "1.5s INVITE", "3.5s INVITE", "7.5s INVITE", "15.5s INVITE", "31.5s INVITE")
		if e := next[Failed](t, ev); e.Code != 408 {
			t.Errorf("%+v", e)
		}
		ev.quiet(t)
	})
}

func TestNoAnswerInTime(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		p.say(reply(invite, 180, "bt", "Contact: <sip:218@10.0.0.2>", ""))
		next[Progress](t, ev)
		time.Sleep(180*time.Second + time.Millisecond)
		p.expect("3m0s CANCEL")
		if e := next[Failed](t, ev); e.Code != 408 { // whether or not it answers the CANCEL
			t.Errorf("%+v", e)
		}
		actor.do(func() { d.End(0, "") })
		p.say(reply(p.lastRequest(gosip.CANCEL), 200, "bt", "", ""))
		p.say(reply(invite, 487, "bt", "", ""))
		p.expect("3m0.001s ACK")
		ev.quiet(t)
	})
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) { // answered at that very moment
		p.say(reply(invite, 180, "bt", "Contact: <sip:218@10.0.0.2>", ""))
		next[Progress](t, ev)
		time.Sleep(180 * time.Second)
		next[Failed](t, ev)
		p.say(reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2>", string(answer)))
		p.expect("3m0s CANCEL", "3m0s ACK", "3m0s BYE")
		ev.quiet(t)
	})
}

func TestCancelIsHeldBackUntilSomethingIsHeard(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		actor.do(func() { d.Cancel(); d.Cancel(); d.End(487, "") })
		time.Sleep(100 * time.Millisecond)
		p.expect()
		p.say(reply(invite, 100, "", "", ""))
		p.expect("100ms CANCEL")
		cancel := p.lastRequest(gosip.CANCEL)
		if cancel.Via().Value() != invite.Via().Value() || cancel.CSeq().SeqNo != invite.CSeq().SeqNo || toTag(cancel) != "" {
			t.Errorf("CANCEL does not fit:\n%s", cancel)
		}
		p.say(reply(cancel, 200, "bt", "", ""))
		p.say(reply(invite, 487, "bt", "", ""))
		p.expect("100ms ACK")
		if e := next[Failed](t, ev); e.Code != 487 {
			t.Errorf("%+v", e)
		}
		p.say(reply(invite, 487, "bt", "", "")) // our ACK was lost
		p.expect("100ms ACK")
		time.Sleep(time.Minute)
		p.expect()
		ev.quiet(t)
	})
}

func TestCancelOfASilentPeer(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		p.say(reply(invite, 180, "bt", "", ""))
		next[Progress](t, ev)
		actor.do(func() { d.Cancel() })
		time.Sleep(32*time.Second + time.Millisecond)
		if e := next[Failed](t, ev); e.Code != 487 {
			t.Errorf("%+v", e)
		}
		p.heard()
		p.say(reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2>", string(answer))) // very late, but it must not ring on
		p.expect("32.001s ACK", "32.001s BYE")
		time.Sleep(2 * time.Minute)
		if n := p.s.Stats(); n.ClientTransactions != 0 || n.Dialogs != 0 {
			t.Errorf("%+v", n)
		}
		ev.quiet(t)
	})
}

// The answer crosses our CANCEL: no ghost call may stay (RFC 3261 15, SIP's classic race).
func TestAnswerCrossesCancel(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		p.say(reply(invite, 180, "bt", "", ""))
		next[Progress](t, ev)
		actor.do(func() { d.Cancel() })
		ok := reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2>", string(answer))
		p.say(ok)
		p.expect("0s CANCEL", "0s ACK", "0s BYE")
		if e := next[Failed](t, ev); e.Code != 487 {
			t.Errorf("%+v", e)
		}
		if bye := p.lastRequest(gosip.BYE); toTag(bye) != "bt" || bye.CSeq().SeqNo <= invite.CSeq().SeqNo {
			t.Errorf("BYE:\n%s", bye)
		}
		p.say(ok)
		p.expect("0s ACK")
		p.say(reply(p.lastRequest(gosip.BYE), 200, "", "", ""))
		ev.quiet(t)
	})
}

func TestForkedAnswers(t *testing.T) {
	caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		p.say(reply(invite, 180, "one", "Contact: <sip:one@10.0.0.2:5070>", ""))
		p.say(reply(invite, 183, "two", "Contact: <sip:two@10.0.0.2:5071>", string(answer)))
		next[Progress](t, ev)
		next[Progress](t, ev)
		first := reply(invite, 200, "one", "Contact: <sip:one@10.0.0.2:5070>", string(answer))
		p.say(first)
		p.expect("0s ACK")
		next[Answered](t, ev)
		second := reply(invite, 200, "two", "Contact: <sip:two@10.0.0.2:5071>", string(answer))
		p.say(second)
		p.expect("0s ACK", "0s BYE")
		bye := p.lastRequest(gosip.BYE)
		if toTag(bye) != "two" || bye.Recipient.User != "two" {
			t.Errorf("BYE of the loser:\n%s", bye)
		}
		p.say(second)
		p.say(first)
		p.expect("0s ACK", "0s ACK")
		if ack := p.lastRequest(gosip.ACK); toTag(ack) != "one" || ack.Recipient.User != "one" {
			t.Errorf("ACK of the winner:\n%s", ack)
		}
		p.say(reply(bye, 200, "", "", ""))
		if d.RemoteTag() != "one" {
			t.Errorf("remote tag %q", d.RemoteTag())
		}
		ev.quiet(t)
	})
}

func TestOfferlessInvite(t *testing.T) {
	caller(t, nil, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		if len(invite.Body()) != 0 {
			t.Errorf("INVITE carries %q", invite.Body())
		}
		ok := reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2>", string(offer))
		p.say(ok)
		if e := next[Answered](t, ev); string(e.SDP) != string(offer) {
			t.Errorf("answered with %q", e.SDP)
		}
		p.say(ok)
		p.expect() // no answer yet, so no ACK
		actor.do(func() { d.Ack(answer) })
		if ack := p.lastRequest(gosip.ACK); string(ack.Body()) != string(answer) {
			t.Errorf("ACK:\n%s", ack)
		}
		p.say(ok)
		p.expect("0s ACK", "0s ACK")
		ev.quiet(t)
	})
}

func TestFailureCodes(t *testing.T) {
	for _, tt := range []struct {
		code  int
		extra string
		check func(Failed) bool
	}{
		{486, "", func(f Failed) bool { return f.Code == 486 }},
		{302, "Contact: <sip:219@10.0.0.9>;q=1, <sip:220@10.0.0.9>", func(f Failed) bool {
			return len(f.Contacts) == 2 && f.Contacts[0] == "sip:219@10.0.0.9"
		}},
		{503, "Retry-After: 120 (busy)", func(f Failed) bool { return f.RetryAfter == 120 }},
		{600, "", func(f Failed) bool { return f.Code == 600 }},
	} {
		caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
			p.say(reply(invite, tt.code, "bt", tt.extra, ""))
			p.expect("0s ACK")
			if e := next[Failed](t, ev); !tt.check(e) {
				t.Errorf("%d: %+v", tt.code, e)
			}
			actor.do(func() { d.Bye(""); d.Cancel(); d.Reinvite(offer); d.End(0, "") })
			p.expect()
			ev.quiet(t)
		})
	}
}

// Record-Route (RFC 3261 12.1.2, 12.2.1.1): reversed for the caller; a strict router becomes the Request-URI.
func TestRouteSet(t *testing.T) {
	for _, tt := range []struct {
		name, recordRoute, uri, routes string
	}{
		{"loose", "Record-Route: <sip:p2@10.0.0.2:5082;lr>, <sip:p1@10.0.0.2:5081;lr>", "sip:218@10.0.0.2:5070",
			"<sip:p1@10.0.0.2:5081;lr> <sip:p2@10.0.0.2:5082;lr>"},
		{"strict", "Record-Route: <sip:p2@10.0.0.2:5082>\nRecord-Route: <sip:p1@10.0.0.2:5081>", "sip:p1@10.0.0.2:5081",
			"<sip:p2@10.0.0.2:5082> <sip:218@10.0.0.2:5070>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
				p.say(reply(invite, 200, "bt", "Contact: <sip:218@10.0.0.2:5070>\n"+tt.recordRoute, string(answer)))
				next[Answered](t, ev)
				for _, method := range []gosip.RequestMethod{gosip.ACK, gosip.BYE} {
					if method == gosip.BYE {
						actor.do(func() { d.Bye(`SIP;cause=200`) })
					}
					req := p.lastRequest(method)
					if got := strings.Join(values(req, "route"), " "); got != tt.routes || req.Recipient.String() != tt.uri {
						t.Errorf("%s %s, Route %s", method, req.Recipient.String(), got)
					}
				}
				if d.Flow().Remote.Port() != 5081 {
					t.Errorf("sent to %s", d.Flow().Remote)
				}
			})
		})
	}
}

func TestIdentitiesCannotInjectHeaders(t *testing.T) {
	bubble(t, Config{UserAgent: "x\r\nEvil: 1"}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		ev := newEvents()
		actor.do(func() {
			_, err := s.Invite(InviteRequest{
				Target: gosip.Uri{Scheme: "sip", User: "218", Host: "10.0.0.2"}, Flow: p.flow,
				From:    Identity{Name: "a\"\r\nEvil: 1\r\n", User: "2 17\r\nEvil: 1", Host: "h\r\nEvil: 1"},
				To:      Identity{User: "@;<>\n"},
				Headers: []Header{{"X-Ok", "a\r\nEvil: 1"}, {"Evil: 1\r\nX", "y"}, {"Bad Name", "z"}},
			}, actor, ev.notify)
			if err != nil {
				t.Fatal(err)
			}
		})
		req := p.lastRequest(gosip.INVITE)
		for _, h := range req.Headers() {
			if strings.HasPrefix(h.Name(), "Evil") || strings.HasPrefix(h.Name(), "Bad") {
				t.Errorf("injected %s", h)
			}
		}
		if got := req.From().Address.User; got != "2%2017%0D%0AEvil%3A%201" {
			t.Errorf("From user %q", got)
		}
	})
}

// TestSilentServerIsLeft: with ReachTimeout a server that says nothing fails in time, and whatever it says later is ended.
func TestSilentServerIsLeft(t *testing.T) {
	for _, late := range []struct {
		code int
		want string
	}{{180, "5s CANCEL"}, {200, "5s ACK, 5s BYE"}} {
		bubble(t, Config{}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
			ev := newEvents()
			actor.do(func() {
				if _, err := s.Invite(InviteRequest{
					Target: gosip.Uri{Scheme: "sip", User: "218", Host: "10.0.0.2", Port: 5060}, Flow: p.flow,
					From: Identity{User: "217"}, SDP: offer, ReachTimeout: 4 * time.Second,
				}, actor, ev.notify); err != nil {
					t.Fatal(err)
				}
			})
			p.expect("0s INVITE")
			invite := p.lastRequest(gosip.INVITE)
			time.Sleep(5 * time.Second)
			p.heard() // retransmissions
			if e := next[Failed](t, ev); e.Code != 408 {
				t.Errorf("%+v", e)
			}
			p.say(reply(invite, late.code, "bt", "Contact: <sip:218@10.0.0.2>", string(answer)))
			p.expect(strings.Split(late.want, ", ")...)
			p.say(reply(p.last().(*gosip.Request), 200, "bt", "", ""))
			if late.code == 180 {
				p.say(reply(invite, 487, "bt", "", ""))
				p.expect("5s ACK")
			}
			time.Sleep(2 * time.Minute)
			if n := s.Stats(); n.ClientTransactions != 0 || n.Dialogs != 0 {
				t.Errorf("%d: %+v", late.code, n)
			}
			ev.quiet(t)
		})
	}
}
