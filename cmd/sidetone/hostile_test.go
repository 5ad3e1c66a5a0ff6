package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/bench/audio"
	"sidetone/bench/phone"
	"sidetone/control/api"
	"sidetone/control/config"
)

// TestHostilePacketsDisturbNothing: during a call random bytes, truncated and absurd SIP arrive at the SIP port, and
// RTP of every wrong form at both media ports, from strangers and from the phone's own address. The call is heard
// before and after, the drops are counted, and a phone registers afterwards.
func TestHostilePacketsDisturbNothing(t *testing.T) {
	o := newOffice(t, 3, nil)
	tones := audio.Voices()
	a := o.phone(t, 0, func(c *phone.Config) { c.Tone, c.Playout = tones[0], 100*time.Millisecond })
	b := o.phone(t, 1, func(c *phone.Config) { c.Tone, c.Playout = tones[1], 100*time.Millisecond })
	call, err := a.Call(soon(t), b.Tel())
	if err != nil {
		t.Fatal(err)
	}
	back, err := b.WaitIncoming(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	received := func(c *phone.Call) int { return c.Stats().Received }
	eventually(t, "both hear each other", func() bool { return received(call) > 25 && received(back) > 25 })

	var calls api.Calls
	if err := json.Unmarshal([]byte(o.get(t, "/v1/calls")), &calls); err != nil || len(calls.Calls) != 1 {
		t.Fatalf("calls: %v %+v", err, calls)
	}
	o.raw(t, 300*time.Millisecond, garbage(o.udp)...)
	stranger, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	sent := 0
	for _, leg := range calls.Calls[0].Legs {
		to := net.UDPAddrFromAddrPort(leg.Local)
		for _, p := range absurdRTP() {
			if _, err := stranger.WriteTo(p, to); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	before := received(call)
	eventually(t, "the call goes on", func() bool { return received(call) > before+25 })
	hearing, err := call.Listen(soon(t), 500*time.Millisecond, []audio.Tone{{Name: "callee", Hz: tones[1]}})
	if err != nil {
		t.Fatal(err)
	}
	if level := hearing.Tones[0].Usual; level < -21 || level > -19 {
		t.Errorf("after the garbage the callee is heard at %.1f dBFS, spoken at -20", level)
	}
	for _, c := range []*phone.Call{call, back} {
		if s := c.Stats(); s.Lost != 0 || s.Bad != 0 || s.Foreign != 0 || s.Streams != 1 {
			t.Errorf("%s: %d lost, %d bad, %d foreign packets, %d streams; want one stream whole", c.Phone().Tel(), s.Lost, s.Bad, s.Foreign, s.Streams)
		}
	}
	eventually(t, "every stray packet counted as dropped", func() bool {
		var now api.Calls
		if json.Unmarshal([]byte(o.get(t, "/v1/calls")), &now) != nil || len(now.Calls) != 1 {
			return false
		}
		dropped := uint64(0)
		for _, leg := range now.Calls[0].Legs {
			for _, n := range leg.Drops {
				dropped += n
			}
		}
		return dropped >= uint64(sent)
	})
	o.phone(t, 2, nil) // registers still
	if err := call.Hangup(soon(t)); err != nil {
		t.Fatal(err)
	}
}

// garbage is what should never be sent to a SIP port.
func garbage(host string) []string {
	r := rand.New(rand.NewPCG(1, 2))
	var list []string
	for range 50 {
		b := make([]byte, r.IntN(1400))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		list = append(list, string(b))
	}
	invite := "INVITE sip:218@" + host + " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n" +
		"From: <sip:217@x>;tag=1\r\nTo: <sip:218@x>\r\nCall-ID: absurd@x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
	for cut := 0; cut < len(invite); cut += 7 {
		list = append(list, invite[:cut])
	}
	return append(list,
		"", "\r\n", "\r\n\r\n", "\x00", strings.Repeat("A", 60000),
		strings.Replace(invite, "SIP/2.0\r\nVia", "SIP/9.9\r\nVia", 1),
		strings.Replace(invite, "CSeq: 1 INVITE", "CSeq: 99999999999 INVITE", 1),
		strings.Replace(invite, "Content-Length: 0", "Content-Length: -5", 1),
		strings.Replace(invite, "Content-Length: 0", "Content-Length: 999999", 1),
		strings.Replace(invite, "Max-Forwards: 70", "Max-Forwards: 0", 1),
		strings.Replace(invite, "INVITE", "BYE", 2), strings.Replace(invite, "INVITE", "REFER", 2),
	)
}

// absurdRTP is RTP of length 0 to 12, of wrong versions, with lengths that lie, and noise. The empty datagram is the
// first.
func absurdRTP() [][]byte {
	r := rand.New(rand.NewPCG(3, 4))
	var list [][]byte
	for n := range 13 {
		b := make([]byte, n)
		if n > 0 {
			b[0] = 0x80
		}
		list = append(list, b)
	}
	for version := range 4 {
		b := make([]byte, 172)
		b[0] = byte(version << 6)
		list = append(list, b)
	}
	for _, first := range []byte{0x8f, 0x90, 0xa0, 0xbf} { // CSRCs, extension, padding that the packet has no room for
		b := slices.Repeat([]byte{0xff}, 14)
		b[0] = first
		list = append(list, b)
	}
	for range 30 {
		b := make([]byte, r.IntN(200))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		list = append(list, b)
	}
	return list
}

// TestOffersThatCannotBeTaken: a call without usable audio is refused with 488 and leaves nothing behind.
func TestOffersThatCannotBeTaken(t *testing.T) {
	o := newOffice(t, 2, func(c *config.Config) { c.SIP.AuthInvites = false })
	a := o.phone(t, 0, nil)
	o.phone(t, 1, nil)
	_ = a
	for name, body := range map[string]string{
		"video only":   "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
		"audio port 0": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n",
		"no sections":  "v=0\r\n",
		"not SDP":      "hello",
	} {
		t.Run(name, func(t *testing.T) {
			reply := o.refusal(t, 10*time.Second, fmt.Sprintf("INVITE sip:218@%[1]s SIP/2.0\r\nVia: SIP/2.0/UDP %[2]s;rport;branch=z9hG4bK%[3]d\r\nMax-Forwards: 70\r\n"+
				"From: <sip:217@%[1]s>;tag=%[3]d\r\nTo: <sip:218@%[1]s>\r\nCall-ID: %[3]d@x\r\nCSeq: 1 INVITE\r\nContact: <sip:217@%[2]s>\r\nContent-Type: application/sdp\r\nContent-Length: %[4]d\r\n\r\n%[5]s",
				o.udp, "127.0.0.1:9", rand.Uint32(), len(body), body))
			if !strings.Contains(reply, "SIP/2.0 488") {
				t.Fatalf("answered %q", reply)
			}
		})
	}
	o.settled(t)
}
