package main

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"

	"sidetone/bench/audio"
	"sidetone/bench/peer"
	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// freeUDP is a UDP port of a loopback address that nobody else is given: servers that know each other have to know each other's
// before they run.
func freeUDP(t *testing.T, address string) string {
	t.Helper()
	return net.JoinHostPort(address, fmt.Sprint(must[int](t)(peer.FreePorts(1))))
}

// at puts an office on an address; its stations are the same 217, 218, ... as everywhere.
func at(c *config.Config, udp string) {
	host, _, _ := strings.Cut(udp, ":")
	c.SIP.Listen = []string{"udp:" + udp}
	c.Media.Interfaces[0].Address = netip.MustParseAddr(host)
}

func newTrunk(name, access, server string) config.Trunk {
	return config.Trunk{Name: name, Access: access, Server: server, Register: config.TrunkRegister{Expires: time.Hour}}
}

// capacity asks what is in use.
func (o *office) capacity(t *testing.T) (c api.Capacity) {
	t.Helper()
	check(t, json.Unmarshal([]byte(o.get(t, "/v1/capacity")), &c))
	return c
}

// quiet waits until no call and no port is in use, whatever the office's address.
func (o *office) quiet(t *testing.T) {
	t.Helper()
	eventually(t, "no call and no port in use", func() bool {
		c := o.capacity(t)
		return c.Calls.Used == 0 && c.Ports[0].Used == 0 && c.MPS.Used == 0 && c.MGI.Used == 0
	})
}

func (o *office) trunk(t *testing.T, name string) (found api.Trunk) {
	t.Helper()
	var b api.Trunks
	check(t, json.Unmarshal([]byte(o.get(t, "/v1/trunks")), &b))
	for _, r := range b.Trunks {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no trunk %s in %+v", name, b)
	return found
}

// twins are two offices on loopback that know each other by their addresses: 9 leads from the first to the second, 8 back.
func twins(t *testing.T, change func(a, b *config.Config)) (a, b *office) {
	t.Helper()
	udpA, udpB := freeUDP(t, "127.0.0.1"), freeUDP(t, "127.0.0.2")
	var first, second *config.Config
	start := func(udp string, tr config.Trunk) func(*config.Config) {
		return func(c *config.Config) {
			at(c, udp)
			c.Trunks = []config.Trunk{tr}
			if first == nil {
				first = c
				return
			}
			second = c
			if change != nil {
				change(nil, second)
			}
		}
	}
	setA := start(udpA, newTrunk("b", "9", udpB))
	a = newOffice(t, 3, func(c *config.Config) {
		setA(c)
		if change != nil {
			change(c, nil)
		}
	})
	b = newOffice(t, 3, start(udpB, newTrunk("a", "8", udpA)))
	eventually(t, "the trunks are known", func() bool { return len(a.trunk(t, "b").Hops) == 1 && len(b.trunk(t, "a").Hops) == 1 })
	return a, b
}

// TestTrunkByAddress: two offices call each other through trunks that go by address; hold, resume, forward and transfer
// work as between stations, and afterwards nothing is left.
func TestTrunkByAddress(t *testing.T) {
	a, b := twins(t, func(a, _ *config.Config) {
		if a != nil {
			a.Stations[0].InsertTrunk = config.InsertTrunk{Code: "9", Type: "incoming"}
			a.Stations[1].InsertTrunk = config.InsertTrunk{Code: "9", Type: "outgoing"}
			a.FeatureCodes.Conference = ""
		}
	})
	here := a.voices(t, 3, nil)
	there := b.voices(t, 3, func(i int, c *phone.Config) { c.Tone = voiceOf(i + 3) })

	t.Run("out", func(t *testing.T) {
		c := must[*phone.Call](t)(here[1].Call(soon(t), "9218"))
		d := incoming(t, there[1])
		if d.From() != "218" { // which is the number of the called station too: it is not taken for it
			t.Errorf("called by %q, want 218", d.From())
		}
		voicesAt(t, c, there[1])
		voicesAt(t, d, here[1])
		if n := a.trunk(t, "b").Calls; n != 1 {
			t.Errorf("the trunk carries %d calls", n)
		}
		check(t, c.Hold(soon(t), phone.SendOnly))
		voicesAt(t, d)
		check(t, c.Resume(soon(t)))
		voicesAt(t, c, there[1])
		voicesAt(t, d, here[1])
		check(t, d.Hangup(soon(t)))
		ended(t, c)
	})
	t.Run("the end of a long number", func(t *testing.T) {
		c := must[*phone.Call](t)(there[0].Call(soon(t), "80398722217"))
		d := incoming(t, here[0])
		if d.From() != "9217" { // Insert Trunk Port, incoming: the phone can call back
			t.Errorf("called by %q, want 9217", d.From())
		}
		voicesAt(t, c, here[0])
		voicesAt(t, d, there[0])
		check(t, c.Hangup(soon(t)))
		ended(t, d)
	})
	t.Run("outgoing code", func(t *testing.T) { // only numbers longer than four digits
		c := must[*phone.Call](t)(here[1].Call(soon(t), "55217"))
		d := incoming(t, there[0])
		check(t, c.Hangup(soon(t)))
		ended(t, d)
		if code := refused(t, here[1], "5217"); code != 404 {
			t.Errorf("5217: %d, want 404", code)
		}
	})
	t.Run("forward to a trunk", func(t *testing.T) {
		check(t, here[2].Feature(soon(t), "6019219"))
		for _, from := range []*phone.Phone{here[0], there[0]} { // also for a call from outside: 219 has said so
			number := "219"
			if from == there[0] {
				number = "8219"
			}
			c := must[*phone.Call](t)(from.Call(soon(t), number))
			d := incoming(t, there[2])
			voicesAt(t, c, there[2])
			voicesAt(t, d, from)
			check(t, c.Hangup(soon(t)))
			ended(t, d)
		}
		check(t, here[2].Feature(soon(t), "600"))
	})
	t.Run("forwards in a circle", func(t *testing.T) {
		check(t, here[2].Feature(soon(t), "6019219"))
		check(t, there[2].Feature(soon(t), "6018219"))
		if code := refused(t, here[0], "219"); code < 400 {
			t.Errorf("%d", code)
		}
		check(t, here[2].Feature(soon(t), "600"))
		check(t, there[2].Feature(soon(t), "600"))
	})
	t.Run("transfer to a trunk", func(t *testing.T) {
		c := must[*phone.Call](t)(here[0].Call(soon(t), "218"))
		d := incoming(t, here[1])
		code, err := c.Refer(soon(t), "9218", nil)
		if err != nil || code != 202 {
			t.Fatalf("REFER: %d %v", code, err)
		}
		e := incoming(t, there[1])
		transferred(t, c, 200)
		voicesAt(t, d, there[1])
		voicesAt(t, e, here[1])
		check(t, e.Hangup(soon(t)))
		ended(t, d)
	})
	a.quiet(t)
	b.quiet(t)
}

// voiceOf is the tone of the i-th phone of a test in which numbers do not tell phones apart.
func voiceOf(i int) float64 { return audio.Voices()[i] }

// voicesAt waits until a phone hears those it should, and nobody else: listens for two offices whose stations have the same numbers.
func voicesAt(t *testing.T, c *phone.Call, talkers ...*phone.Phone) {
	t.Helper()
	var tones []audio.Tone
	for i, hz := range audio.Voices() {
		tones = append(tones, audio.Tone{Name: string(rune('0' + i)), Hz: hz})
	}
	ctx, heard := soon(t), audio.Hearing{}
	for {
		h, err := c.Listen(ctx, 200*time.Millisecond, tones)
		if err != nil {
			t.Fatalf("%s hears %+v, want %d others: %v", c.Phone().Tel(), heard.Tones, len(talkers), err)
		}
		heard = h
		right := true
		for _, tone := range tones {
			talks := slices.ContainsFunc(talkers, func(p *phone.Phone) bool { return p.Tone() == tone.Hz })
			level := h.Named(tone.Name).Usual
			right = right && (talks && math.Abs(level-spoken) < 1.5 || !talks && level < notHeard)
		}
		if right {
			return
		}
	}
}

// TestTrunkCallersAreNobody: a party outside reaches numbers, and nothing else: no codes, no other trunks, no transfers, no
// calls of others, whatever caller id it shows.
func TestTrunkCallersAreNobody(t *testing.T) {
	udp := freeUDP(t, "127.0.0.1")
	gateway := freeUDP(t, "127.0.0.1")
	o := newOffice(t, 3, func(c *config.Config) {
		at(c, udp)
		inward := newTrunk("door", "", "")
		inward.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.3/32")}
		c.Trunks = []config.Trunk{newTrunk("toll", "9", gateway), inward}
	})
	stations := o.voices(t, 3, nil)
	eventually(t, "the trunk is known", func() bool { return len(o.trunk(t, "toll").Hops) == 1 })
	outside, err := phone.New(phone.Config{Server: o.udp, Address: "127.0.0.3", Tel: "217", Tone: voiceOf(3), Incoming: phone.Auto})
	check(t, err)
	go func() { _ = outside.Run(t.Context()) }() // ends with the test's context
	for number, want := range map[string]int{
		"9": 404, "90": 404, "9555": 404, "0559555": 404, // other trunks
		"40": 404, "46": 404, "600": 404, "6019555": 404, "11": 404, "12": 404, "65": 404, "66": 404, "*1": 404, // codes
		"": 404, "21": 404, // nobody
	} {
		if number == "" {
			continue
		}
		if code := refused(t, outside, number); code != want {
			t.Errorf("%s: %d, want %d", number, code, want)
		}
	}
	if s := o.get(t, "/v1/trunks"); !strings.Contains(s, `"calls":0`) {
		t.Errorf("%s", s)
	}

	// 217 talks: the caller with its number is another party, so it is not busy for 218, nor has it 217's calls.
	c, d := pair(t, stations[0], stations[1])
	if code := refused(t, outside, "217"); code != 486 {
		t.Errorf("217 talks, and a caller that shows its number gets %d, want 486", code)
	}
	x := must[*phone.Call](t)(outside.Call(soon(t), "219"))
	y := incoming(t, stations[2])
	if y.From() != "217" {
		t.Errorf("called by %q", y.From())
	}
	voicesAt(t, y, outside)
	voicesAt(t, x, stations[2])
	for _, number := range []string{"9555", "218"} { // its carrier may not send it on
		if code, err := x.Refer(soon(t), number, nil); err != nil || code != 403 {
			t.Errorf("REFER to %s: %d %v, want 403", number, code, err)
		}
	}
	voicesAt(t, y, outside)
	if n := len(stations[0].Calls()); n != 1 {
		t.Errorf("217 has %d calls", n)
	}
	check(t, x.Hangup(soon(t)))
	ended(t, y)
	check(t, c.Hangup(soon(t)))
	ended(t, d)

	// A stranger from another address is asked to prove who it is, as ever.
	stranger, err := phone.New(phone.Config{Server: o.udp, Address: "127.0.0.4", Tel: "217", Password: "wrong-one"})
	check(t, err)
	go func() { _ = stranger.Run(t.Context()) }() // ends with the test's context
	if code := refused(t, stranger, "219"); code != 401 {
		t.Errorf("a stranger: %d, want 401 after its wrong answer to 401", code)
	}
	o.quiet(t)
}

// TestTrunkRegisters: one office is a station of the other.
func TestTrunkRegisters(t *testing.T) {
	a := newOffice(t, 3, nil)
	b := newOffice(t, 2, func(c *config.Config) {
		at(c, freeUDP(t, "127.0.0.2"))
		tr := newTrunk("main", "8", a.udp)
		tr.Register = config.TrunkRegister{User: "219", AuthUser: "s219", Password: config.NewSecret("secret-219"), Expires: time.Hour}
		tr.Incoming = "218"
		wrong := newTrunk("wrong", "7", a.udp)
		wrong.Register = config.TrunkRegister{User: "218", AuthUser: "s218", Password: config.NewSecret("not-secret"), Expires: time.Hour}
		c.Trunks = []config.Trunk{tr, wrong}
	})
	eventually(t, "registered", func() bool { return b.trunk(t, "main").State == "registered" })
	eventually(t, "refused", func() bool { return b.trunk(t, "wrong").State == "unregistered" })
	if w := b.trunk(t, "wrong"); w.Code != 403 && w.Code != 401 || w.Error == "" {
		t.Errorf("%+v", w)
	}
	if code, out, _ := command(t, "ctl", "--api", "http://"+b.api, "trunks"); code != 0 || !strings.Contains(out, "main") || !strings.Contains(out, "registered") {
		t.Errorf("ctl trunks: %d\n%s", code, out)
	}
	here := a.voices(t, 1, nil)
	there := b.voices(t, 2, func(i int, c *phone.Config) { c.Tone = voiceOf(i + 3) })

	c := must[*phone.Call](t)(there[0].Call(soon(t), "8217")) // challenged, and shown as the account
	d := incoming(t, here[0])
	if d.From() != "219" {
		t.Errorf("called by %q, want 219", d.From())
	}
	voicesAt(t, c, here[0])
	voicesAt(t, d, there[0])
	check(t, d.Hangup(soon(t)))
	ended(t, c)

	c = must[*phone.Call](t)(here[0].Call(soon(t), "219")) // the account has no number here, so trunks[].incoming gets it
	d = incoming(t, there[1])
	voicesAt(t, c, there[1])
	voicesAt(t, d, here[0])
	check(t, c.Hangup(soon(t)))
	ended(t, d)
	if code := refused(t, there[0], "7217"); code < 400 {
		t.Errorf("a trunk with a wrong password: %d", code)
	}
	a.quiet(t)
	b.quiet(t)
	b.stop()
	eventually(t, "unregistered", func() bool {
		return strings.Contains(a.get(t, "/v1/stations"), `"tel":"219","name":"","status":"unregistered"`)
	})
}

// TestTrunkFailsOver: of three carriers with one access code the first is dead, the second refuses with 503, the third
// challenges and takes the call.
func TestTrunkFailsOver(t *testing.T) {
	peer.Need(t, "sipp")
	start := func(scenario string, calls int) *peer.SIPp {
		s, err := peer.StartSIPp(peer.SIPpConfig{Scenario: scenario, Calls: calls, Tel: "carrier", UserID: "u555", Password: "carrier-secret", Dir: t.TempDir()})
		check(t, err)
		t.Cleanup(func() { s.Close() })
		check(t, s.WaitListening(soon(t)))
		return s
	}
	down, takes := start(peer.SIPpDown, 1), start(peer.SIPpChallenge, 2) // REGISTER and the call
	o := newOffice(t, 1, func(c *config.Config) {
		third := newTrunk("third", "9", takes.Address())
		third.Register = config.TrunkRegister{User: "555", AuthUser: "u555", Password: config.NewSecret("carrier-secret"), Expires: time.Hour}
		c.Trunks = []config.Trunk{newTrunk("dead", "9", freeUDP(t, "127.0.0.1")), newTrunk("down", "9", down.Address()), third}
	})
	p := o.phone(t, 0, nil)
	eventually(t, "the trunks are known", func() bool { return len(o.trunk(t, "third").Hops) == 1 && len(o.trunk(t, "dead").Hops) == 1 })
	c := must[*phone.Call](t)(p.Call(soon(t), "90398722900"))
	check(t, c.Hangup(soon(t)))
	for _, s := range []*peer.SIPp{down, takes} {
		check(t, s.Wait(soon(t)))
	}
	if m := down.Messages(); !strings.Contains(m, "INVITE sip:0398722900@") || !strings.Contains(m, "P-Asserted-Identity: <sip:217@") {
		t.Errorf("known by address: %s", m)
	}
	if m := takes.Messages(); !strings.Contains(m, "<sip:555@") || strings.Contains(m, "P-Asserted-Identity") || strings.Contains(m, "P-Preferred-Identity") {
		t.Errorf("with an account: %s", m)
	} else if c, err := digest.ParseCredentials(value(m, "Proxy-Authorization")); err != nil || c.Response != rightAnswer(c) {
		t.Errorf("the challenge is answered with %+v %v", c, err)
	}
	o.quiet(t)
}

// value is the first header of that name in SIPp's log.
func value(messages, name string) string {
	_, v, _ := strings.Cut(messages[max(strings.Index(messages, name+": "), 0):], ": ")
	v, _, _ = strings.Cut(v, "\n")
	return strings.TrimSpace(v)
}

// rightAnswer computes the response of RFC 2617 3.2.2 for an INVITE with the carrier's password.
func rightAnswer(c *digest.Credentials) string {
	h := func(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }
	return h(strings.Join([]string{h("u555:carrier.example:carrier-secret"), c.Nonce, fmt.Sprintf("%08x", c.Nc), c.Cnonce, c.QOP, h("INVITE:" + c.URI)}, ":"))
}

// TestTrunkAuthCodes: a trunk with auth codes takes only numbers that bring one, and no code is ever shown.
func TestTrunkAuthCodes(t *testing.T) {
	a, b := twins(t, func(a, _ *config.Config) {
		if a != nil {
			a.FeatureCodes.AuthCode = "*8"
			a.Trunks[0].AuthCodes = []config.Secret{config.NewSecret("4711"), config.NewSecret("47")}
		}
	})
	p, q := a.phone(t, 0, nil), b.phone(t, 0, nil)
	for number, want := range map[string]int{"9217": 403, "*89217": 403, "*812349217": 403, "*8471217": 403, "*84711": 403} {
		if code := refused(t, p, number); code != want {
			t.Errorf("%s: %d, want %d", number, code, want)
		}
	}
	for _, number := range []string{"*847119217", "*8479217"} {
		c := must[*phone.Call](t)(p.Call(soon(t), number))
		d := incoming(t, q)
		if s := a.get(t, "/v1/calls"); strings.Contains(s, "47") && strings.Contains(s, "*8") || !strings.Contains(s, `"to":"9217"`) {
			t.Errorf("%s shows as %s", number, s)
		}
		check(t, c.Hangup(soon(t)))
		ended(t, d)
	}
	if log := a.get(t, "/v1/access-log"); !strings.Contains(log, "auth code") {
		t.Errorf("the access log says nothing: %s", log)
	}
	for _, secret := range []string{"4711", "1234"} {
		a.log.mu.Lock()
		if strings.Contains(a.log.text.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
		a.log.mu.Unlock()
	}
	a.quiet(t)
	b.quiet(t)
}
