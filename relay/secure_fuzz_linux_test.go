package relay

import (
	"bytes"
	"net/netip"
	"testing"

	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
	"sidetone/relay/udp"
)

// FuzzAcceptSecure puts any bytes on the ports of a leg with keys, as they are or encrypted by who has the key: none may
// panic, each must be counted once, and what comes out at the plain side is what was encrypted, nothing else.
func FuzzAcceptSecure(f *testing.F) {
	packet := make([]byte, 172)
	rtp.Header{SSRC: 1, SequenceNumber: 1}.Put(packet)
	report := []byte{0x80, rtp.RR, 0, 1, 0, 0, 0, 1}
	padded := bytes.Clone(packet)
	padded[0], padded[171] = 0xa0, 200 // more padding than there is
	for _, b := range [][]byte{packet, padded, packet[:12], packet[:30], report, {0x80, rtp.BYE, 0, 0}, {}} {
		f.Add(b, uint8(0), false, true)
		f.Add(b, uint8(0), true, true)
		f.Add(b, uint8(1), false, false)
		f.Add(b, uint8(3), true, false)
	}
	s, legs := driven(f)
	sources := []netip.AddrPort{signalled, otherPort, natOuter, attacker, {}}
	l := legs[0]
	f.Fuzz(func(t *testing.T, b []byte, from uint8, onRTCPPort, genuine bool) {
		keys, sender := hotKeys(t, srtp.AES256GCM)
		l.keyed = nil
		if err := l.setKeys(keys); err != nil {
			t.Fatal(err)
		}
		in := udp.Packet{Slot: l.slots[0], Addr: sources[int(from)%len(sources)], Data: bytes.Clone(b)}
		if onRTCPPort {
			in.Slot = l.slots[1]
		}
		if genuine {
			sealed := make([]byte, len(b)+srtp.Overhead)
			protect := sender.ProtectRTP
			if onRTCPPort || l.carriesRTCP(b) {
				protect = sender.ProtectRTCP
			}
			n, err := protect(sealed, b)
			if err != nil {
				return // too long, or neither RTP nor RTCP
			}
			in.Data = sealed[:n]
		}
		count := func() uint64 {
			return l.received.Packets + l.stats.RTCPReceived.Packets + l.stats.Dropped.Total()
		}
		before := count()
		defer func() { s.out.n = 0 }() // nothing is sent
		s.accept(&in, s.now)
		if n := count() - before; n != 1 {
			t.Fatalf("counted %d times", n)
		}
		if s.out.n > 1 || s.out.n == 1 && (!genuine || !bytes.Equal(s.out.packets[0].Data, b)) {
			t.Fatal("what came out is not what the key's owner sent")
		}
	})
}
