package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sidetone/bench/peer"
	"sidetone/bench/phone"
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

// sectionLines are the m= lines of the first message received that matches, "on" in the place of a port.
func sectionLines(s *peer.SIPp, message string) (list []string) {
	for _, received := range strings.Split(s.Messages(), "message received")[1:] {
		if !regexp.MustCompile(message).MatchString(received) {
			continue
		}
		received, _, _ = strings.Cut(received, " message sent ")
		for _, m := range regexp.MustCompile(`m=(\w+) (\d+) (\S+)`).FindAllStringSubmatch(received, -1) {
			port := "on"
			if m[2] == "0" {
				port = "0"
			}
			list = append(list, m[1]+" "+port+" "+m[3])
		}
		return list
	}
	return nil
}

// TestSIPpSections calls with more sections than the voice: what the called phone takes is on, in its line; what it refuses, leaves out,
// or nobody can take, is answered with port 0.
func TestSIPpSections(t *testing.T) {
	peer.Need(t, "sipp")
	const answered = `SIP/2.0 200 [^\x00]*CSeq: \d+ INVITE`
	h264 := []string{"m=video [media_port+2] RTP/AVP 97", "a=rtpmap:97 H264/90000", "a=fmtp:97 packetization-mode=1"}
	second := []string{"m=audio [media_port+2] RTP/AVP 0", "a=rtpmap:0 PCMU/8000"}
	voice := "audio on RTP/AVP"
	for name, c := range map[string]struct {
		caller, callee  []string
		invited, result []string // the INVITE to the called phone, and the answer to the caller
	}{
		"video": {h264, h264, []string{voice, "video on RTP/AVP"}, []string{voice, "video on RTP/AVP"}},
		"video that is refused": {h264, []string{"m=video 0 RTP/AVP 97"},
			[]string{voice, "video on RTP/AVP"}, []string{voice, "video 0 RTP/AVP"}},
		"video that the answer leaves out": {h264, nil, []string{voice, "video on RTP/AVP"}, []string{voice, "video 0 RTP/AVP"}},
		"video in another codec": {h264, []string{"m=video [media_port+2] RTP/AVP 99", "a=rtpmap:99 VP8/90000"},
			[]string{voice, "video on RTP/AVP"}, []string{voice, "video 0 RTP/AVP"}},
		"a second voice": {second, nil, []string{voice}, []string{voice, "audio 0 RTP/AVP"}},
		"a second voice before the video": {slices.Concat(second, h264), h264,
			[]string{voice, "video on RTP/AVP"}, []string{voice, "audio 0 RTP/AVP", "video on RTP/AVP"}},
		"over TCP": {[]string{"m=message 9 TCP/MSRP *"}, nil, []string{voice}, []string{voice, "message 0 TCP/MSRP"}},
		"no port":  {[]string{"m=video 0 RTP/AVP 97"}, nil, []string{voice}, []string{voice, "video 0 RTP/AVP"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 2, nil)
			a, b := o.play(t, peer.SIPpRegister, 0, 0, ""), o.play(t, peer.SIPpRegister, 1, 0, "")
			callee := o.startSIPp(t, peer.SIPpConfig{Scenario: peer.SIPpAnswer, Sections: c.callee}, 1, b.Port())
			check(t, callee.WaitListening(soon(t)))
			caller := o.startSIPp(t, peer.SIPpConfig{Scenario: peer.SIPpCall, To: "218", Sections: c.caller}, 0, a.Port())
			check(t, caller.Wait(soon(t)))
			check(t, callee.Wait(soon(t)))
			if got := sectionLines(callee, `INVITE sip:`); !slices.Equal(got, c.invited) {
				t.Errorf("the called phone was offered %q, want %q", got, c.invited)
			}
			if got := sectionLines(caller, answered); !slices.Equal(got, c.result) {
				t.Errorf("the caller was answered %q, want %q", got, c.result)
			}
			o.settled(t)
		})
	}
	t.Run("packets", func(t *testing.T) { // SIPp sends back what it hears, of both
		t.Parallel()
		o := newOffice(t, 2, nil)
		b := o.play(t, peer.SIPpRegister, 1, 0, "")
		callee := o.startSIPp(t, peer.SIPpConfig{Scenario: peer.SIPpAnswer, Sections: h264}, 1, b.Port())
		check(t, callee.WaitListening(soon(t)))
		c := must[*phone.Call](t)(o.phone(t, 0, withVideo).Call(soon(t), "218"))
		flows(t, 10, c)
		passes(t, "video", c, c, picture(97, 7), picture(97, 7))
		hangup(t, c)
		check(t, callee.Wait(soon(t)))
		o.settled(t)
	})
}
