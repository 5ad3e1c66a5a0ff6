package sip

import (
	"strings"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

func asserted(m gosip.Message) string { return value(m, "p-asserted-identity") }

// TestDisplayIsTold: with the answer, by itself when nothing else goes there, by re-INVITE where UPDATE is refused, and once.
func TestDisplayIsTold(t *testing.T) {
	callee(t, func(p *tap, d *Dialog, actor *loop, ev events) {
		actor.do(func() { d.Show(Identity{Name: `B "ob"` + "\r\nX: y", User: "218"}) })
		p.expect()
		actor.do(func() { d.Ring(180, nil) })
		want := `"B \"ob\"  X: y" <sip:218@10.0.0.1>`
		if got := asserted(p.last()); got != want {
			t.Errorf("180 with %s, want %s", got, want)
		}
		actor.do(func() { d.Answer(answer); d.Announce() })
		if got := asserted(p.last()); got != want {
			t.Errorf("200 with %s", got)
		}
		p.heard()
		actor.do(func() { d.Show(Identity{User: "219"}); d.Announce() })
		p.expect() // the ACK comes first
		p.sayAs(d, msg{method: "ACK", toTag: d.LocalTag()})
		p.expect("0s INVITE")
		invite := p.lastRequest(gosip.INVITE)
		if asserted(invite) != `<sip:219@10.0.0.1>` || string(invite.Body()) != string(answer) {
			t.Errorf("sent\n%s", invite)
		}
		p.say(reply(invite, 200, "", "Allow: INVITE, UPDATE\nContact: <sip:217@10.0.0.2>", "v=0\n"))
		p.expect("0s ACK")
		actor.do(func() { d.Show(Identity{User: "219"}); d.Announce() })
		p.expect()
		actor.do(func() { d.Show(Nobody); d.Announce() })
		p.expect("0s UPDATE")
		update := p.lastRequest(gosip.UPDATE)
		if asserted(update) != `"Anonymous" <sip:anonymous@anonymous.invalid>` || len(update.Body()) > 0 {
			t.Errorf("sent\n%s", update)
		}
		p.say(reply(update, 405, "", "", ""))
		p.expect("0s INVITE")
		p.say(reply(p.lastRequest(gosip.INVITE), 488, "", "", "")) // nor that: it goes on showing what it likes
		p.expect("0s ACK")
		actor.do(func() { d.Announce() })
		p.expect()
	})
}

// TestDisplayGoesAlong: with an offer that goes there anyway, and never ahead of what From said already.
func TestDisplayGoesAlong(t *testing.T) {
	caller(t, answer, func(p *tap, d *Dialog, actor *loop, ev events, invite *gosip.Request) {
		p.say(reply(invite, 200, "b", "Allow: INVITE, UPDATE\nContact: <sip:218@10.0.0.2>", "v=0\n"))
		p.expect("0s ACK")
		actor.do(func() { d.Show(Identity{User: "217"}); d.Announce() })
		p.expect()
		actor.do(func() { d.Show(Identity{User: "219"}); d.Reinvite(answer); d.Announce() })
		p.expect("0s INVITE")
		if got := asserted(p.lastRequest(gosip.INVITE)); got != "<sip:219@10.0.0.1>" {
			t.Errorf("INVITE with %q", got)
		}
		actor.do(func() { d.Show(Identity{User: "217"}); d.Announce() }) // while that one is under way
		p.expect()
		p.say(reply(p.lastRequest(gosip.INVITE), 200, "b", "Contact: <sip:218@10.0.0.2>", "v=0\n"))
		p.expect("0s ACK", "0s UPDATE")
		if got := asserted(p.lastRequest(gosip.UPDATE)); got != "<sip:217@10.0.0.1>" {
			t.Errorf("UPDATE with %q", got)
		}
	})
}

// TestWhoCallsPrivately: by Privacy or an anonymous From; who it is, is then said elsewhere.
func TestWhoCallsPrivately(t *testing.T) {
	const hidden = `From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=ft`
	for _, tt := range []struct {
		name, from, extra string
		private           bool
		tel               string
	}{
		{"openly", "", "", false, "217"},
		{"nothing to hide", "", "Privacy: none", false, "217"},
		{"its headers only", "", "Privacy: header; session", false, "217"},
		{"by Privacy", "", "Privacy: header;ID", true, "217"},
		{"by From", hidden, "", true, "217"},
		{"by From, preferred", hidden, `P-Preferred-Identity: "Ann" <sip:219@example.org>`, true, "219"},
		{"by From, asserted", hidden, "P-Asserted-Identity: tel:220", true, "220"},
		{"by From, nonsense", hidden, "P-Preferred-Identity: <<", true, "217"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var private bool
			var tel string
			bubble(t, Config{OnInvite: func(in *Invite) { private, tel = in.Private(), in.tel() }}, func(t *testing.T, s *Stack, p *tap, _ *loop) {
				text := p.text(msg{method: "INVITE", extra: tt.extra, body: "v=0\n"})
				if tt.from != "" {
					text = replaceFrom(text, tt.from)
				}
				p.say(text)
			})
			if private != tt.private || tel != tt.tel {
				t.Errorf("private %v, tel %s", private, tel)
			}
		})
	}
}

func replaceFrom(text, from string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "From: ") {
			line = from + "\n"
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}
