package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// timed runs a bubble with an answered call of theirs whose INVITE has these headers, and returns our 200.
func timed(t *testing.T, extra string, test func(p *tap, d *Dialog, actor *loop, ev events, ok *gosip.Response)) {
	var d *Dialog
	var on *loop
	ev := newEvents()
	c := Config{OnInvite: func(in *Invite) { d = in.Accept(on, ev.notify) }}
	bubble(t, c, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		on = actor
		p.say(p.text(msg{method: "INVITE", branch: "inv", extra: extra, body: "v=0\n"}))
		actor.do(func() { d.Answer(answer) })
		ok := p.last().(*gosip.Response)
		p.say(p.text(msg{method: "ACK", toTag: d.LocalTag()}))
		next[Acked](t, ev)
		p.heard()
		test(p, d, actor, ev, ok)
	})
}

func TestSessionTimerIsNegotiated(t *testing.T) {
	for _, tt := range []struct{ name, extra, session, require string }{
		{"phone without timers", "Allow: INVITE, ACK, BYE", "", ""},
		{"phone that can", "Supported: timer", "1800;refresher=uas", ""},
		{"phone that insists", "Require: timer\nSession-Expires: 600;refresher=uac", "600;refresher=uac", "timer"},
		{"phone that asks us", "k: timer\nx: 600;refresher=uas", "600;refresher=uas", ""},
		{"phone that leaves it to us", "Supported: timer\nSession-Expires: 600", "600;refresher=uas", ""},
		{"asked by a proxy only", "Session-Expires: 600;refresher=uac", "600;refresher=uas", ""},
		{"longer than ours", "Supported: timer\nSession-Expires: 7200", "1800;refresher=uas", ""},
		{"longer, and the least", "Supported: timer\nSession-Expires: 7200\nMin-SE: 3600", "3600;refresher=uas", ""},
		{"brief, by a proxy", "Session-Expires: 30", "90;refresher=uas", ""},
		{"nonsense", "Session-Expires: soon", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			timed(t, tt.extra, func(p *tap, d *Dialog, _ *loop, _ events, ok *gosip.Response) {
				if got := value(ok, "session-expires"); got != tt.session || value(ok, "require") != tt.require {
					t.Errorf("got\n%s", ok)
				}
			})
		})
	}
}

func TestBriefSessionIsRefused(t *testing.T) {
	bubble(t, Config{OnInvite: func(in *Invite) { t.Error("it came through") }}, func(t *testing.T, s *Stack, p *tap, _ *loop) {
		p.say(p.text(msg{method: "INVITE", extra: "Supported: timer\nSession-Expires: 60", body: "v=0\n"}))
		if res := p.last().(*gosip.Response); res.StatusCode != 422 || value(res, "min-se") != "90" {
			t.Errorf("got\n%s", res)
		}
	})
}

func TestWeRefreshByUpdateAndByReinvite(t *testing.T) {
	const ask = "Supported: timer\nSession-Expires: 600;refresher=uas\n"
	timed(t, ask+"Allow: INVITE, ACK, BYE, UPDATE", func(p *tap, d *Dialog, _ *loop, ev events, _ *gosip.Response) {
		time.Sleep(300 * time.Second)
		p.expect("5m0s UPDATE")
		update := p.lastRequest(gosip.UPDATE)
		if value(update, "session-expires") != "600;refresher=uac" || len(update.Body()) != 0 {
			t.Errorf("sent\n%s", update)
		}
		p.say(reply(update, 200, "", "Session-Expires: 600;refresher=uac\nRequire: timer\nContact: <sip:217@10.0.0.2>", ""))
		time.Sleep(300 * time.Second)
		p.expect("10m0s UPDATE")
		// It does not take UPDATE after all: the description that stands is offered again, and nobody is troubled.
		p.say(reply(p.lastRequest(gosip.UPDATE), 501, "", "", ""))
		p.expect("10m0s INVITE")
		invite := p.lastRequest(gosip.INVITE)
		if string(invite.Body()) != string(answer) || value(invite, "session-expires") != "600;refresher=uac" {
			t.Errorf("sent\n%s", invite)
		}
		p.say(reply(invite, 200, "", "Session-Expires: 600;refresher=uac\nContact: <sip:217@10.0.0.2>", "v=0\n"))
		p.expect("10m0s ACK")
		ev.quiet(t)
		time.Sleep(300 * time.Second)
		p.say(reply(p.lastRequest(gosip.INVITE), 200, "", "Session-Expires: 600;refresher=uac\nContact: <sip:217@10.0.0.2>", "v=0\nmoved\n"))
		if o := next[OfferAnswered](t, ev); !strings.Contains(string(o.SDP), "moved") {
			t.Errorf("%+v", o)
		}
	})
}

func TestRefreshThatFails(t *testing.T) {
	const ask = "Supported: timer\nSession-Expires: 600;refresher=uas\nAllow: INVITE, UPDATE\n"
	t.Run("gone", func(t *testing.T) {
		timed(t, ask, func(p *tap, d *Dialog, _ *loop, ev events, _ *gosip.Response) {
			time.Sleep(300 * time.Second)
			p.say(reply(p.lastRequest(gosip.UPDATE), 481, "", "", ""))
			if e := next[Terminated](t, ev); e.Reason != "timeout" {
				t.Errorf("%+v", e)
			}
			p.expect("5m0s UPDATE", "5m0s BYE")
		})
	})
	t.Run("too brief", func(t *testing.T) {
		timed(t, ask, func(p *tap, d *Dialog, _ *loop, ev events, _ *gosip.Response) {
			time.Sleep(300 * time.Second)
			p.say(reply(p.lastRequest(gosip.UPDATE), 422, "", "Min-SE: 900", ""))
			p.expect("5m0s UPDATE", "5m0s UPDATE")
			again := p.lastRequest(gosip.UPDATE)
			if value(again, "session-expires") != "900;refresher=uac" || value(again, "min-se") != "900" {
				t.Errorf("sent\n%s", again)
			}
		})
	})
	t.Run("refused, tried again, ended in time", func(t *testing.T) {
		timed(t, ask, func(p *tap, d *Dialog, _ *loop, ev events, _ *gosip.Response) {
			for range 56 { // 560 s
				time.Sleep(10 * time.Second)
				synctest.Wait()
				for _, h := range p.heard() {
					if strings.HasSuffix(h, "UPDATE") {
						p.say(reply(p.lastRequest(gosip.UPDATE), 500, "", "", ""))
					}
				}
			}
			ev.quiet(t)
			time.Sleep(600*time.Second - 32*time.Second - 560*time.Second)
			if e := next[Terminated](t, ev); e.Reason != "session expired" || e.Remote {
				t.Errorf("%+v", e)
			}
			if r := value(p.lastRequest(gosip.BYE), "reason"); !strings.Contains(r, "Session Expired") {
				t.Errorf("BYE for %q", r)
			}
		})
	})
}

func TestTheirRefreshKeepsTheCall(t *testing.T) {
	timed(t, "Supported: timer\nSession-Expires: 600;refresher=uac", func(p *tap, d *Dialog, _ *loop, ev events, _ *gosip.Response) {
		for seq := range 3 {
			time.Sleep(500 * time.Second)
			p.say(p.text(msg{method: "UPDATE", toTag: d.LocalTag(), seq: 2 + seq, extra: "Supported: timer\nSession-Expires: 600;refresher=uac"}))
			if res := p.last().(*gosip.Response); res.StatusCode != 200 || value(res, "session-expires") != "600;refresher=uac" {
				t.Fatalf("got\n%s", res)
			}
		}
		p.heard()
		ev.quiet(t)
		time.Sleep(600*time.Second - 32*time.Second)
		p.expect("34m28s BYE")
		if e := next[Terminated](t, ev); e.Reason != "session expired" {
			t.Errorf("%+v", e)
		}
	})
}

func TestOurInviteNegotiatesASession(t *testing.T) {
	for _, tt := range []struct{ name, granted, at string }{
		{"we refresh", "Session-Expires: 600;refresher=uac\nAllow: UPDATE", "5m0s UPDATE"},
		{"they refresh", "Session-Expires: 600;refresher=uas\nAllow: UPDATE", "9m28s BYE"},
		{"they cannot", "Allow: UPDATE", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			caller(t, offer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
				if value(invite, "session-expires") != "1800" || !supports(invite, "timer") || !supports(invite, "100rel") {
					t.Errorf("sent\n%s", invite)
				}
				p.say(reply(invite, 422, "x", "Min-SE: 3600", ""))
				second := p.lastRequest(gosip.INVITE)
				if value(second, "session-expires") != "3600" || value(second, "min-se") != "3600" || second.CSeq().SeqNo != 2 {
					t.Errorf("sent\n%s", second)
				}
				p.say(reply(second, 200, "bt", "Contact: <sip:218@10.0.0.2>\n"+tt.granted, string(answer)))
				next[Answered](t, ev)
				p.heard()
				time.Sleep(590 * time.Second)
				got := ""
				if h := p.heard(); len(h) > 0 {
					got = h[0]
				}
				if got != tt.at {
					t.Errorf("sent %s, want %s", got, tt.at)
				}
			})
		})
	}
}
