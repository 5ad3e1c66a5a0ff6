package sip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

const behindNAT = "Contact: <sip:217@192.168.1.9:5060>"

// asked is the phone's side: it lets time pass a second a step, answers every OPTIONS that answer has a code for, 0
// leaves it alone, and registers again each refresh seconds unless that is 0. It returns when OPTIONS came that had not
// come before.
func (p *tap) asked(d time.Duration, refresh int, answer func(at time.Duration) int) (first []time.Duration) {
	seen, began, read := make(map[string]bool), time.Now(), len(p.sent)
	for i := 1; time.Since(began) < d; i++ {
		time.Sleep(time.Second)
		synctest.Wait()
		p.mu.Lock()
		news := p.sent[read:]
		read = len(p.sent)
		p.mu.Unlock()
		for _, m := range news {
			req, ok := m.msg.(*gosip.Request)
			if !ok || req.Method != gosip.OPTIONS {
				continue
			}
			if !seen[callID(req)] {
				seen[callID(req)] = true
				first = append(first, m.at)
			}
			if code := answer(m.at); code != 0 {
				p.say(reply(req, code, "bt", "", ""))
			}
		}
		if refresh > 0 && i%refresh == 0 {
			p.register("217", 10*i, behindNAT)
		}
	}
	return first
}

// changes collects what the registrar says but for refreshes.
func changes(kinds *[]string) Config {
	return Config{Registrar: RegistrarConfig{OnChange: func(e RegistrationEvent) {
		if e.Kind != Refreshed {
			*kinds = append(*kinds, strings.TrimSpace(fmt.Sprintln(e.Kind, e.Reason)))
		}
	}}}
}

func TestPhonesBehindNATAreAskedWhetherTheyAreThere(t *testing.T) {
	for _, tt := range []struct {
		name   string
		code   int // of the answers
		until  time.Duration
		change string // what the registrar says
	}{
		{"answers", 200, time.Hour, "registered"},
		{"refuses", 404, time.Hour, "registered"},
		{"says that it tries", 100, time.Hour, "registered"},
		{"never answers", 0, time.Hour, "registered"},
		{"vanishes", 200, 5 * time.Minute, "registered, unreachable " + qualifyReason},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var kinds []string
			registering(t, changes(&kinds), func(p *tap) {
				p.register("217", 1, behindNAT)
				times := p.asked(min(tt.until, 10*time.Minute), 30, func(time.Duration) int { return tt.code })
				for i := 1; i < len(times); i++ {
					if d := times[i] - times[i-1]; d < qualifyWait-time.Second || d > 35*time.Second { // a REGISTER shows that it is there as well
						t.Errorf("OPTIONS %v after the last", d)
					}
				}
				if len(times) < int(min(tt.until, 10*time.Minute)/(36*time.Second)) {
					t.Errorf("%d OPTIONS", len(times))
				}
				if tt.until < time.Hour { // from here on it neither answers nor registers, and is let go before its expiry
					p.asked(40*time.Second, 0, func(time.Duration) int { return 0 })
				}
			})
			if got := strings.Join(kinds, ", "); got != tt.change {
				t.Errorf("changes %q, want %q", got, tt.change)
			}
		})
	}
}

// Short silences, of two OPTIONS, are no reason; and neither is a phone without NAT ever asked.
func TestShortSilencesAndPhonesWithoutNAT(t *testing.T) {
	var kinds []string
	registering(t, changes(&kinds), func(p *tap) {
		p.register("217", 1, behindNAT)
		p.asked(20*time.Minute, 30, func(at time.Duration) int {
			if at%(40*time.Second) < 9*time.Second { // less than two questions long
				return 0
			}
			return 200
		})
		p.register("217", 100000, "Contact: *\nExpires: 0")
		p.register("217", 100001, here)
		if times := p.asked(9*time.Minute, 0, func(time.Duration) int { return 0 }); len(times) != 0 {
			t.Errorf("a phone that is not behind NAT was asked at %v", times)
		}
	})
	if got := strings.Join(kinds, ", "); got != "registered, unregistered, registered" {
		t.Errorf("changes %q", got)
	}
}

func TestQualifyInterval(t *testing.T) {
	for expires, want := range map[time.Duration]time.Duration{0: 20 * time.Second, 30 * time.Second: 10 * time.Second, 10 * time.Minute: qualifyMost} {
		if got := newRegistrar(RegistrarConfig{NATExpires: expires}).interval(); got != want {
			t.Errorf("nat_expires %v: %v", expires, got)
		}
	}
}
