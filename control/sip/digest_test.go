package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// stations are accounts 217 to 221, user s<tel>, password p<tel>.
type stations struct{ nat NATMode }

func (st stations) ByTel(tel string) (Account, bool) {
	if tel < "217" || tel > "221" || len(tel) != 3 {
		return Account{}, false
	}
	return Account{Tel: tel, UserID: "s" + tel, HA1: NewHA1("s"+tel, "sidetone", "p"+tel), NAT: st.nat}, true
}

// credentials answers a challenge.
func credentials(t *testing.T, res *gosip.Response, line int, method, user, password string, count int) string {
	t.Helper()
	ch, err := digest.ParseChallenge(values(res, "www-authenticate")[line])
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(ch, digest.Options{Method: method, URI: "sip:10.0.0.1", Count: count, Username: user, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: " + cred.String() + "\n"
}

// registering runs a bubble with a registrar.
func registering(t *testing.T, c Config, test func(p *tap)) {
	if c.Accounts == nil {
		c.Accounts = stations{}
	}
	bubble(t, c, func(t *testing.T, s *Stack, p *tap, _ *loop) { test(p) })
}

// registerText is a REGISTER for a station.
func (p *tap) registerText(tel string, seq int, extra string) string {
	return fmt.Sprintf(`REGISTER sip:10.0.0.1 SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport
From: <sip:%s@10.0.0.1>;tag=ft
To: <sip:%s@10.0.0.1>
Call-ID: reg-%s
CSeq: %d REGISTER
User-Agent: phone/1
%s

`, p.flow.Remote, token(6), tel, tel, tel, seq, strings.TrimRight(extra, "\n"))
}

// register does the whole exchange and returns the last response.
func (p *tap) register(tel string, seq int, extra string) *gosip.Response {
	p.t.Helper()
	p.say(p.registerText(tel, seq, extra))
	res := p.last().(*gosip.Response)
	if res.StatusCode != 401 {
		return res
	}
	p.say(p.registerText(tel, seq+1, strings.TrimLeft(strings.TrimRight(extra, "\n")+"\n", "\n")+credentials(p.t, res, 0, "REGISTER", "s"+tel, "p"+tel, 1)))
	return p.last().(*gosip.Response)
}

func (p *tap) code() int {
	return p.last().(*gosip.Response).StatusCode
}

const here = "Contact: <sip:217@10.0.0.2:5060>\n"

func TestDigestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		name, tel, user, password string
		want                      int
	}{
		{"right", "217", "s217", "p217", 200},
		{"wrong password", "217", "s217", "p218", 401},
		{"user of another station", "217", "s218", "p218", 401},
		{"tel as user", "217", "217", "p217", 401},
		{"unknown tel", "999", "s999", "p999", 401},
		{"empty", "", "", "", 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			registering(t, Config{}, func(p *tap) {
				p.say(p.registerText(tt.tel, 1, here))
				res := p.last().(*gosip.Response)
				if res.StatusCode != 401 {
					t.Fatalf("not challenged: %d", res.StatusCode)
				}
				if n := p.s.Stats().ServerTransactions; n != 0 {
					t.Errorf("%d transactions before authentication", n)
				}
				p.say(p.registerText(tt.tel, 2, here+credentials(t, res, 0, "REGISTER", tt.user, tt.password, 1)))
				if got := p.last().(*gosip.Response); got.StatusCode != tt.want || strings.Contains(value(got, "www-authenticate"), "stale") {
					t.Errorf("got %s, want %d", got, tt.want)
				}
				if got := len(p.s.Registrar().Lookup(tt.tel)); got != 0 && tt.want != 200 {
					t.Errorf("%d bindings", got)
				}
			})
		})
	}
}

func TestDigestSHA256(t *testing.T) {
	registering(t, Config{OfferSHA256: true}, func(p *tap) {
		p.say(p.registerText("217", 1, here))
		res := p.last().(*gosip.Response)
		if lines := values(res, "www-authenticate"); len(lines) != 2 || !strings.Contains(lines[0], "algorithm=MD5") || !strings.Contains(lines[1], "algorithm=SHA-256") {
			t.Fatalf("challenge %q", lines)
		}
		p.say(p.registerText("217", 2, here+credentials(t, res, 1, "REGISTER", "s217", "p217", 1)))
		if p.code() != 200 {
			t.Errorf("SHA-256 got %d", p.code())
		}
	})
}

func TestDigestReplayAndAge(t *testing.T) {
	registering(t, Config{}, func(p *tap) {
		p.say(p.registerText("217", 1, here))
		res := p.last().(*gosip.Response)
		stale := func() bool {
			res := p.last().(*gosip.Response)
			return res.StatusCode == 401 && strings.Contains(value(res, "www-authenticate"), "stale=true")
		}
		used := credentials(t, res, 0, "REGISTER", "s217", "p217", 1)
		p.say(p.registerText("217", 2, here+used))
		if p.code() != 200 {
			t.Fatalf("got %d", p.code())
		}
		p.say(p.registerText("217", 3, here+used))
		if !stale() {
			t.Error("replayed credentials were not refused")
		}
		p.say(p.registerText("217", 4, here+credentials(t, res, 0, "REGISTER", "s217", "p217", 2)))
		if p.code() != 200 {
			t.Errorf("nc=2 got %d", p.code())
		}
		time.Sleep(nonceAge + time.Second)
		p.say(p.registerText("217", 5, here+credentials(t, res, 0, "REGISTER", "s217", "p217", 3)))
		if !stale() {
			t.Error("an old nonce was not refused")
		}
		p.say(p.registerText("217", 6, here+credentials(t, res, 0, "REGISTER", "s217", "wrong", 4)))
		if !stale() || len(p.s.AccessLog()) != 0 {
			t.Errorf("an old nonce with a wrong password got %d: it tells which passwords are right", p.code())
		}
	})
}

func TestNonceIsBoundToItsPeer(t *testing.T) {
	registering(t, Config{}, func(p *tap) {
		p.say(p.registerText("217", 1, here))
		cred := credentials(t, p.last().(*gosip.Response), 0, "REGISTER", "s217", "p217", 1)
		phone := p.flow
		p.flow.Remote = netip.MustParseAddrPort("10.0.0.66:5060")
		p.say(p.registerText("217", 2, here+cred))
		p.flow = phone
		if res := p.last().(*gosip.Response); res.StatusCode != 401 || strings.Contains(value(res, "www-authenticate"), "stale") {
			t.Errorf("another address got\n%s", res)
		}
		for _, bad := range []string{"", "x", "AAAA", strings.Repeat("A", 43), strings.Repeat("A", 4000)} {
			p.say(p.registerText("217", 3, here+fmt.Sprintf(`Authorization: Digest username="s217", realm="sidetone", nonce="%s", uri="sip:x", response="00"`, bad)))
			if p.code() != 401 {
				t.Errorf("nonce %q got %d", bad, p.code())
			}
		}
	})
}

func TestNonceCounts(t *testing.T) {
	var w ncWindow
	for _, step := range []struct {
		nc   uint32
		want bool
	}{{0, false}, {1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {100, true}, {37, true}, {36, false}, {100, false}, {1 << 31, true}, {101, false}} {
		if got := w.take(step.nc); got != step.want {
			t.Errorf("nc %d: %v", step.nc, got)
		}
	}
}

// A table full of live nonces lets nothing through twice.
func TestNonceTableStaysBoundedAndSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNonces([]byte("secret"))
		n.most = 100
		src := netip.MustParseAddr("10.0.0.2")
		var all []nonce
		for range 3*n.most + 10 {
			time.Sleep(time.Microsecond)
			no, ours, fresh := n.open(n.mint(src, time.Now()), src, time.Now())
			if !ours || !fresh || !n.use(no, 1, time.Now()) {
				t.Fatal("a new nonce was refused")
			}
			all = append(all, no)
		}
		if got := len(n.newer) + len(n.older); got > 2*n.most {
			t.Errorf("%d nonces held", got)
		}
		for i, no := range all {
			if n.use(no, 1, time.Now()) {
				t.Fatalf("nonce %d was good twice", i)
			}
		}
	})
}

func TestInviteAuthentication(t *testing.T) {
	for _, tt := range []struct {
		name       string
		auth       bool
		registered bool
		cred       bool
		want       string
	}{
		{"digest asked", true, true, false, "401"},
		{"digest right", true, false, true, "480"},
		{"by address", false, true, false, "480"},
		{"by address, unregistered", false, false, false, "403"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var tel string
			c := Config{AuthInvites: tt.auth, Accounts: stations{}, OnInvite: func(in *Invite) {
				acc, ok := in.Authenticate()
				if !ok {
					return
				}
				if in.Registered() != tt.registered {
					t.Errorf("Registered is %v", in.Registered())
				}
				tel = acc.Tel
				in.Reply(480, "")
			}}
			registering(t, c, func(p *tap) {
				if tt.registered {
					if res := p.register("217", 1, here); res.StatusCode != 200 {
						t.Fatalf("register: %d", res.StatusCode)
					}
				}
				p.heard()
				invite := msg{method: "INVITE", branch: "one", body: "v=0\n"}
				p.say(p.text(invite))
				if tt.cred {
					p.expect("0s 401 INVITE")
					invite.branch, invite.seq = "two", 2
					invite.extra = credentials(t, p.last().(*gosip.Response), 0, "INVITE", "s217", "p217", 1)
					p.say(p.text(invite))
					p.say(p.text(invite)) // a retransmission: its nonce count must not look like a replay
					p.expect("0s "+tt.want+" INVITE", "0s "+tt.want+" INVITE")
				} else {
					p.expect("0s " + tt.want + " INVITE")
				}
				if (tel == "217") != (tt.want == "480") {
					t.Errorf("caller %q", tel)
				}
			})
		})
	}
}
