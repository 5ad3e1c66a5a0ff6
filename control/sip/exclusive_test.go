package sip

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// guess tries a password and returns the code of the answer, 0 for silence. Each guess asks for a challenge first,
// while it gets one, a little after the last.
func (p *tap) guess(tel, user, password string) int {
	p.t.Helper()
	p.heard()
	time.Sleep(challengeRest)
	seq := 2*p.read + 1 // higher each time
	p.say(p.registerText(tel, seq, "Contact: <sip:"+tel+"@10.0.0.2:5060>\n"))
	if len(p.heard()) == 0 {
		return 0
	}
	res := p.last().(*gosip.Response)
	if res.StatusCode != 401 {
		return res.StatusCode
	}
	p.say(p.registerText(tel, seq+1, "Contact: <sip:"+tel+"@10.0.0.2:5060>\n"+credentials(p.t, res, 0, "REGISTER", user, password, 1)))
	if len(p.heard()) == 0 {
		return 0
	}
	return p.code()
}

func (p *tap) from(addr string) { p.flow.Remote = netip.MustParseAddrPort(addr) }

func TestCommExclusive(t *testing.T) {
	for _, tt := range []struct {
		name    string
		c       Exclusive
		guesses []int // codes of wrong guesses, one after the other
		right   int   // of the right password then
	}{
		{"response", Exclusive{}, []int{401, 403, 403, 403}, 403},
		{"no response", Exclusive{Silent: true}, []int{401, 403, 0, 0}, 0},
		{"one try", Exclusive{Silent: true, Limit: 1}, []int{403, 0}, 0},
		{"never", Exclusive{Silent: true, RegisterBlock: -1}, []int{401, 401, 401, 401}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			registering(t, Config{Exclusive: tt.c}, func(p *tap) {
				for i, want := range tt.guesses {
					if got := p.guess("217", "s217", fmt.Sprint("guess", i)); got != want {
						t.Errorf("guess %d got %d, want %d", i, got, want)
					}
				}
				if got := p.guess("217", "s217", "p217"); got != tt.right {
					t.Errorf("the right password got %d, want %d", got, tt.right)
				}
				p.from("10.0.0.3:5060")
				if got := p.guess("218", "s218", "p218"); got != 200 {
					t.Errorf("another address got %d", got)
				}
				p.from("10.0.0.2:5060")
				time.Sleep(time.Minute)
				if got := p.guess("217", "s217", "p217"); got != 200 {
					t.Errorf("after the block the right password got %d", got)
				}
			})
		})
	}
}

// TestGuessingIsAnsweredOnceMoreThanTheLimit: who guesses as fast as it can gets a challenge and as many refusals as the
// limit says, whether it answers the challenges that come with them or asks for others meanwhile.
func TestGuessingIsAnsweredOnceMoreThanTheLimit(t *testing.T) {
	const limit = 3
	for _, silent := range []bool{true, false} {
		for _, asks := range []int{0, 1, 5} {
			t.Run(fmt.Sprintf("silent %t, %d questions between guesses", silent, asks), func(t *testing.T) {
				registering(t, Config{Exclusive: Exclusive{Silent: silent, Limit: limit}}, func(p *tap) {
					seq := 0
					say := func(extra string) (answer *gosip.Response) {
						p.heard()
						seq++
						p.say(p.registerText("217", seq, here+extra))
						if len(p.heard()) > 0 {
							answer = p.last().(*gosip.Response)
						}
						return answer
					}
					challenge := say("")
					answers := []int{challenge.StatusCode}
					for i := range 20 {
						password := fmt.Sprint("guess", i)
						if i >= limit {
							password = "p217"
						}
						res := say(credentials(t, challenge, 0, "REGISTER", "s217", password, 1))
						for range asks {
							if other := say(""); other != nil && (silent || other.StatusCode != 403) {
								t.Errorf("guess %d: a question was answered %d", i, other.StatusCode)
							}
						}
						if res == nil {
							continue
						}
						answers = append(answers, res.StatusCode)
						if res.StatusCode == 401 {
							challenge = res
						}
					}
					want := []int{401, 401, 401, 403}
					for len(answers) > len(want) && !silent {
						want = append(want, 403) // the manual: Response always sends a rejection
					}
					if !slices.Equal(answers, want) {
						t.Errorf("answered %d", answers)
					}
					if rows := p.s.AccessLog(); len(rows) != 1 || rows[0].Count != limit {
						t.Errorf("%+v", rows)
					}
				})
			})
		}
	}
}

// The second for which a failure brings no other challenge is that of one number at one port: a phone beside it, another
// number, and the same phone afterwards are challenged.
func TestAFailureKeepsNobodyElseWaiting(t *testing.T) {
	registering(t, Config{Exclusive: Exclusive{Silent: true}}, func(p *tap) {
		asked := func(tel string) bool {
			p.heard()
			p.say(p.registerText(tel, 2*p.read+1, "Contact: <sip:"+tel+"@10.0.0.2:5060>\n"))
			return len(p.heard()) == 1
		}
		if p.guess("217", "s217", "wrong") != 401 || asked("217") {
			t.Error("a challenge for who has one")
		}
		if !asked("218") {
			t.Error("another number at the same port waits")
		}
		p.from("10.0.0.2:6060")
		if !asked("217") {
			t.Error("the same number at another port waits")
		}
		p.from("10.0.0.2:5060")
		time.Sleep(challengeRest)
		if !asked("217") {
			t.Error("a second later it still waits")
		}
	})
}

// What comes while blocked does not prolong the block: a phone set right again comes back by itself.
func TestBlockEndsWhateverComes(t *testing.T) {
	registering(t, Config{Exclusive: Exclusive{Silent: true}}, func(p *tap) {
		p.guess("217", "s217", "a")
		p.guess("217", "s217", "b")
		for range 12 {
			time.Sleep(5 * time.Second)
			p.guess("217", "s217", "p217")
		}
		if p.s.Stats().Bindings != 1 {
			t.Error("still blocked")
		}
	})
}

// Failures are forgotten: a wrong password once an hour blocks nobody.
func TestFailuresAreForgotten(t *testing.T) {
	registering(t, Config{Exclusive: Exclusive{Silent: true}}, func(p *tap) {
		for i := range 5 {
			if got := p.guess("217", "s217", fmt.Sprint(i)); got != 401 {
				t.Errorf("got %d", got)
			}
			time.Sleep(time.Minute)
		}
	})
}

// Nothing that is sent without having heard our challenge counts against its source, and neither does a retransmission.
func TestForgedSourcesBlockNobody(t *testing.T) {
	registering(t, Config{Exclusive: Exclusive{Silent: true}}, func(p *tap) {
		p.from("10.0.0.66:5060")
		p.say(p.registerText("217", 1, here))
		stolen := credentials(t, p.last().(*gosip.Response), 0, "REGISTER", "s217", "wrong", 1)
		p.from("10.0.0.2:5060")
		for i := range 10000 {
			extra := here
			switch i % 4 {
			case 1:
				extra += fmt.Sprintf("Authorization: Digest username=\"s217\", realm=\"sidetone\", nonce=\"%043d\", uri=\"sip:x\", response=\"%032d\"\n", i, i)
			case 2:
				extra += stolen
			case 3:
				extra = "Contact: *\nExpires: 0\n"
			}
			p.s.receive([]byte(wire(p.registerText("217", i+1, extra))), p.flow)
		}
		p.heard()
		if got := p.guess("217", "s217", "p217"); got != 200 {
			t.Errorf("the phone got %d", got)
		}
		if rows := p.s.AccessLog(); len(rows) != 0 {
			t.Errorf("%+v", rows)
		}
	})
	registering(t, Config{Exclusive: Exclusive{Silent: true}}, func(p *tap) {
		p.say(p.registerText("217", 1, here))
		wrong := p.registerText("217", 2, here+credentials(t, p.last().(*gosip.Response), 0, "REGISTER", "s217", "wrong", 1))
		for range 5 {
			p.say(wrong)
		}
		if got := p.guess("217", "s217", "p217"); got != 200 {
			t.Errorf("one failure, retransmitted, blocked the phone: %d", got)
		}
		if rows := p.s.AccessLog(); len(rows) != 1 || rows[0].Count != 1 {
			t.Errorf("%+v", rows)
		}
	})
}

// Behind one NAT, the failures of one phone leave those that are registered as they are.
func TestRegisteredPhonesGoOnBehindABlockedAddress(t *testing.T) {
	c := Config{Exclusive: Exclusive{Silent: true}, OnInvite: func(in *Invite) {
		if _, ok := in.Authenticate(); ok {
			in.Reply(486, "")
		}
	}, AuthInvites: true}
	registering(t, c, func(p *tap) {
		if p.guess("217", "s217", "p217") != 200 {
			t.Fatal("not registered")
		}
		p.from("10.0.0.2:6060")
		for i := range 4 {
			p.guess("218", "s218", fmt.Sprint(i))
		}
		if got := p.guess("219", "s219", "p219"); got != 0 {
			t.Errorf("a new phone at the blocked address got %d", got)
		}
		p.from("10.0.0.2:5060")
		if got := p.guess("217", "s217", "p217"); got != 200 {
			t.Errorf("the registered phone got %d", got)
		}
		if got := p.guess("218", "s218", "x"); got != 0 {
			t.Errorf("its address lets others in: %d", got)
		}
	})
}

// Calls are blocked apart from registrations.
func TestCallsThatFailBlockCalls(t *testing.T) {
	c := Config{Exclusive: Exclusive{Silent: true}, OnInvite: func(in *Invite) {
		if _, ok := in.Authenticate(); ok {
			in.Reply(486, "")
		}
	}, AuthInvites: true}
	registering(t, c, func(p *tap) {
		call := func(password string) int {
			p.heard()
			time.Sleep(challengeRest)
			p.say(p.text(msg{method: "INVITE", call: token(4), body: "v=0\n"}))
			if len(p.heard()) == 0 {
				return 0
			}
			extra := credentials(t, p.last().(*gosip.Response), 0, "INVITE", "s217", password, 1)
			p.say(p.text(msg{method: "INVITE", call: token(4), seq: 2, body: "v=0\n", extra: extra}))
			return p.code()
		}
		got := []int{call("a"), call("b"), call("p217")}
		time.Sleep(5 * time.Minute)
		got = append(got, call("p217"))
		time.Sleep(5 * time.Minute)
		got = append(got, call("p217"))
		if !slices.Equal(got, []int{401, 403, 0, 0, 486}) {
			t.Errorf("got %d", got)
		}
		if rows := p.s.AccessLog(); len(rows) != 1 || rows[0].Reason != "SIP INVITE IP/TELNO Invalid" || rows[0].Count != 2 {
			t.Errorf("%+v", rows)
		}
	})
}

func TestExclusiveTableIsBounded(t *testing.T) {
	x := newExclusive(Exclusive{})
	now := time.Now()
	for i := range exclusiveMost + 1000 {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		x.failed(newAttempt(netip.AddrPortFrom(a, 5060), "217", "r", now), true)
	}
	if len(x.sources) > exclusiveMost {
		t.Errorf("%d sources", len(x.sources))
	}
	six := netip.MustParseAddr("2001:db8::1")
	x.failed(newAttempt(netip.AddrPortFrom(six, 5060), "217", "a", now), true)
	x.failed(newAttempt(netip.AddrPortFrom(six.Next(), 5060), "217", "b", now), true)
	if !x.blocked(netip.MustParseAddr("2001:db8::ffff"), true, now) || x.blocked(netip.MustParseAddr("2001:db8:0:1::1"), true, now) {
		t.Error("IPv6 is not blocked by its /64")
	}
}

func TestAccessLog(t *testing.T) {
	var l accessLog
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, b := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
	l.add(a, "217", "x", now)
	l.add(b, "217", "x", now.Add(time.Minute))
	l.add(a, "217", "x", now.Add(2*time.Minute))
	l.add(a, "217\r\nEvil", strings.Repeat("y", 10), now)
	l.add(a, "217", "x", now.Add(time.Hour))
	var got []string
	for _, r := range l.rows {
		got = append(got, fmt.Sprintf("%d %s %q x%d %s", r.Index, r.IP, r.CallerID, r.Count, r.Last.Sub(r.First)))
	}
	want := []string{`0 10.0.0.2 "217" x2 2m0s`, `1 10.0.0.3 "217" x1 0s`, `2 10.0.0.2 "217  Evil" x1 0s`, `3 10.0.0.2 "217" x1 0s`}
	if !slices.Equal(got, want) {
		t.Errorf("rows\n%s", strings.Join(got, "\n"))
	}
	for i := range 2 * AccessRows {
		l.add(a, fmt.Sprint(i), "z", now)
	}
	if len(l.rows) != AccessRows || l.rows[0].Index != uint64(4+AccessRows) {
		t.Errorf("%d rows from %d", len(l.rows), l.rows[0].Index)
	}
}

// Who keeps the rows hears of each as it stands, and a new run that is given them goes on where the last one ended.
func TestAccessLogIsGivenOn(t *testing.T) {
	kept := make(map[uint64]Access)
	l := accessLog{tell: func(r Access) { kept[r.Index%AccessRows] = r }}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := netip.MustParseAddr("10.0.0.2")
	for i := range AccessRows + 10 {
		l.add(a, fmt.Sprint(i), "z", now)
		l.add(a, fmt.Sprint(i), "z", now)
	}
	var next accessLog
	next.restore(slices.Collect(maps.Values(kept)))
	if !slices.Equal(next.rows, l.rows) || next.next != l.next {
		t.Errorf("%d rows to %d, want %d to %d", len(next.rows), next.next, len(l.rows), l.next)
	}
	next.add(a, fmt.Sprint(AccessRows+9), "z", now.Add(time.Minute))
	next.add(a, "new", "z", now.Add(time.Minute))
	if r := next.rows[len(next.rows)-2:]; len(next.rows) != AccessRows || r[0].Count != 3 || r[1].Index != AccessRows+10 {
		t.Errorf("%d rows, the last %+v", len(next.rows), r)
	}
}

// The lines that programs such as fail2ban read: one for each failure that counts, with the address.
func TestAccessLogLines(t *testing.T) {
	var out bytes.Buffer
	c := Config{Logger: slog.New(slog.NewTextHandler(&out, nil)), Exclusive: Exclusive{Silent: true}}
	registering(t, c, func(p *tap) {
		for i := range 5 {
			p.guess("217", "s217", fmt.Sprint(i))
		}
		const line = `msg="sip access refused" ip=10.0.0.2 tel=217 reason="SIP REGISTER IP/TELNO Invalid"`
		if got := out.String(); strings.Count(got, line) != 2 || strings.Count(got, line+" blocked=1m0s") != 1 {
			t.Errorf("log:\n%s", got)
		}
	})
}
