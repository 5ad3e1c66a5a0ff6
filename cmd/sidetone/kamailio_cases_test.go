package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/peer"
	"sidetone/control/config"
	"sidetone/control/sdp"
)

// pair lets two SIPps play their scenarios and checks that nothing is left then.
func (p *proxied) pair(t *testing.T, caller, callee peer.SIPpConfig) {
	t.Helper()
	callee.Calls = max(caller.Calls, 1)
	check(t, played(t, p.dial(t, caller, callee)...))
	p.nothingLeft(t)
}

// TestKamailioEndings: however a call goes and ends, nothing of it is left.
func TestKamailioEndings(t *testing.T) {
	t.Parallel()
	const calls = 10
	p := newProxied(t, peer.KamailioConfig{}, nil)
	for _, tc := range []struct{ caller, callee string }{
		{peer.SIPpCancel, peer.SIPpRing},
		{peer.SIPpBusy, peer.SIPpRefuse},
		{peer.SIPpLateOffer, peer.SIPpAnswer},
		{peer.SIPpCall, peer.SIPpEarly},
		{peer.SIPpHold, peer.SIPpAnswer},
	} {
		t.Run(tc.caller+" and "+tc.callee, func(t *testing.T) {
			p.pair(t, peer.SIPpConfig{Scenario: tc.caller, Calls: calls, Rate: 2 * calls, Pause: 200 * time.Millisecond}, peer.SIPpConfig{Scenario: tc.callee})
		})
	}
	t.Run("a number that nobody has", func(t *testing.T) {
		before := len(p.tap.heard("offer"))
		a := startSIPp(t, peer.SIPpConfig{Scenario: peer.SIPpUnknown, Server: p.proxy.Address()})
		check(t, played(t, a))
		p.nothingLeft(t)
		if n := len(p.tap.heard("offer")); n != before {
			t.Errorf("%d offers", n-before)
		}
	})
	if offers, deletes := len(p.tap.heard("offer")), len(p.tap.heard("delete")); offers < 5*calls || deletes < 5*calls {
		t.Errorf("%d offers and %d deletes of %d calls", offers, deletes, 5*calls)
	}
}

// TestKamailioUnanswered: a call that rings too long is gone when the proxy gives it up, and so is one that is
// offered to another callee after that or after a refusal; there it gets its media.
func TestKamailioUnanswered(t *testing.T) {
	t.Parallel()
	const calls, voice = 5, 200 * time.Millisecond
	ring := time.Second
	t.Run("given up", func(t *testing.T) {
		t.Parallel()
		p := newProxied(t, peer.KamailioConfig{Ring: ring}, nil)
		p.pair(t, peer.SIPpConfig{Scenario: peer.SIPpNoAnswer, Calls: calls}, peer.SIPpConfig{Scenario: peer.SIPpRing})
	})
	for _, callee := range []string{peer.SIPpRing, peer.SIPpRefuse} {
		t.Run("to another after "+callee, func(t *testing.T) {
			t.Parallel()
			other := startSIPp(t, peer.SIPpConfig{Scenario: peer.SIPpAnswer, Calls: calls})
			check(t, other.WaitListening(soon(t)))
			p := newProxied(t, peer.KamailioConfig{Ring: ring, Other: other.Address()}, nil)
			p.pair(t, peer.SIPpConfig{Scenario: peer.SIPpSpeak, Calls: calls, Voice: voice, Pause: 3 * voice}, peer.SIPpConfig{Scenario: callee})
			check(t, played(t, other))
			p.echoed(t, calls, voice)
		})
	}
}

// TestKamailioHoldKeepsPorts: the ports that each side was given at first are those of every later description.
func TestKamailioHoldKeepsPorts(t *testing.T) {
	t.Parallel()
	p := newProxied(t, peer.KamailioConfig{}, nil)
	p.pair(t, peer.SIPpConfig{Scenario: peer.SIPpHold, Pause: 100 * time.Millisecond}, peer.SIPpConfig{Scenario: peer.SIPpAnswer})
	for _, command := range []string{"offer", "answer"} {
		var ports []int
		var directions []sdp.Direction
		for _, e := range p.tap.heard(command) {
			m := described(t, e).Media[0]
			ports, directions = append(ports, int(m.Port)), append(directions, m.Direction())
		}
		if len(ports) != 3 || ports[0] == 0 || ports[1] != ports[0] || ports[2] != ports[0] {
			t.Errorf("ports of the %ss: %v", command, ports)
		}
		if command == "offer" && !slices.Equal(directions, []sdp.Direction{sdp.SendRecv, sdp.SendOnly, sdp.SendRecv}) {
			t.Errorf("directions of the offers: %v", directions)
		}
	}
}

// described is the description of a reply.
func described(t *testing.T, e exchange) *sdp.Session {
	t.Helper()
	text, _ := e.reply(t).Get("sdp").Text()
	s, err := sdp.Parse([]byte(text))
	if err != nil || len(s.Media) == 0 {
		t.Fatalf("no description in %s: %v", e.replies, err)
	}
	return s
}

// TestKamailioSendsAgain: the first reply to every request is lost on its way; the one to the request that is sent
// again is the same, and the request is carried out once.
func TestKamailioSendsAgain(t *testing.T) {
	t.Parallel()
	const calls, voice = 4, 200 * time.Millisecond
	p := newProxied(t, peer.KamailioConfig{Patience: 100 * time.Millisecond}, func(seen int) bool { return seen == 1 })
	check(t, played(t, p.dial(t, peer.SIPpConfig{Scenario: peer.SIPpSpeak, Calls: calls, Voice: voice, Pause: 3 * voice}, peer.SIPpConfig{Scenario: peer.SIPpAnswer, Calls: calls})...))
	p.settled(t)
	p.echoed(t, calls, voice)
	again := 0
	for _, command := range []string{"ping", "offer", "answer", "query", "delete"} {
		list := p.tap.heard(command)
		if len(list) < calls && command != "ping" || len(list) == 0 {
			t.Errorf("%d times %s", len(list), command)
		}
		for _, e := range list {
			if again += len(e.requests) - 1; len(e.replies) < 2 {
				t.Errorf("%s was answered %d times", command, len(e.replies))
			}
			for i, r := range e.replies {
				if r != e.replies[0] {
					t.Errorf("%s, reply %d is another:\n%s\n%s", command, i+1, e.replies[0], r)
				}
			}
		}
	}
	if n := p.counted(t, "duplicatecount"); n != int64(again) {
		t.Errorf("%d requests came again, %d were taken for that", again, n)
	}
	for _, c := range []string{"offer", "answer", "delete"} {
		if n := p.counted(t, "total"+c+"count"); n != calls {
			t.Errorf("%d calls, %d %ss carried out", calls, n, c)
		}
	}
}

// TestKamailioFindsUsAgain: the proxy takes us for dead while we are not there, and for alive by its ping once we are.
// A call that outlives us ends in good order.
func TestKamailioFindsUsAgain(t *testing.T) {
	peer.Need(t, "kamailio", "sipp")
	t.Parallel()
	engine := netip.MustParseAddrPort(freeUDP(t, "127.0.0.1"))
	start := func() *office {
		return newOffice(t, 0, func(c *config.Config) { c.NG.Listen = []string{"udp:" + engine.String()} })
	}
	p := &proxied{engine: engine, tap: newTap(t, engine, nil)}
	p.proxy = startKamailio(t, peer.KamailioConfig{Patience: 50 * time.Millisecond}, p.tap.address())
	enabled := func(want bool) {
		t.Helper()
		if got, err := p.proxy.EngineEnabled(soon(t)); err != nil || got != want {
			t.Errorf("enabled %t, want %t; %v", got, want, err)
		}
	}
	enabled(false)
	p.office = start()
	const voice = 100 * time.Millisecond
	call := func(pause time.Duration) []*peer.SIPp {
		return p.dial(t, peer.SIPpConfig{Scenario: peer.SIPpSpeak, Voice: voice, Pause: pause}, peer.SIPpConfig{Scenario: peer.SIPpAnswer})
	}
	check(t, played(t, call(3*voice)...))
	p.echoed(t, 1, voice)
	enabled(true)
	p.settled(t)
	eventually(t, "no call", func() bool { return p.sessions(t) == 0 })

	left := call(4 * time.Second) // in which we end and are back
	eventually(t, "a call that is answered", func() bool {
		answers := p.tap.heard("answer")
		return len(answers) == 2 && len(answers[1].replies) == 1
	})
	p.stop()
	p.office = start()
	check(t, played(t, left...))
	enabled(true)
	deletes := p.tap.heard("delete")
	if text := deletes[len(deletes)-1].replies; len(text) != 1 || !strings.Contains(text[0], "7:warning") || !strings.Contains(text[0], "6:result2:ok") {
		t.Errorf("a delete of a call that is not known is answered %q", text)
	}
	check(t, played(t, call(3*voice)...))
	p.settled(t)
}

// TestKamailioGoesToAnother: a proxy that has a second ng server goes there with what we have no ports for.
func TestKamailioGoesToAnother(t *testing.T) {
	peer.Need(t, "kamailio", "sipp")
	t.Parallel()
	listen := func(c *config.Config) { c.NG.Listen = []string{"udp:127.0.0.1:0"} }
	small := newOffice(t, 0, func(c *config.Config) {
		listen(c)
		c.Media.Interfaces[0].Ports = portsOf(t, 4) // of one call
	})
	spare := newOffice(t, 0, listen)
	p := &proxied{office: spare, engine: spare.server.NGAddresses()[0], tap: newTap(t, small.server.NGAddresses()[0], nil)}
	p.proxy = startKamailio(t, peer.KamailioConfig{Spare: p.engine}, p.tap.address())
	const calls, voice = 6, 200 * time.Millisecond
	check(t, played(t, p.dial(t, peer.SIPpConfig{Scenario: peer.SIPpSpeak, Calls: calls, Rate: 20, Voice: voice, Pause: 5 * voice}, peer.SIPpConfig{Scenario: peer.SIPpAnswer, Calls: calls})...))
	p.echoed(t, calls, voice)
	taken := 0
	for _, e := range p.tap.heard("offer") {
		if result, _ := e.reply(t).Get("result").Text(); result == "ok" {
			taken++
		} else if reason, _ := e.reply(t).Get("error-reason").Text(); reason != "Ran out of ports" {
			t.Errorf("an offer was answered %q", e.replies)
		}
	}
	if taken != 1 {
		t.Errorf("%d calls were taken where there are ports for one", taken)
	}
	small.settled(t)
	p.settled(t)
	eventually(t, "no session", func() bool { return p.sessions(t) == 0 })
}
