package sip

import (
	"regexp"
	"testing"

	gosip "github.com/emiago/sipgo/sip"
)

// What differs in any two answers: nonces, tags, branches, and the number that was asked about.
var varies = regexp.MustCompile(`nonce="[^"]*"|tag=[0-9a-f]+|branch=[^;\s]*|\b(217|999)\b|reg-\d+|Call-ID: \S+`)

// TestUnknownNumbersLookLikeKnownOnes: with and without credentials, a REGISTER or INVITE for a number that exists is
// answered to the letter like one for a number that does not.
func TestUnknownNumbersLookLikeKnownOnes(t *testing.T) {
	c := Config{AuthInvites: true, Exclusive: Exclusive{RegisterBlock: -1, MessageBlock: -1}, OnInvite: func(in *Invite) {
		if _, ok := in.Authenticate(); ok {
			t.Error("a call came through without the password")
		}
	}}
	registering(t, c, func(p *tap) {
		answers := func(tel string) (list []string) {
			note := func() *gosip.Response {
				res := p.last().(*gosip.Response)
				list = append(list, varies.ReplaceAllString(res.String(), "~"))
				return res
			}
			p.say(p.registerText(tel, 1, here))
			p.say(p.registerText(tel, 2, here+credentials(t, note(), 0, "REGISTER", "s"+tel, "guess", 1)))
			note()
			invite := func(extra string) {
				text := p.text(msg{method: "INVITE", call: token(4), extra: extra, body: "v=0\n"})
				p.say(regexp.MustCompile(`From: <sip:217`).ReplaceAllString(text, "From: <sip:"+tel))
			}
			invite("")
			invite(credentials(t, note(), 0, "INVITE", "s"+tel, "guess", 1))
			note()
			return list
		}
		known, unknown := answers("217"), answers("999")
		for i := range known {
			if known[i] != unknown[i] {
				t.Errorf("answer %d differs:\n%s\n%s", i, known[i], unknown[i])
			}
		}
		if len(known) != 4 || p.s.Stats().Bindings != 0 || p.s.Stats().ServerTransactions != 0 {
			t.Errorf("%d answers, %+v", len(known), p.s.Stats())
		}
	})
}
