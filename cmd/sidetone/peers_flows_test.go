package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sidetone/bench/peer"
	"sidetone/control/api"
)

// TestSIPpFlows plays the figures of the OfficeServ manual message by message: the station that acts is strict, the others follow.
// Nothing is left after each.
func TestSIPpFlows(t *testing.T) {
	peer.Need(t, "sipp")
	both := []string{peer.SIPpAnswer, peer.SIPpAnswer}
	for name, tc := range map[string]struct {
		others []string // what 218, 219 play: "" is registered and silent
		joined bool     // they talk to each other afterwards
		flow   func(f *peer.Flow)
	}{
		"conference, figures 1 and 2": {both, true, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Invite("b", "46", 480)
			f.Invite("c", "219", 180, 200)
			f.Ended() // the line to the first member is no longer useful
			f.Offer("c", "sendonly")
			f.Invite("d", "46", 480)
			f.Invite("e", "46", 480)
			f.Offered() // the re-INVITE to all terminals
			f.Offer("c", "sendrecv")
			f.Pause()
			f.Bye("c")
		}},
		"consultation transfer": {both, true, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Invite("b", "219", 180, 200)
			f.Bye("b")
			f.Ended()
		}},
		"blind transfer by hanging up": {both, true, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Ring("b", "219")
			f.Cancel("b", "219")
			f.Ended()
			f.Pause() // the target answers
		}},
		"blind transfer by REFER": {both, true, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Refer("a", "219", 100, 180, 200)
			f.Bye("a")
		}},
		"call park": {both[:1], false, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Invite("b", "11", 480)
			f.Ended()
			f.Invite("c", "12217", 200)
			f.Pause()
			f.Bye("c")
		}},
		"attended transfer by REFER": {both, true, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Invite("b", "219", 180, 200)
			f.Offer("b", "sendonly")
			f.ReferTo("a", "b", "219", 100)
			f.Ended() // the line that is replaced
			f.Told(200)
			f.Bye("a")
		}},
		"transfer to a busy phone": {[]string{peer.SIPpAnswer, peer.SIPpRefuse}, false, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Refer("a", "219", 100, 486)
			f.Offer("a", "sendrecv")
			f.Pause()
			f.Bye("a")
		}},
		"transfer to a dead phone": {[]string{peer.SIPpAnswer, ""}, false, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Refer("a", "219", 100, 408)
			f.Offer("a", "sendrecv")
			f.Pause()
			f.Bye("a")
		}},
		"transfer to an unregistered phone": {both[:1], false, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Refer("a", "219", 100, 480)
			f.Offer("a", "sendrecv")
			f.Pause()
			f.Bye("a")
		}},
		"DND": {[]string{""}, false, func(f *peer.Flow) {
			f.As("b", "218", "s218", "secret-218")
			f.Invite("b", "401", 480)
			f.Invite("a", "218", 486)
			f.As("c", "218", "s218", "secret-218")
			f.Invite("c", "400", 480)
		}},
		"forward": {[]string{"", peer.SIPpAnswer}, false, func(f *peer.Flow) {
			f.As("b", "218", "s218", "secret-218")
			f.Invite("b", "601219", 480)
			f.Invite("a", "218", 181, 180, 200)
			f.Bye("a")
			f.As("c", "218", "s218", "secret-218")
			f.Invite("c", "600", 480)
		}},
		"forward loop": {[]string{"", ""}, false, func(f *peer.Flow) {
			f.As("b", "218", "s218", "secret-218")
			f.Invite("b", "601219", 480)
			f.As("c", "219", "s219", "secret-219")
			f.Invite("c", "601218", 480)
			f.Invite("a", "218", 181, 480)
			f.As("d", "219", "s219", "secret-219")
			f.Invite("d", "601217", 480) // and to who calls
			f.Invite("e", "218", 181, 486)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 3, recalls)
			var others []*peer.SIPp
			for i, scenario := range tc.others {
				r := o.play(t, peer.SIPpRegister, 1+i, 0, "")
				if scenario == "" {
					continue
				}
				s := o.script(t, scenario, 1+i, r.Port(), "")
				check(t, s.WaitListening(soon(t)))
				others = append(others, s)
			}
			a := o.play(t, peer.SIPpRegister, 0, 0, "")
			f := peer.NewFlow()
			tc.flow(f)
			check(t, o.startSIPp(t, peer.SIPpConfig{Flow: f}, 0, a.Port()).Wait(soon(t)))
			if tc.joined {
				if len(o.calls(t)) == 0 {
					t.Error("the others are not connected")
				}
				o.terminate(t)
			}
			for _, s := range others {
				check(t, s.Wait(soon(t)))
			}
			o.settled(t)
		})
	}
}

// calls are those that are there now.
func (o *office) calls(t *testing.T) []api.Call {
	t.Helper()
	var c api.Calls
	check(t, json.Unmarshal([]byte(o.get(t, "/v1/calls")), &c))
	return c.Calls
}

// terminate ends them.
func (o *office) terminate(t *testing.T) {
	t.Helper()
	for _, c := range o.calls(t) {
		_, _, _ = command(t, "ctl", "--api", "http://"+o.api, "terminate", c.ID) // it may have ended with another
	}
}

// TestSIPpPickup: 217 answers, by 65 + station, the call that rings at 218.
func TestSIPpPickup(t *testing.T) {
	peer.Need(t, "sipp")
	o := newOffice(t, 3, nil)
	rings := o.play(t, peer.SIPpRegister, 1, 0, "")
	ringing := o.script(t, peer.SIPpRing, 1, rings.Port(), "")
	check(t, ringing.WaitListening(soon(t)))
	caller := o.startSIPp(t, peer.SIPpConfig{Scenario: peer.SIPpCall, To: "218", Pause: time.Second}, 2, 0)
	eventually(t, "218 rings", func() bool { return strings.Contains(o.get(t, "/v1/calls"), `"state":"ringing"`) })
	a := o.play(t, peer.SIPpRegister, 0, 0, "")
	f := peer.NewFlow()
	f.Invite("a", "65218", 200)
	f.Ended()
	check(t, o.startSIPp(t, peer.SIPpConfig{Flow: f}, 0, a.Port()).Wait(soon(t)))
	check(t, ringing.Wait(soon(t)))
	check(t, caller.Wait(soon(t)))
	o.settled(t)
}

// TestSIPpTwoPickups: two phones dial 65218 while 218 rings, in one moment: one is connected, the other told 480.
func TestSIPpTwoPickups(t *testing.T) {
	peer.Need(t, "sipp")
	o := newOffice(t, 4, nil)
	var ports []int
	for i := range 4 {
		ports = append(ports, o.play(t, peer.SIPpRegister, i, 0, "").Port())
	}
	for range 3 {
		ringing := o.script(t, peer.SIPpRing, 1, ports[1], "")
		check(t, ringing.WaitListening(soon(t)))
		f := peer.NewFlow()
		f.Invite("a", "218", 180, 200)
		f.Ended()
		caller := o.startSIPp(t, peer.SIPpConfig{Flow: f}, 3, ports[3])
		eventually(t, "218 rings", func() bool { return strings.Contains(o.get(t, "/v1/calls"), `"state":"ringing"`) })
		var picking []*peer.SIPp
		for _, i := range []int{0, 2} {
			f := peer.NewFlow()
			f.Dial("a", "65218")
			f.Settle("a", "65218")
			picking = append(picking, o.startSIPp(t, peer.SIPpConfig{Flow: f}, i, ports[i]))
		}
		refused := 0
		for _, s := range picking {
			check(t, s.Wait(soon(t)))
			refused += strings.Count(s.Messages(), "SIP/2.0 480 ")
		}
		if refused != 1 {
			t.Errorf("%d of two were refused", refused)
		}
		check(t, ringing.Wait(soon(t)))
		check(t, caller.Wait(soon(t)))
		o.settled(t)
	}
}

// TestSIPpRaces: what crosses on the wire, sent back to back without waiting for answers, or by the other side at the same moment.
// Whatever wins, each side is answered, and no call and no port is left.
func TestSIPpRaces(t *testing.T) {
	peer.Need(t, "sipp")
	for name, tc := range map[string]struct {
		other  string // what 218 plays
		joined bool   // 218 and 219 talk to each other afterwards
		flow   func(f *peer.Flow)
	}{
		"CANCEL against 200": {peer.SIPpPrompt, false, func(f *peer.Flow) {
			f.Dial("a", "218")
			f.Receive(100, true)
			f.Receive(180, false) // with 200 behind it
			f.Send("a", "CANCEL", "218", "", "")
			f.Settle("a", "218")
		}},
		"BYE behind re-INVITE": {peer.SIPpPrompt, false, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Send("a", "INVITE", "", "", "sendonly")
			f.Send("a", "BYE", "", "", "")
			f.Settle("a", "")
		}},
		"BYE against re-INVITE": {peer.SIPpHasty, false, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Send("a", "INVITE", "", "", "sendonly")
			f.Settle("a", "")
		}},
		"BYE behind REFER": {peer.SIPpPrompt, true, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Send("a", "REFER", "", "Refer-To: <sip:219@[domain]>", "")
			f.Send("a", "BYE", "", "", "")
			f.Settle("a", "")
		}},
		"BYE against REFER": {peer.SIPpHasty, false, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Send("a", "REFER", "", "Refer-To: <sip:219@[domain]>", "")
			f.Settle("a", "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 3, nil)
			other := o.play(t, peer.SIPpRegister, 1, 0, "")
			target := o.play(t, peer.SIPpRegister, 2, 0, "")
			a := o.play(t, peer.SIPpRegister, 0, 0, "")
			for range 3 {
				b := o.script(t, tc.other, 1, other.Port(), "")
				check(t, b.WaitListening(soon(t)))
				c := o.script(t, peer.SIPpPrompt, 2, target.Port(), "") // rung by a transfer that wins
				check(t, c.WaitListening(soon(t)))
				f := peer.NewFlow()
				tc.flow(f)
				check(t, o.startSIPp(t, peer.SIPpConfig{Flow: f}, 0, a.Port()).Wait(soon(t)))
				if tc.joined {
					calls := o.calls(t)
					if len(calls) != 1 || calls[0].From != "218" || calls[0].To != "219" {
						t.Errorf("calls %+v", calls)
					}
					o.terminate(t)
					check(t, c.Wait(soon(t)))
				}
				check(t, b.Wait(soon(t)))
				o.settled(t)
				c.Close()
			}
		})
	}
}
