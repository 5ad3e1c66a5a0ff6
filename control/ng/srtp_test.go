package ng

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"sidetone/control/ng/bencode"
	"sidetone/control/sdp"
	"sidetone/relay/srtp"
)

// securePhone is a phone that speaks SRTP.
type securePhone struct {
	*phone
	own     srtp.Crypto
	in, out *srtp.Context
}

// secureSDP is a description with crypto lines.
func secureSDP(port uint16, lines ...string) string {
	s := strings.Replace(audio("127.0.0.1", int(port), "0"), "RTP/AVP", "RTP/SAVP", 1)
	for _, l := range lines {
		s += "a=crypto:" + l + "\r\n"
	}
	return s
}

// cryptoOf reads the lines of a reply.
func cryptoOf(t *testing.T, v bencode.Value) []srtp.Crypto {
	t.Helper()
	text, _ := v.Get("sdp").Text()
	s, err := sdp.Parse([]byte(text))
	if err != nil {
		t.Fatal(result(v), err)
	}
	return srtp.ParseOffer(s.Media[0].Crypto())
}

// keyed sets the contexts up: ours to send with, theirs to receive with.
func (p *securePhone) keyed(theirs srtp.Key) {
	p.t.Helper()
	var err error
	if p.out, err = srtp.New(p.own.Key); err != nil {
		p.t.Fatal(err)
	}
	if p.in, err = srtp.New(theirs); err != nil {
		p.t.Fatal(err)
	}
}

func (p *securePhone) sendSecure(port uint16, packet []byte) {
	p.t.Helper()
	b := make([]byte, len(packet)+srtp.Overhead)
	n, err := p.out.ProtectRTP(b, packet)
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(port, b[:n])
}

func (p *securePhone) receiveSecure() []byte {
	p.t.Helper()
	b := p.receive()
	n, err := p.in.UnprotectRTP(b, b)
	if err != nil {
		p.t.Fatalf("%d bytes: %v", len(b), err)
	}
	return b[:n]
}

func newSecurePhone(t *testing.T, profile srtp.Profile) *securePhone {
	key, err := srtp.NewKey(profile, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &securePhone{phone: listenRTP(t), own: srtp.Crypto{Tag: 1, Suite: profile.String(), Key: key}}
}

func TestMediaIsBridgedBetweenRTPAndSRTP(t *testing.T) {
	n := startNode(t, nil)
	p := n.dial(t)
	for _, profile := range srtp.Profiles() {
		t.Run(profile.String(), func(t *testing.T) {
			id := profile.String()
			a, b := listenRTP(t), newSecurePhone(t, profile)
			offered := p.ask(req("offer", "call-id", id, "from-tag", "a", "sdp", audio("127.0.0.1", int(a.port), "0"), "transport-protocol", "RTP/SAVP", "received-from", "IP4 127.0.0.1"))
			line, err := srtp.Select(cryptoOf(t, offered), []srtp.Profile{profile})
			if err != nil {
				t.Fatal(err)
			}
			b.own.Tag = line.Tag
			b.keyed(line.Key)
			answered := p.ask(req("answer", "call-id", id, "from-tag", "a", "to-tag", "b", "sdp", secureSDP(b.port, b.own.Line()), "received-from", "IP4 127.0.0.1"))
			if got := cryptoOf(t, answered); len(got) != 0 {
				t.Error("the plain side was answered with keys")
			}
			towardsB, towardsA := portOf(t, offered), portOf(t, answered)
			for i := range uint16(5) {
				want := rtpPacket(0, i)
				a.send(towardsA, want)
				if got := b.receiveSecure(); !bytes.Equal(got, want) {
					t.Errorf("b got % x", got)
				}
				b.sendSecure(towardsB, want)
				if got := a.receive(); !bytes.Equal(got, want) {
					t.Errorf("a got % x", got)
				}
			}
		})
	}
}

func TestMediaIsBridgedBetweenKeys(t *testing.T) {
	n := startNode(t, nil)
	p := n.dial(t)
	a, b := newSecurePhone(t, srtp.AES256CM80), newSecurePhone(t, srtp.AES128GCM)
	offered := p.ask(req("offer", "call-id", "1", "from-tag", "a", "sdp", secureSDP(a.port, a.own.Line()), "received-from", "IP4 127.0.0.1"))
	line, err := srtp.Select(cryptoOf(t, offered), []srtp.Profile{srtp.AES128GCM})
	if err != nil {
		t.Fatal(err)
	}
	b.own.Tag = line.Tag
	b.keyed(line.Key)
	answered := p.ask(req("answer", "call-id", "1", "from-tag", "a", "to-tag", "b", "sdp", secureSDP(b.port, b.own.Line()), "received-from", "IP4 127.0.0.1"))
	answer := cryptoOf(t, answered)
	if len(answer) != 1 || answer[0].Tag != 1 || answer[0].Key.Equal(line.Key) {
		t.Fatalf("answered with %v", answer)
	}
	a.keyed(answer[0].Key)
	for i := range uint16(5) {
		want := rtpPacket(0, i)
		a.sendSecure(portOf(t, answered), want)
		if got := b.receiveSecure(); !bytes.Equal(got, want) {
			t.Errorf("b got % x", got)
		}
		b.sendSecure(portOf(t, offered), want)
		if got := a.receiveSecure(); !bytes.Equal(got, want) {
			t.Errorf("a got % x", got)
		}
	}
	// A forged packet, in the middle of the stream, reaches nobody.
	forged := rtpPacket(0, 6)
	a.send(portOf(t, answered), append(forged, make([]byte, 10)...))
	for attempt := 0; ; attempt++ {
		known := p.ask(req("query", "call-id", "1"))
		errors := int64(0)
		for _, tag := range []string{"a", "b"} {
			stream := known.Get("tags").Get(tag).Get("medias").Items()[0].Get("streams").Items()[0]
			k, _ := stream.Get("stats").Get("errors").Int()
			errors += k
			if suite, _ := stream.Get("crypto suite").Text(); suite == "" {
				t.Fatal("no suite of", tag)
			}
		}
		if errors == 1 {
			return
		}
		if attempt == 10_000 {
			t.Fatalf("%d errors counted, want 1", errors)
		}
	}
}
