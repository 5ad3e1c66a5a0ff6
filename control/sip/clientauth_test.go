package sip

import (
	"strings"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// trunk runs a bubble in which we call a peer that may challenge us.
func trunk(t *testing.T, cred *Credentials, test func(p *tap, d *Dialog, actor *loop, ev events)) {
	bubble(t, Config{}, func(t *testing.T, s *Stack, p *tap, actor *loop) {
		ev := newEvents()
		var d *Dialog
		actor.do(func() {
			var err error
			d, err = s.Invite(InviteRequest{Target: gosip.Uri{Scheme: "sip", User: "218", Host: "10.0.0.2"}, Flow: p.flow, SDP: offer, Credentials: cred}, actor, ev.notify)
			if err != nil {
				t.Error(err)
			}
		})
		test(p, d, actor, ev)
	})
}

// proves checks that a request carries the right answer to a challenge of that realm.
func proves(t *testing.T, req *gosip.Request, header, user, password string, algorithm string, count int) {
	t.Helper()
	c, err := digest.ParseCredentials(value(req, header))
	if err != nil {
		t.Fatalf("%s of %s: %v", header, req.Method, err)
	}
	ch := &digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, Algorithm: c.Algorithm, Opaque: c.Opaque, QOP: []string{"auth"}}
	method := string(req.Method)
	if method == "ACK" {
		method = "INVITE" // RFC 3261 22.1: a copy
	}
	want, err := digest.Digest(ch, digest.Options{Method: method, URI: c.URI, Count: c.Nc, Cnonce: c.Cnonce, Username: user, Password: password})
	if err != nil || c.Response != want.Response || c.Nc != count || c.Algorithm != algorithm || c.URI != req.Recipient.String() {
		t.Errorf("%s of %s is %s", header, req.Method, c)
	}
}

func TestOurInviteIsChallenged(t *testing.T) {
	cred := &Credentials{User: "u", Password: "secret"}
	trunk(t, cred, func(p *tap, d *Dialog, actor *loop, ev events) {
		first := p.lastRequest(gosip.INVITE)
		p.say(reply(first, 407, "x", `Proxy-Authenticate: Digest realm="c", nonce="n1", algorithm=AKAv1-MD5, qop="auth"
Proxy-Authenticate: Digest realm="c", nonce="n2", algorithm=SHA-256, qop="auth,auth-int"`, ""))
		second := p.lastRequest(gosip.INVITE)
		proves(t, second, "Proxy-Authorization", "u", "secret", "SHA-256", 1)
		if second.CSeq().SeqNo != first.CSeq().SeqNo+1 || toTag(second) != "" || fromTag(second) != fromTag(first) || string(second.Body()) != string(offer) {
			t.Errorf("second INVITE is\n%s", second)
		}
		p.say(reply(second, 401, "y", `WWW-Authenticate: Digest realm="r", nonce="n3", qop="auth"`, ""))
		third := p.lastRequest(gosip.INVITE)
		proves(t, third, "Proxy-Authorization", "u", "secret", "SHA-256", 2)
		proves(t, third, "Authorization", "u", "secret", "", 1)
		p.say(reply(third, 200, "bt", "Contact: <sip:218@10.0.0.2>", string(answer)))
		next[Answered](t, ev)
		ack := p.lastRequest(gosip.ACK)
		proves(t, ack, "Authorization", "u", "secret", "", 1)
		if ack.CSeq().SeqNo != third.CSeq().SeqNo {
			t.Errorf("ACK has CSeq %d", ack.CSeq().SeqNo)
		}

		actor.do(func() { d.Reinvite(offer) })
		again := p.lastRequest(gosip.INVITE)
		proves(t, again, "Authorization", "u", "secret", "", 2)
		p.say(reply(again, 401, "", `WWW-Authenticate: Digest realm="r", nonce="n4", qop="auth", stale=true`, ""))
		again = p.lastRequest(gosip.INVITE)
		proves(t, again, "Authorization", "u", "secret", "", 1)
		p.say(reply(again, 200, "", "Contact: <sip:218@10.0.0.2>", string(answer)))
		next[OfferAnswered](t, ev)

		actor.do(func() { d.Bye("") })
		bye := p.lastRequest(gosip.BYE)
		p.say(reply(bye, 407, "", `Proxy-Authenticate: Digest realm="c", nonce="n5", qop="auth"`, ""))
		if next := p.lastRequest(gosip.BYE); next.CSeq().SeqNo != bye.CSeq().SeqNo+1 {
			t.Error("a challenged BYE was not sent again")
		} else {
			p.say(reply(next, 200, "", "", ""))
		}
		next[Terminated](t, ev)
	})
}

func TestChallengesThatEndTheCall(t *testing.T) {
	cred := &Credentials{User: "u", Password: "secret"}
	challenge := `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"`
	for _, tt := range []struct {
		name      string
		cred      *Credentials
		challenge []string
	}{
		{"nobody's credentials", nil, []string{challenge}},
		{"wrong password", cred, []string{challenge, challenge}},
		{"stale for ever", cred, []string{challenge, challenge + ", stale=true", challenge + ", stale=true", challenge + ", stale=true"}},
		{"only auth-int", cred, []string{strings.Replace(challenge, `"auth"`, `"auth-int"`, 1)}},
		{"not digest", cred, []string{`WWW-Authenticate: Basic realm="r"`}},
		{"no challenge", cred, []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trunk(t, tt.cred, func(p *tap, d *Dialog, actor *loop, ev events) {
				for _, c := range tt.challenge {
					ev.quiet(t)
					invite := p.lastRequest(gosip.INVITE)
					p.say(reply(invite, 401, "x", c, ""))
				}
				if f := next[Failed](t, ev); f.Code != 401 {
					t.Errorf("%+v", f)
				}
			})
		})
	}
}
