package sip

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

func TestRegisterExpiresAndUnregister(t *testing.T) {
	for _, tt := range []struct {
		name, extra string
		want        string // Contact of the 200, "" none
		lasts       time.Duration
	}{
		{"default", here, "<sip:217@10.0.0.2:5060>;expires=600", 600 * time.Second},
		{"header", here + "Expires: 120", "<sip:217@10.0.0.2:5060>;expires=120", 120 * time.Second},
		{"param before header", "Contact: <sip:217@10.0.0.2:5060>;expires=90\nExpires: 120", "<sip:217@10.0.0.2:5060>;expires=90", 90 * time.Second},
		{"capped", here + "Expires: 86400", "<sip:217@10.0.0.2:5060>;expires=600", 600 * time.Second},
		{"huge", here + "Expires: 99999999999999999999", "<sip:217@10.0.0.2:5060>;expires=600", 600 * time.Second},
		{"nonsense", here + "Expires: soon", "<sip:217@10.0.0.2:5060>;expires=600", 600 * time.Second},
		{"compact", "m: <sip:217@10.0.0.2:5060>", "<sip:217@10.0.0.2:5060>;expires=600", 600 * time.Second},
		{"behind nat", "Contact: <sip:217@192.168.1.9:5060>", "<sip:217@192.168.1.9:5060>;expires=60", 60 * time.Second},
		{"query", "", "", 0},
		{"zero", here + "Expires: 0", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var kinds []string
			c := Config{Registrar: RegistrarConfig{OnChange: func(e RegistrationEvent) { kinds = append(kinds, string(e.Kind)) }}}
			registering(t, c, func(p *tap) {
				res := p.register("217", 1, tt.extra)
				if res.StatusCode != 200 || value(res, "contact") != tt.want {
					t.Fatalf("got\n%s", res)
				}
				if tt.want == "" {
					return
				}
				time.Sleep(tt.lasts - time.Second)
				if list := p.s.Registrar().Lookup("217"); len(list) != 1 || list[0].UserAgent != "phone/1" || list[0].Flow.Transport != UDP || list[0].Tel != "217" {
					t.Errorf("%+v", list)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if list := p.s.Registrar().Lookup("217"); len(list) != 0 {
					t.Errorf("%+v", list)
				}
				if got := strings.Join(kinds, " "); got != "registered expired" {
					t.Errorf("events %s", got)
				}
			})
		})
	}
}

func TestRegisterRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, extra string
		code        int
		header      string
	}{
		{"brief", here + "Expires: 5", 423, "30"},
		{"brief param", "Contact: <sip:217@10.0.0.2>;expires=29", 423, "30"},
		{"wildcard alone", "Contact: *", 400, ""},
		{"wildcard and others", "Contact: *\n" + here + "Expires: 0", 400, ""},
		{"wildcard with time", "Contact: *\nExpires: 10", 400, ""},
		{"not sip", "Contact: <mailto:a@b>", 400, ""},
		{"broken contact", "Contact: <sip:217@10.0.0.2", 400, ""},
		{"too many contacts", strings.Repeat(here, maxWishes+1), 400, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			registering(t, Config{}, func(p *tap) {
				res := p.register("217", 1, tt.extra)
				if res.StatusCode != tt.code || value(res, "min-expires") != tt.header {
					t.Errorf("got\n%s", res)
				}
				if list := p.s.Registrar().Lookup("217"); len(list) != 0 {
					t.Errorf("%+v", list)
				}
			})
		})
	}
}

func TestUnregister(t *testing.T) {
	for _, extra := range []string{here + "Expires: 0", "Contact: <sip:217@10.0.0.2>;expires=0", "Contact: *\nExpires: 0"} {
		var kinds []string
		c := Config{Registrar: RegistrarConfig{OnChange: func(e RegistrationEvent) { kinds = append(kinds, string(e.Kind)) }}}
		registering(t, c, func(p *tap) {
			p.register("217", 1, here)
			if res := p.register("217", 3, extra); res.StatusCode != 200 || value(res, "contact") != "" {
				t.Errorf("got\n%s", res)
			}
			if got := strings.Join(kinds, " "); got != "registered unregistered" || p.s.Stats().Bindings != 0 {
				t.Errorf("events %s", got)
			}
		})
	}
}

func TestLateRegisterChangesNothing(t *testing.T) {
	registering(t, Config{}, func(p *tap) {
		p.register("217", 10, here)
		if res := p.register("217", 5, here+"Expires: 0"); res.StatusCode != 500 {
			t.Errorf("got %d", res.StatusCode)
		}
		if res := p.register("217", 5, "Contact: *\nExpires: 0"); res.StatusCode != 500 {
			t.Errorf("got %d", res.StatusCode)
		}
		if p.s.Stats().Bindings != 1 {
			t.Error("the registration is gone")
		}
	})
}

func TestRetransmittedRegisterIsAnsweredTheSame(t *testing.T) {
	registering(t, Config{}, func(p *tap) {
		p.say(p.registerText("217", 1, here))
		text := p.registerText("217", 2, here+credentials(t, p.last().(*gosip.Response), 0, "REGISTER", "s217", "p217", 1))
		p.say(text)
		p.say(text)
		p.expect("0s 401 REGISTER", "0s 200 REGISTER", "0s 200 REGISTER")
	})
}

func TestMaxContacts(t *testing.T) {
	var kinds []string
	c := Config{Registrar: RegistrarConfig{MaxContacts: 2, OnChange: func(e RegistrationEvent) {
		kinds = append(kinds, string(e.Kind)+":"+e.Binding.Registered.User)
	}}}
	registering(t, c, func(p *tap) {
		p.register("217", 1, "Contact: <sip:a@10.0.0.2>")
		time.Sleep(10 * time.Second)
		p.register("217", 3, "Contact: <sip:b@10.0.0.2>")
		p.register("217", 5, "Contact: <sip:a@10.0.0.2>")
		res := p.register("217", 7, "Contact: <sip:c@10.0.0.2>")
		if got := strings.Join(values(res, "contact"), " "); got != "<sip:a@10.0.0.2>;expires=600 <sip:c@10.0.0.2>;expires=600" {
			t.Errorf("bound %s", got)
		}
		list := p.s.Registrar().Lookup("217")
		if len(list) != 2 || list[0].Contact.User != "c" || list[1].Contact.User != "a" || time.Since(list[1].Since) != 10*time.Second {
			t.Errorf("%+v", list)
		}
		if got := strings.Join(kinds, " "); got != "registered:a registered:b refreshed:a registered:c replaced:b" {
			t.Errorf("events %s", got)
		}
	})
}

// A contact that is named twice rings once, for as long as it said last.
func TestContactNamedTwice(t *testing.T) {
	registering(t, Config{Registrar: RegistrarConfig{MaxContacts: 2}}, func(p *tap) {
		res := p.register("217", 1, "Contact: <sip:a@10.0.0.2>;expires=100, <sip:a@10.0.0.2:5060;x=y>;expires=200")
		if got := strings.Join(values(res, "contact"), " "); got != "<sip:a@10.0.0.2:5060;x=y>;expires=200" || len(p.s.Registrar().Lookup("217")) != 1 {
			t.Errorf("bound %s", got)
		}
	})
}

func TestMaxStations(t *testing.T) {
	var rejected []string
	c := Config{Registrar: RegistrarConfig{MaxStations: 1, OnChange: func(e RegistrationEvent) {
		if e.Kind == Rejected {
			rejected = append(rejected, e.Binding.Tel+" "+e.Reason)
		}
	}}}
	registering(t, c, func(p *tap) {
		p.register("217", 1, here)
		if res := p.register("218", 1, here); res.StatusCode != 403 || res.Reason != "Too Many Stations" {
			t.Errorf("got %d %s", res.StatusCode, res.Reason)
		}
		if res := p.register("217", 3, here); res.StatusCode != 200 {
			t.Errorf("a refresh got %d", res.StatusCode)
		}
		p.register("217", 5, here+"Expires: 0")
		if res := p.register("218", 3, here); res.StatusCode != 200 {
			t.Errorf("the freed place got %d", res.StatusCode)
		}
		if got := strings.Join(rejected, ","); got != "218 too many stations" {
			t.Errorf("rejected %s", got)
		}
	})
}

func TestThirdPartyRegistration(t *testing.T) {
	registering(t, Config{}, func(p *tap) {
		p.say(p.registerText("217", 1, here))
		text := p.registerText("217", 2, here+credentials(t, p.last().(*gosip.Response), 0, "REGISTER", "s217", "p217", 1))
		p.say(strings.Replace(text, "From: <sip:217", "From: <sip:218", 1))
		if p.code() != 403 || p.s.Stats().Bindings != 0 {
			t.Errorf("got %d", p.code())
		}
	})
}

func TestNATPlacement(t *testing.T) {
	udp := Flow{Transport: UDP, Remote: netip.MustParseAddrPort("203.0.113.7:40001"), link: &tap{}}
	tcp := udp
	tcp.Transport = TCP
	for _, tt := range []struct {
		name      string
		flow      Flow
		contact   string
		mode      NATMode
		checkPort bool
		nat       bool
		want      string // where requests go, and the Request-URI's address
		uri       string
	}{
		{"same", udp, "203.0.113.7:40001", NATAuto, true, false, "203.0.113.7:40001", "203.0.113.7:40001"},
		{"other address", udp, "192.168.1.9:5060", NATAuto, false, true, "203.0.113.7:40001", "203.0.113.7:40001"},
		{"other port, ip", udp, "203.0.113.7:5060", NATAuto, false, false, "203.0.113.7:5060", "203.0.113.7:5060"},
		{"other port, ip_port", udp, "203.0.113.7:5060", NATAuto, true, true, "203.0.113.7:40001", "203.0.113.7:40001"},
		{"name", udp, "phone.example.org:5060", NATAuto, false, true, "203.0.113.7:40001", "203.0.113.7:40001"},
		{"forced", udp, "203.0.113.7:5060", NATYes, false, true, "203.0.113.7:40001", "203.0.113.7:40001"},
		{"denied", udp, "192.168.1.9:5060", NATNo, true, false, "192.168.1.9:5060", "192.168.1.9:5060"},
		{"tcp keeps its connection", tcp, "203.0.113.7:5060", NATAuto, true, false, "203.0.113.7:40001", "203.0.113.7:5060"},
		{"tcp behind nat", tcp, "192.168.1.9:5060", NATAuto, false, true, "203.0.113.7:40001", "203.0.113.7:40001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := Binding{}
			if err := gosip.ParseUri("sip:217@"+tt.contact, &b.Registered); err != nil {
				t.Fatal(err)
			}
			b.place(tt.flow, tt.mode, tt.checkPort)
			uri := b.Contact.HostPort()
			if b.BehindNAT != tt.nat || b.Flow.Remote.String() != tt.want || uri != tt.uri || b.Source != tt.flow.Remote {
				t.Errorf("nat %v, to %s, uri %s", b.BehindNAT, b.Flow.Remote, uri)
			}
		})
	}
}

func TestSnapshot(t *testing.T) {
	registering(t, Config{}, func(p *tap) {
		p.register("218", 1, "Contact: <sip:218@192.168.1.9:47268>")
		p.register("217", 1, here)
		time.Sleep(time.Second)
		rows := p.s.Registrar().Snapshot()
		want := Status{Tel: "218", UserAgent: "phone/1", Transport: UDP, Registered: true, Public: p.flow.Remote, SignalPort: 47268, BehindNAT: true, Expires: 59 * time.Second}
		if len(rows) != 2 || rows[0].Tel != "217" || rows[1] != want {
			t.Errorf("%+v", rows)
		}
	})
}

// An INVITE to a registered phone goes where the registration says, and so do ACK and BYE, whatever its Contact says.
func TestCallToANATedPhoneKeepsItsFlow(t *testing.T) {
	registering(t, Config{}, func(p *tap) {
		p.register("217", 1, "Contact: <sip:217@192.168.1.9:5060>")
		b := p.s.Registrar().Lookup("217")[0]
		ev, actor := newEvents(), newLoop(p.t)
		var d *Dialog
		actor.do(func() {
			d, _ = p.s.Invite(InviteRequest{Target: b.Contact, Flow: b.Flow, SDP: offer}, actor, ev.notify)
		})
		p.say(reply(p.lastRequest(gosip.INVITE), 200, "bt", "Contact: <sip:217@192.168.1.9:5060>", string(answer)))
		next[Answered](t, ev)
		if d.Flow().Remote != p.flow.Remote {
			t.Errorf("flow to %s", d.Flow().Remote)
		}
		if ack := p.lastRequest(gosip.ACK); ack.Recipient.Host != "192.168.1.9" {
			t.Errorf("Request-URI %s is not the remote target", ack.Recipient.String())
		}
	})
}
