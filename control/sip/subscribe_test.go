package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// mailbox is an event package whose state a test changes.
type mailbox struct{ waiting int }

func (m *mailbox) pkg() EventPackage {
	return EventPackage{Name: "message-summary", ContentType: "application/simple-message-summary",
		State: func(tel, resource string, version uint32) ([]byte, bool) {
			return fmt.Appendf(nil, "Voice-Message: %d/0 for %s, version %d\n", m.waiting, resource, version), m.waiting >= 0 && tel == resource
		}}
}

// subscribing runs a bubble with a phone, 217, that can subscribe to its mailbox.
func subscribing(t *testing.T, test func(p *tap, m *mailbox)) {
	m := &mailbox{}
	c := Config{Accounts: stations{}, Events: []EventPackage{m.pkg()}}
	bubble(t, c, func(t *testing.T, s *Stack, p *tap, _ *loop) { test(p, m) })
}

// subscribe does the exchange, the challenge with it, and returns the last response.
func (p *tap) subscribe(extra, toTag string, seq int) *gosip.Response {
	p.t.Helper()
	return p.subscribeTo("217", "ft", extra, toTag, seq)
}

func (p *tap) subscribeTo(resource, fromTag, extra, toTag string, seq int) *gosip.Response {
	p.t.Helper()
	text := func(seq int, auth string) string {
		return fmt.Sprintf(`SUBSCRIBE sip:%s@10.0.0.1 SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport
From: <sip:217@10.0.0.1>;tag=%s
To: <sip:%s@10.0.0.1>%s
Call-ID: sub-%s
CSeq: %d SUBSCRIBE
Contact: <sip:217@%s>
%s

`, resource, p.flow.Remote, token(6), fromTag, resource, tagParam(toTag), fromTag, seq, p.flow.Remote, strings.TrimRight(extra+auth, "\n"))
	}
	p.say(text(seq, ""))
	res := p.lastResponse()
	if res.StatusCode == 401 {
		p.say(text(seq+1, credentials(p.t, res, 0, "SUBSCRIBE", "s217", "p217", 1)))
		res = p.lastResponse()
	}
	return res
}

func (p *tap) lastResponse() *gosip.Response {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if res, ok := p.sent[i].msg.(*gosip.Response); ok {
			return res
		}
	}
	p.t.Fatal("no response was sent")
	return nil
}

// take answers the last NOTIFY and returns it.
func (p *tap) take(code int) *gosip.Request {
	p.t.Helper()
	req := p.lastRequest(gosip.NOTIFY)
	p.say(reply(req, code, "", "", ""))
	return req
}

const summary = "Event: message-summary\n"

func TestSubscriptionLife(t *testing.T) {
	subscribing(t, func(p *tap, m *mailbox) {
		res := p.subscribe(summary+"Expires: 600\n", "", 1)
		p.expect("0s 401 SUBSCRIBE", "0s 200 SUBSCRIBE", "0s NOTIFY")
		if res.StatusCode != 200 || value(res, "expires") != "600" || len(contacts(res)) != 1 {
			t.Fatalf("%s", res)
		}
		n := p.take(200)
		if got := value(n, "subscription-state"); got != "active;expires=600" || value(n, "event") != "message-summary" || string(n.Body()) != "Voice-Message: 0/0 for 217, version 0\n" {
			t.Errorf("%s", n)
		}
		if toTag(n) != "ft" || fromTag(n) != toTag(res) || callID(n) != "sub-ft" || n.Recipient.String() != "sip:217@10.0.0.2:5060" {
			t.Errorf("not in the dialog: %s", n)
		}

		time.Sleep(100 * time.Second)
		m.waiting = 1
		p.s.Notify("message-summary", "217")
		p.s.Notify("message-summary", "218")
		p.expect("1m40s NOTIFY")
		m.waiting = 2
		p.s.Notify("message-summary", "217") // one at a time: the next waits for the answer
		p.expect()
		if n = p.take(200); value(n, "subscription-state") != "active;expires=500" || !strings.HasPrefix(string(n.Body()), "Voice-Message: 1/0") {
			t.Errorf("%s", n)
		}
		p.expect("1m40s NOTIFY")
		if n = p.take(200); !strings.HasPrefix(string(n.Body()), "Voice-Message: 2/0") || n.CSeq().SeqNo != 3 {
			t.Errorf("%s", n)
		}

		if res = p.subscribe(summary+"Expires: 60\n", toTag(res), 3); res.StatusCode != 200 || value(res, "expires") != "60" {
			t.Fatalf("refresh: %s", res)
		}
		p.expect("1m40s 200 SUBSCRIBE", "1m40s NOTIFY")
		p.take(200)
		if !p.s.Subscribed("217", "message-summary", "217") {
			t.Error("not subscribed")
		}
		time.Sleep(60*time.Second + 100*time.Millisecond)
		p.expect("2m40s NOTIFY")
		if n = p.take(200); value(n, "subscription-state") != "terminated;reason=timeout" {
			t.Errorf("%s", n)
		}
		if res = p.subscribe(summary, toTag(res), 4); res.StatusCode != 481 {
			t.Errorf("after its end: %s", res)
		}
		if p.s.Subscribed("217", "message-summary", "217") {
			t.Error("still subscribed")
		}
	})
}

func TestUnsubscribeAndFetch(t *testing.T) {
	subscribing(t, func(p *tap, _ *mailbox) {
		res := p.subscribe(summary+"Expires: 0\n", "", 1)
		if n := p.take(200); res.StatusCode != 200 || value(n, "subscription-state") != "terminated;reason=timeout" || len(n.Body()) == 0 {
			t.Errorf("fetch: %s\n%s", res, n)
		}
		res = p.subscribe(summary, "", 3)
		p.take(200)
		res = p.subscribe(summary+"Expires: 0\n", toTag(res), 5)
		if n := p.take(200); res.StatusCode != 200 || value(n, "subscription-state") != "terminated;reason=timeout" {
			t.Errorf("unsubscribe: %s\n%s", res, n)
		}
		p.heard()
		p.s.Notify("message-summary", "217")
		p.expect()
	})
}

func TestSubscribeRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, resource, extra string
		want                  int
	}{
		{"another package", "217", "Event: dialog\n", 489},
		{"no event", "217", "", 489},
		{"too brief", "217", summary + "Expires: 5\n", 423},
		{"another's mailbox", "218", summary, 404},
		{"type it does not take", "217", summary + "Accept: application/pidf+xml\n", 406},
		{"type among others", "217", summary + "Accept: application/pidf+xml, application/simple-message-summary\n", 200},
		{"any type", "217", summary + "Accept: */*\n", 200},
		{"compact", "217", "o: message-summary;id=7\n", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			subscribing(t, func(p *tap, _ *mailbox) {
				if res := p.subscribeTo(tt.resource, "ft", tt.extra, "", 1); res.StatusCode != tt.want {
					t.Errorf("%s", res)
				}
				if tt.name == "compact" {
					if n := p.take(200); value(n, "event") != "message-summary;id=7" {
						t.Errorf("%s", n)
					}
				}
			})
		})
	}
}

func TestSubscriptionEndsWithAPhoneThatIsGone(t *testing.T) {
	for _, tt := range []struct {
		name string
		fate func(p *tap)
	}{
		{"refused", func(p *tap) { p.take(481) }},
		{"silent", func(p *tap) { time.Sleep(33 * time.Second) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			subscribing(t, func(p *tap, _ *mailbox) {
				p.subscribe(summary, "", 1)
				tt.fate(p)
				if p.s.Subscribed("217", "message-summary", "217") {
					t.Error("still subscribed")
				}
			})
		})
	}
}

func TestSubscriptionsAreBounded(t *testing.T) {
	subscribing(t, func(p *tap, _ *mailbox) {
		for i := range maxSubscriptions + 1 {
			res := p.subscribeTo("217", fmt.Sprintf("t%d", i), summary, "", 1)
			if want := map[bool]int{true: 200, false: 503}[i < maxSubscriptions]; res.StatusCode != want {
				t.Fatalf("subscription %d: %s", i, res)
			}
			if res.StatusCode == 200 {
				p.take(200)
			}
		}
	})
}

func TestUnsolicitedNotify(t *testing.T) {
	subscribing(t, func(p *tap, _ *mailbox) {
		p.register("217", 1, here)
		p.heard()
		p.s.NotifyUnsolicited("217", "message-summary", "application/simple-message-summary", []byte("Messages-Waiting: yes\r\n"))
		p.s.NotifyUnsolicited("219", "message-summary", "application/simple-message-summary", nil)
		p.expect("0s NOTIFY")
		n := p.take(200)
		if n.Recipient.User != "217" || value(n, "event") != "message-summary" || value(n, "subscription-state") == "" || string(n.Body()) != "Messages-Waiting: yes\r\n" {
			t.Errorf("%s", n)
		}
	})
}
