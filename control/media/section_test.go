package media

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sidetone/control/sdp"
	"sidetone/relay/udp/udptest"
)

// mlines are the m= lines of a description, ours with "on" in the place of the port.
func mlines(t *testing.T, b []byte) (list []string) {
	t.Helper()
	s, err := sdp.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Media {
		port := "on"
		if m.Rejected() {
			port = "0"
		}
		list = append(list, strings.Join(append([]string{m.Kind, port, m.Proto}, m.Formats...), " "))
	}
	return list
}

func (x *exchange) open(t *testing.T, id string, shard int) *Leg {
	t.Helper()
	l, err := x.Open(OpenConfig{ID: id, Peer: netip.MustParseAddr("10.0.0.9"), Shard: shard, Trouble: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

const h264Lines = "a=rtpmap:%[1]d H264/90000\r\na=fmtp:%[1]d packetization-mode=1\r\n"

// TestSectionsOfTwoSessions joins a phone that has video in its first line, a fax and something over TCP with one that has the voice in
// its first line and other payload types; takes the video out, and turns the call into a fax.
func TestSectionsOfTwoSessions(t *testing.T) {
	x := newExchange(t)
	a, b := x.open(t, "a", 0), x.open(t, "b", 1)
	pcmu := []sdp.Codec{{PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1}}
	step := func(what string, got []byte, err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if lines := mlines(t, got); !slices.Equal(lines, want) {
			t.Fatalf("%s:\n%s\nwant\n%s", what, strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
	}
	video := func(pt int) string { return fmt.Sprintf(h264Lines, pt) }
	err := a.SetOffer([]byte(head + "m=video 5000 RTP/AVP 97\r\n" + video(97) + "m=message 5010 TCP/MSRP *\r\nm=audio 5002 RTP/AVP 0\r\nm=image 0 udptl t38\r\n"))
	offer := b.Offer(Local{Codecs: pcmu, Sections: b.Shared(a, false, false)})
	step("offer to b", offer, err, "audio on RTP/AVP 0", "video on RTP/AVP 97")
	err = b.SetAnswer([]byte(head + "m=audio 6002 RTP/AVP 0\r\nm=video 6000 RTP/AVP 97\r\n" + video(97)))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer(Local{Codecs: pcmu, Sections: a.Settled(b, false, false)})
	step("answer to a", answer, err, "video on RTP/AVP 97", "message 0 TCP/MSRP *", "audio on RTP/AVP 0", "image 0 udptl t38")
	if !a.Tells(Local{Codecs: pcmu, Sections: a.Shared(b, false, false)}) || !b.Tells(Local{Codecs: pcmu, Sections: b.Shared(a, false, false)}) {
		t.Error("there is something left to tell")
	}

	connect := func() {
		t.Helper()
		if err := Connect(a, b, Plan{To: b, Pass: b}, Plan{To: a, Pass: a}); err != nil {
			t.Fatal(err)
		}
	}
	connect()
	phoneA, phoneB := x.net.Endpoint(netip.MustParseAddrPort("10.0.0.9:5000")), x.net.Endpoint(netip.MustParseAddrPort("10.0.0.9:6000"))
	passes := func(from, to *udptest.Endpoint, l *Leg, media string, sent, want []byte) {
		t.Helper()
		for _, e := range l.extras {
			if e.kind.Media == media {
				from.Send(e.relay.LocalRTP(), sent)
			}
		}
		x.net.Advance(20 * time.Millisecond)
		if got, _, ok := to.Receive(); !ok || string(got) != string(want) {
			t.Fatalf("%s: %t % x, want % x", media, ok, got, want)
		}
	}
	packet := func(pt byte) []byte { return []byte{0x80, pt, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 'v'} }
	passes(phoneA, phoneB, a, "video", packet(97), packet(97))
	passes(phoneB, phoneA, b, "video", packet(97), packet(97))

	// The phone at b wants the video under another number.
	err = b.SetOffer([]byte(head + "m=audio 6002 RTP/AVP 0\r\nm=video 6000 RTP/AVP 102\r\n" + video(102)))
	answer, _ = b.Answer(Local{Codecs: pcmu, Sections: b.Settled(a, false, false)})
	step("answer to b", answer, err, "audio on RTP/AVP 0", "video on RTP/AVP 102")
	connect()
	passes(phoneA, phoneB, a, "video", packet(97), packet(102))
	passes(phoneB, phoneA, b, "video", packet(102), packet(97))

	// It takes it out, and puts a fax into the place of its voice.
	err = b.SetOffer([]byte(head + "m=image 6004 udptl t38\r\na=T38FaxVersion:0\r\nm=video 0 RTP/AVP 102\r\n"))
	if err != nil || !b.Asks(a) || !b.Silent() {
		t.Fatalf("%v; the other phone need not be asked", err)
	}
	offer = a.Offer(Local{Silent: true, Sections: a.Shared(b, false, false)})
	step("offer to a", offer, nil, "video 0 RTP/AVP 97", "message 0 TCP/MSRP *", "image on udptl t38", "image 0 udptl t38")
	if err := a.SetAnswer([]byte(head + "m=video 0 RTP/AVP 97\r\nm=message 0 TCP/MSRP *\r\nm=image 5004 udptl t38\r\nm=image 0 udptl t38\r\n")); err != nil {
		t.Fatal(err)
	}
	answer, err = b.Answer(Local{Silent: true, Sections: b.Settled(a, false, false)})
	step("answer to b", answer, err, "image on udptl t38", "video 0 RTP/AVP 102")
	connect()
	faxA, faxB := x.net.Endpoint(netip.MustParseAddrPort("10.0.0.9:5004")), x.net.Endpoint(netip.MustParseAddrPort("10.0.0.9:6004"))
	passes(faxA, faxB, a, "image", []byte{0, 1, 2}, []byte{0, 1, 2})
	passes(faxB, faxA, b, "image", []byte{3, 4}, []byte{3, 4})
	for _, e := range slices.Concat(a.extras, b.extras) {
		if (e.relay != nil) != (e.kind.Media == "image") {
			t.Errorf("%s has ports: %t", e.kind.Media, e.relay != nil)
		}
	}
}

// TestMoreSectionsThanPassAreRefused offers more than a leg takes.
func TestMoreSectionsThanPassAreRefused(t *testing.T) {
	x := newExchange(t)
	a, b := x.open(t, "a", 0), x.open(t, "b", 0)
	text := head + "m=audio 5000 RTP/AVP 0\r\n"
	for i := range 20 {
		text += fmt.Sprintf("m=application %d UDP/BFCP *\r\n", 5002+2*i)
	}
	if err := a.SetOffer([]byte(text)); err != nil {
		t.Fatal(err)
	}
	offer := b.Offer(Local{Codecs: a.Remote(), Sections: b.Shared(a, false, false)})
	if n := len(mlines(t, offer)); n != 1+maxExtras {
		t.Errorf("%d sections offered", n)
	}
	if err := b.SetAnswer(offer); err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer(Local{Codecs: a.Remote(), Sections: a.Settled(b, false, false)})
	if lines := mlines(t, answer); err != nil || len(lines) != 21 || lines[maxExtras] != "application on UDP/BFCP *" || lines[maxExtras+1] != "application 0 UDP/BFCP *" {
		t.Errorf("%v %q", err, lines)
	}
}

// TestAbandonedSectionIsToldOff gives up a video that the data plane cannot carry: both phones are told, and either may bring it again.
func TestAbandonedSectionIsToldOff(t *testing.T) {
	x := newExchange(t)
	a, b := x.open(t, "a", 0), x.open(t, "b", 0)
	pcmu := []sdp.Codec{{PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1}}
	says := func(port int) []byte {
		return fmt.Appendf(nil, head+"m=audio %d RTP/AVP 0\r\nm=video %d RTP/AVP 97\r\n%s", port, port+2, fmt.Sprintf(h264Lines, 97))
	}
	join := func() {
		t.Helper()
		if err := a.SetOffer(says(5000)); err != nil || !a.Asks(b) {
			t.Fatalf("%v; the other phone need not be asked", err)
		}
		b.Offer(Local{Codecs: pcmu, Sections: b.Shared(a, false, false)})
		if err := b.SetAnswer(says(6000)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Answer(Local{Codecs: pcmu, Sections: a.Settled(b, false, false)}); err != nil {
			t.Fatal(err)
		}
		if len(a.Sections()) != 1 || len(b.Sections()) != 1 {
			t.Fatalf("%+v and %+v", a.Sections(), b.Sections())
		}
		if err := Connect(a, b, Plan{To: b, Pass: b}, Plan{To: a, Pass: a}); err != nil {
			t.Fatal(err)
		}
	}
	join()
	if a.Abandon(a.Relay()) || a.Abandon(b.extras[0].relay) {
		t.Error("gave up what is no section of it")
	}
	if !a.Abandon(a.extras[0].relay) {
		t.Fatal("did not give up the video")
	}
	for l, peer := range map[*Leg]*Leg{a: b, b: a} {
		w := Local{Codecs: pcmu, Direction: sdp.SendRecv, Sections: l.Shared(peer, false, false)}
		if l.Tells(w) {
			t.Error("a phone has nothing to be told")
		}
		if lines := mlines(t, l.Offer(w)); !slices.Equal(lines, []string{"audio on RTP/AVP 0", "video 0 RTP/AVP 97"}) {
			t.Errorf("offered %q", lines)
		}
		if err := l.SetAnswer([]byte(head + "m=audio 5000 RTP/AVP 0\r\nm=video 0 RTP/AVP 97\r\n")); err != nil {
			t.Error(err)
		}
		if l.extras[0].relay != nil {
			t.Error("it has its ports still")
		}
	}
	if err := Connect(a, b, Plan{To: b, Pass: b}, Plan{To: a, Pass: a}); err != nil {
		t.Fatal(err)
	}
	join()
}
