package sip

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// torment is one message of RFC 4475.
type torment struct {
	name                 string
	valid                bool
	onDatagram, onStream string // a code, or "silence"
	bytes                []byte
}

var (
	hexOctets = regexp.MustCompile(`<hex>([0-9A-F]*)</hex>`)
	repeated  = regexp.MustCompile(`<repeat count=(\d+)>(.*?)</repeat>`)
)

func torments(t testing.TB) []torment {
	t.Helper()
	text, err := os.ReadFile("testdata/rfc4475.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []torment
	for _, part := range regexp.MustCompile(`(?m)^== `).Split(string(text), -1)[1:] {
		head, msg, _ := strings.Cut(part, "\n")
		name, want, _ := strings.Cut(head, ": ")
		name, valid := strings.CutSuffix(name, " valid")
		datagram, stream, differs := strings.Cut(want, " stream:")
		if !differs {
			stream = datagram
		}
		b := []byte(strings.ReplaceAll(msg, "\n", "\r\n"))
		b = repeated.ReplaceAllFunc(b, func(m []byte) []byte {
			p := repeated.FindSubmatch(m)
			n, _ := strconv.Atoi(string(p[1]))
			return bytes.Repeat(p[2], n)
		})
		b = hexOctets.ReplaceAllFunc(b, func(m []byte) []byte {
			raw, err := hex.DecodeString(string(hexOctets.FindSubmatch(m)[1]))
			if err != nil {
				t.Fatal(name, err)
			}
			return raw
		})
		out = append(out, torment{name, valid, datagram, stream, b})
	}
	return out
}

// heard is a link that keeps what is sent.
type heardLink struct {
	mu   sync.Mutex
	sent [][]byte
}

func (l *heardLink) send(b []byte, _ netip.AddrPort) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, bytes.Clone(b))
	return nil
}
func (l *heardLink) alive() bool                  { return true }
func (l *heardLink) watch(func()) (cancel func()) { return func() {} }

// verdictOf is the code of the first final response among what was sent, or "silence".
func verdictOf(sent []byte) string {
	for _, line := range strings.Split(string(sent), "\r\n") {
		if rest, ok := strings.CutPrefix(line, "SIP/2.0 "); ok && rest[0] != '1' {
			return rest[:3]
		}
	}
	return "silence"
}

func tortured(t *testing.T) (*Stack, *tls.Config) {
	a := newAuthority(t, "ca")
	certs, err := LoadTLS(a.issue("server"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, Config{
		Accounts: stations{}, TLS: certs.Server(), Listen: []string{"udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0"},
		OnInvite: func(in *Invite) { in.Reply(486, "") },
	}), a.client(TLSFiles{})
}

// TestTorture gives the stack the 49 messages of RFC 4475 over UDP, TCP and TLS: each is answered as the RFC has it,
// with the one code its title says, and an OPTIONS after it too.
func TestTorture(t *testing.T) {
	list := torments(t)
	valid := 0
	for _, m := range list {
		if m.valid {
			valid++
		}
	}
	if len(list) != 49 || valid != 13 {
		t.Fatalf("%d messages, %d of them valid; the RFC has 49 and 13", len(list), valid)
	}
	s, _ := tortured(t)
	for _, m := range list {
		t.Run(m.name+"/udp", func(t *testing.T) {
			link := &heardLink{}
			s.receive(m.bytes, Flow{Transport: UDP, Local: s.addr(t, UDP), Remote: netip.MustParseAddrPort("127.0.0.1:5099"), link: link})
			link.mu.Lock()
			got := verdictOf(bytes.Join(link.sent, nil))
			link.mu.Unlock()
			if got != m.onDatagram {
				t.Errorf("answered %s, want %s", got, m.onDatagram)
			}
			r := newRaw(t, s, UDP)
			r.bytes(m.bytes) // its answer goes to the port its Via names
			askOptions(t, r)
		})
	}
	unharmed(t, s)
	for _, transport := range []string{TCP, TLS} {
		s, config := tortured(t) // another one, to which no message is a retransmission
		for _, m := range list {
			t.Run(m.name+"/"+transport, func(t *testing.T) {
				connect := func() net.Conn {
					var c net.Conn
					var err error
					if transport == TLS {
						c, err = tls.Dial("tcp", s.addr(t, TLS).String(), config)
					} else {
						c, err = net.Dial("tcp", s.addr(t, TCP).String())
					}
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { c.Close() })
					return c
				}
				c := connect()
				if _, err := c.Write(m.bytes); err != nil {
					t.Fatal(err)
				}
				wait := 2 * time.Second
				if m.onStream == "silence" {
					wait = 20 * time.Millisecond
				}
				_ = c.SetReadDeadline(time.Now().Add(wait))
				buf, n := make([]byte, 65536), 0
				for verdictOf(buf[:n]) == "silence" {
					k, err := c.Read(buf[n:])
					n += k
					if err != nil {
						break
					}
				}
				if got := verdictOf(buf[:n]); got != m.onStream {
					t.Errorf("answered %s, want %s", got, m.onStream)
				}
				askOptions(t, &raw{t: t, conn: connect()})
			})
		}
		unharmed(t, s)
	}
}

// anybody knows every number, with one password.
type anybody struct{}

func (anybody) ByTel(tel string) (Account, bool) {
	return Account{Tel: tel, UserID: "s", HA1: NewHA1("s", "sidetone", "p")}, true
}

// TestTortureRegisters: the REGISTERs of RFC 4475 that are asked for credentials come again with them. What the RFC calls
// valid, or wants accepted (3.3.12 to 3.3.14), is bound as it was written, and so is the Contact without the brackets it
// needs (3.1.2.13), of which it lets a server choose; what is no SIP address is refused.
func TestTortureRegisters(t *testing.T) {
	list := torments(t)
	for name, want := range map[string]struct {
		code     int
		contacts []string // of the 200
	}{
		"escnull":  {200, []string{"<sip:%00@host5.example.com>", "<sip:%00%00@host5.example.com>"}},
		"dblreq":   {200, []string{"<sip:j.user@host.example.com>"}},
		"regaut01": {200, nil},
		"cparam01": {200, []string{"<sip:+19725552222@gw1.example.net>"}},
		"cparam02": {200, []string{"<sip:+19725552222@gw1.example.net;unknownparam>"}},
		"regescrt": {200, []string{"<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"}},
		"regbadct": {200, []string{"<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"}},
		"unksm2":   {400, nil},
	} {
		t.Run(name, func(t *testing.T) {
			registering(t, Config{Accounts: anybody{}, Registrar: RegistrarConfig{MaxContacts: 2}}, func(p *tap) {
				i := slices.IndexFunc(list, func(m torment) bool { return m.name == name })
				p.s.receive(list[i].bytes, p.flow)
				line, rest, _ := strings.Cut(string(list[i].bytes), "\r\n")
				rest = regexp.MustCompile(`branch=\w+`).ReplaceAllString(rest, "branch=z9hG4bKagain")
				with := credentials(t, p.last().(*gosip.Response), 0, "REGISTER", "s", "p", 1)
				p.s.receive([]byte(line+"\r\n"+strings.TrimSpace(with)+"\r\n"+rest), p.flow)
				res := p.last().(*gosip.Response)
				var got []string
				for _, v := range values(res, "contact") {
					uri, _, _ := strings.Cut(v, ">")
					got = append(got, uri+">")
				}
				slices.Sort(got)
				slices.Sort(want.contacts)
				if res.StatusCode != want.code || !slices.Equal(got, want.contacts) {
					t.Errorf("%s", res)
				}
			})
		})
	}
}

func unharmed(t *testing.T, s *Stack) {
	t.Helper()
	if n := s.Stats(); n.Panics != 0 || n.Dialogs != 0 {
		t.Errorf("%d panics, %d dialogs", n.Panics, n.Dialogs)
	}
}

func askOptions(t *testing.T, r *raw) {
	t.Helper()
	r.say(r.text(msg{method: "OPTIONS", call: "after"}))
	for {
		res, ok := r.hear(10 * time.Second).(*gosip.Response)
		if !ok {
			t.Fatal("OPTIONS was not answered")
		}
		if callID(res) == "after" && res.StatusCode == 200 {
			return
		}
	}
}
