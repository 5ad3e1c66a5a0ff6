package main

import (
	"regexp"
	"strings"
	"testing"

	"sidetone/bench/peer"
)

// TestSIPpEarlyMediaAndLateOffer: a 183 with SDP reaches the caller as a 183 with the server's own media address, and
// the 200 repeats the same description; an INVITE without SDP is offered in the 200 and takes its answer from the ACK.
func TestSIPpEarlyMediaAndLateOffer(t *testing.T) {
	peer.Need(t, "sipp")
	ports := regexp.MustCompile(`(?s)SIP/2.0 (183|200) [^\r\n]*\r?\n[^\x00]*?m=audio (\d+) RTP/AVP ([0-9 ]+)`)
	for _, c := range []struct {
		name, caller, callee string
		want                 []string // codes of the responses with SDP that the caller gets
	}{
		{"early media", peer.SIPpCall, peer.SIPpEarly, []string{"183", "200"}},
		{"late offer", peer.SIPpLateOffer, peer.SIPpAnswer, []string{"200"}},
		{"late offer to early media", peer.SIPpLateOffer, peer.SIPpEarly, []string{"200"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t, 2, nil)
			a := o.play(t, peer.SIPpRegister, 0, 0, "")
			b := o.play(t, peer.SIPpRegister, 1, 0, "")
			callee := o.script(t, c.callee, 1, b.Port(), "")
			if err := callee.WaitListening(soon(t)); err != nil {
				t.Fatal(err)
			}
			caller := o.play(t, c.caller, 0, a.Port(), "218")
			if err := callee.Wait(soon(t)); err != nil {
				t.Error(err)
			}
			var codes, described []string
			for _, received := range strings.Split(caller.Messages(), "message received")[1:] {
				if m := ports.FindStringSubmatch(received); m != nil {
					codes = append(codes, m[1])
					described = append(described, m[2]+" "+strings.TrimSpace(m[3]))
				}
			}
			if strings.Join(codes, " ") != strings.Join(c.want, " ") {
				t.Fatalf("descriptions in %v, want them in %v:\n%s", codes, c.want, caller.Messages())
			}
			for _, d := range described {
				if d != described[0] {
					t.Errorf("the 200 says %q after %q", d, described[0])
				}
			}
			o.settled(t)
		})
	}
}
