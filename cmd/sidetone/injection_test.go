package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sidetone/bench/phone"
	"sidetone/control/config"
)

// injected reports the lines of a message that an attacker has put there as headers of their own.
func injected(text string) (list []string) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.ToLower(strings.TrimSpace(line)); strings.HasPrefix(line, "x-evil") || strings.HasPrefix(line, "subject") || strings.HasPrefix(line, "alert-info") {
			list = append(list, line)
		}
	}
	return list
}

// TestNothingACallerWritesBecomesAHeader: whatever stands in the headers of an INVITE, what the called phone gets has
// none of it as a line of its own; names and numbers with line ends in them are refused or made harmless.
func TestNothingACallerWritesBecomesAHeader(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 2, func(c *config.Config) { c.SIP.AuthInvites = false })
	o.phone(t, 0, nil)
	called := o.phone(t, 1, func(c *phone.Config) { c.Incoming = phone.Manual })
	const from, to = `<sip:217@x>`, `<sip:218@x>`
	for _, tt := range []struct {
		name            string
		target          string // of the Request-URI
		from, to, extra string
		rings           bool // else it is refused
	}{
		{"nothing", "218", from, to, "", true},
		{"display name, encoded", "218", `"Eve%0d%0aX-Evil: 1" ` + from, to, "", true},
		{"display name, folded", "218", "\"Eve\r\n X-Evil: 1\" " + from, to, "", true},
		{"display name, escaped quotes", "218", `"Eve\" <sip:x@x>\\r\\nX-Evil: 1" ` + from, to, "", true},
		{"display name, escaped line end", "218", "\"Eve\\\r\nX-Evil: 1\" " + from, to, "", false},
		{"display name, bare LF", "218", "\"Eve\nX-Evil: 1\" " + from, to, "", false},
		{"display name, bare CR", "218", "\"Eve\rX-Evil: 1\" " + from, to, "", false},
		{"display name, NUL", "218", "\"Eve\x00X-Evil: 1\" " + from, to, "", false},
		{"display name of To", "218", from, `"Eve%0d%0aX-Evil: 1" ` + to, "", true},
		{"parameter", "218", from + `;x="%0d%0aX-Evil: 1"`, to, "", true},
		{"own number", "218", `<sip:217%0d%0aX-Evil:%201@x>`, to, "", false},
		{"header in From", "218", `<sip:217@x?X-Evil=1&Subject=2>`, to, "", true},
		{"number dialled", "218%0d%0aX-Evil:%201", from, to, "", false},
		{"header in the Request-URI", "218", from, `<sip:218@x?X-Evil=1&Alert-Info=2>`, "", true},
		{"header of its own", "218", from, to, "X-Evil: 1\r\nSubject: x\r\nAlert-Info: <http://x>;info=x\r\n", true},
		{"Contact", "218", from, to, "Contact: <sip:217@127.0.0.1:9?X-Evil=1>;x=\"%0d%0aX-Evil: 1\"\r\n", true},
		{"Contact's number", "218", from, to, "Contact: <sip:217%0d%0aX-Evil:%201@127.0.0.1:9>\r\n", true},
		{"Diversion", "218", from, to, "Diversion: \"E%0d%0aX-Evil: 1\" <sip:9%0d%0aX-Evil:1@x>;reason=\"a\r\n X-Evil: 1\"\r\n", true},
		{"History-Info", "218", from, to, "History-Info: <sip:9%0d%0aX-Evil:1@x?X-Evil=1>;index=1\r\n", true},
		{"Referred-By", "218", from, to, "Referred-By: <sip:9%0d%0aX-Evil:1@x?X-Evil=1>;x=\"\r\n X-Evil: 1\"\r\n", true},
		{"P-Asserted-Identity", "218", from, to, "P-Asserted-Identity: \"E\r\n X-Evil: 1\" <sip:9%0d%0aX-Evil:1@x>\r\n", true},
		{"Subject", "218", from, to, "Subject: a%0d%0aX-Evil: 1\r\n\tX-Evil: 2\r\n", true},
		{"Replaces", "218", from, to, "Replaces: a%0d%0aX-Evil:1;to-tag=b\r\n X-Evil: 1;from-tag=c\r\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o.settled(t)
			id, seen := rand.Uint64(), len(called.Seen())
			if !strings.Contains(tt.extra, "Contact") {
				tt.extra += "Contact: <sip:217@127.0.0.1:9>\r\n"
			}
			const body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
			invite := fmt.Sprintf("INVITE sip:%[1]s@%[2]s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK%[3]x\r\nMax-Forwards: 70\r\n"+
				"From: %[4]s;tag=%[3]x\r\nTo: %[5]s\r\nCall-ID: %[3]x@eve\r\nCSeq: 1 INVITE\r\n%[6]sContent-Type: application/sdp\r\nContent-Length: %[7]d\r\n\r\n%[8]s",
				tt.target, o.udp, id, tt.from, tt.to, tt.extra, len(body), body)
			if !tt.rings {
				reply := o.refusal(t, 200*time.Millisecond, invite)
				if reply != "" && !strings.Contains(reply, "SIP/2.0 4") || len(called.Seen()) != seen {
					t.Errorf("answered %q, the phone saw %+v", reply, called.Seen()[seen:])
				}
				return
			}
			o.raw(t, 0, invite)
			call, err := called.WaitIncoming(soon(t))
			check(t, err)
			if text := call.Opening(); text == "" || injected(text) != nil {
				t.Errorf("%v in\n%s", injected(text), text)
			}
			check(t, call.Hangup(soon(t)))
		})
	}
	o.settled(t)
}

// TestNothingAReferWritesBecomesAHeader: the same of REFER, towards the phone that the call is transferred to.
func TestNothingAReferWritesBecomesAHeader(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3, nil)
	a, b, c := o.phone(t, 0, nil), o.phone(t, 1, nil), o.phone(t, 2, nil)
	for name, value := range map[string]string{
		"headers in the URI":   `<sip:219@x?X-Evil=1&Subject=a%0d%0aX-Evil:%201&Alert-Info=x>`,
		"line end in Replaces": `<sip:219@x?Replaces=a%0d%0aX-Evil:%201%3Bto-tag%3Db%3Bfrom-tag%3Dc>`,
		"number":               `<sip:219%0d%0aX-Evil:%201@x>`,
		"display name":         `"Eve%0d%0aX-Evil: 1" <sip:219@x>`,
		"parameter":            "<sip:219@x>;x=\"a\r\n X-Evil: 1\"",
		"Referred-By":          "<sip:219@x>\r\nReferred-By: \"E\r\n X-Evil: 1\" <sip:217%0d%0aX-Evil:%201@x?X-Evil=1>\r\nX-Evil: 1",
		"Replaces beside it":   "<sip:219@x>\r\nReplaces: a%0d%0aX-Evil:1;to-tag=b;from-tag=c",
	} {
		t.Run(name, func(t *testing.T) {
			call, err := a.Call(soon(t), b.Tel())
			check(t, err)
			other, err := b.WaitIncoming(soon(t))
			check(t, err)
			code, err := call.ReferTo(soon(t), value)
			check(t, err)
			if code >= 300 {
				check(t, call.Hangup(soon(t)))
				o.settled(t)
				return
			}
			if code, err := call.WaitTransfer(soon(t)); err != nil || code < 200 {
				t.Fatal(code, err)
			}
			if code := call.Transfer()[len(call.Transfer())-1]; code < 300 {
				third, err := c.WaitIncoming(soon(t))
				check(t, err)
				if text := third.Opening(); text == "" || injected(text) != nil {
					t.Errorf("%v in\n%s", injected(text), text)
				}
			} else if name != "number" && name != "line end in Replaces" && name != "Replaces beside it" {
				t.Errorf("the transfer ended with %d", code)
			}
			check(t, other.Hangup(soon(t)))
			check(t, call.Hangup(soon(t)))
			o.settled(t)
		})
	}
}
