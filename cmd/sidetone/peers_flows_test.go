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
	for name, tc := range map[string]struct {
		members int
		flow    func(f *peer.Flow)
	}{
		"conference, figures 1 and 2": {2, func(f *peer.Flow) {
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
		"consultation transfer": {2, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Invite("b", "219", 180, 200)
			f.Bye("b")
			f.Ended()
		}},
		"blind transfer by hanging up": {2, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Ring("b", "219")
			f.Cancel("b", "219")
			f.Ended()
			f.Pause() // the target answers
		}},
		"blind transfer by REFER": {2, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Refer("a", "219", 100, 180, 200)
			f.Bye("a")
		}},
		"call park": {1, func(f *peer.Flow) {
			f.Invite("a", "218", 180, 200)
			f.Offer("a", "sendonly")
			f.Invite("b", "11", 480)
			f.Ended()
			f.Invite("c", "12217", 200)
			f.Pause()
			f.Bye("c")
		}},
		"DND and forward": {0, func(f *peer.Flow) {
			f.Invite("a", "401", 480)
			f.Invite("b", "400", 480)
			f.Invite("c", "601218", 480)
			f.Invite("d", "600", 480)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 3, nil)
			var others []*peer.SIPp
			for i := range tc.members {
				r := o.play(t, peer.SIPpRegister, 1+i, 0, "")
				s := o.script(t, peer.SIPpAnswer, 1+i, r.Port(), "")
				check(t, s.WaitListening(soon(t)))
				others = append(others, s)
			}
			a := o.play(t, peer.SIPpRegister, 0, 0, "")
			f := peer.NewFlow()
			tc.flow(f)
			check(t, o.startSIPp(t, peer.SIPpConfig{Flow: f}, 0, a.Port()).Wait(soon(t)))
			var left api.Calls // of two members, who talk on
			check(t, json.Unmarshal([]byte(o.get(t, "/v1/calls")), &left))
			for _, c := range left.Calls {
				if tc.members == 2 {
					_, _, _ = command(t, "ctl", "--api", "http://"+o.api, "terminate", c.ID) // it may have ended with the other
				}
			}
			for _, s := range others {
				check(t, s.Wait(soon(t)))
			}
			o.settled(t)
		})
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
