package ng

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sidetone/control/ng/bencode"
)

// kind is one m= section of a call with everything.
type kind struct {
	name, proto, formats string
	packet               func(n uint16) []byte
}

// fill makes a packet of size bytes of it, starting as given.
func fill(size int, start ...byte) []byte {
	return append(start, bytes.Repeat([]byte{0x5a}, size-len(start))...)
}

// kinds are audio, H.264 video in packets that fill an Ethernet frame, fax whose numbers run into those that look like RTP and
// RTCP, and floor control.
var kinds = []kind{
	{"audio", "RTP/AVP", "0", func(n uint16) []byte { return rtpPacket(0, n) }},
	{"video", "RTP/AVP", "97\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=42e01f;packetization-mode=1",
		func(n uint16) []byte { return fill(1472, 0x80, 97, byte(n>>8), byte(n), 0, 0, 0, 1, 0, 0, 0, 7) }},
	{"image", "udptl", "t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy",
		func(n uint16) []byte { n += 0x80c5; return fill(60, byte(n>>8), byte(n), 20) }},
	{"application", "UDP/BFCP", "*", func(n uint16) []byte { return fill(12+4*int(n%3), 0x20, 4, 0, 0) }},
}

// describeAll describes all kinds, one phone a section; nil refuses one or takes it out.
func describeAll(phones []*phone) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n")
	for i, k := range kinds {
		port := uint16(0)
		if phones[i] != nil {
			port = phones[i].port
		}
		fmt.Fprintf(&b, "m=%s %d %s %s\r\n", k.name, port, k.proto, k.formats)
	}
	return b.String()
}

// ports are those of the m= lines of a reply.
func ports(t *testing.T, v bencode.Value) (all []uint16) {
	t.Helper()
	text, ok := v.Get("sdp").Text()
	if !ok {
		t.Fatal(result(v))
	}
	for line := range strings.Lines(text) {
		var name string
		var port uint16
		if n, _ := fmt.Sscanf(line, "m=%s %d", &name, &port); n == 2 {
			all = append(all, port)
		}
	}
	return all
}

// TestEveryKindOfMediaFlows sets up a call of four sections, lets the video go and brings it back.
func TestEveryKindOfMediaFlows(t *testing.T) {
	n := startNode(t, nil)
	p := n.dial(t)
	a, b := make([]*phone, len(kinds)), make([]*phone, len(kinds))
	for i := range kinds {
		a[i], b[i] = listenRTP(t), listenRTP(t)
	}
	agree := func(step string, a, b []*phone) {
		offered := p.ask(req("offer", "call-id", "all", "from-tag", "a", "sdp", describeAll(a), "received-from", "IP4 127.0.0.1"))
		answered := p.ask(req("answer", "call-id", "all", "from-tag", "a", "to-tag", "b", "sdp", describeAll(b), "received-from", "IP4 127.0.0.1"))
		towardsB, towardsA := ports(t, offered), ports(t, answered)
		for i, k := range kinds {
			if a[i] == nil {
				if towardsB[i] != 0 || towardsA[i] != 0 {
					t.Errorf("%s: %s that is off has ports %d and %d", step, k.name, towardsB[i], towardsA[i])
				}
				continue
			}
			for n := range uint16(8) {
				sent := k.packet(n)
				a[i].send(towardsA[i], sent)
				if got := b[i].receive(); !bytes.Equal(got, sent) {
					t.Errorf("%s: %s: b got %d bytes % x..., want %d bytes % x...", step, k.name, len(got), got[:4], len(sent), sent[:4])
				}
				b[i].send(towardsB[i], sent)
				if got := a[i].receive(); !bytes.Equal(got, sent) {
					t.Errorf("%s: %s: a got %d bytes % x..., want %d bytes % x...", step, k.name, len(got), got[:4], len(sent), sent[:4])
				}
			}
		}
	}
	agree("first", a, b)
	without := func(all []*phone) []*phone { return []*phone{all[0], nil, all[2], all[3]} }
	agree("without video", without(a), without(b))
	agree("with it again", a, b)
	removed := p.ask(req("delete", "call-id", "all", "from-tag", "a"))
	if packets, _ := removed.Get("totals").Get("RTP").Get("packets").Int(); packets < 2*8*11-16 {
		t.Errorf("%d packets counted: %s", packets, result(removed))
	}
}
