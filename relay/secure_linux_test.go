package relay

import (
	"crypto/rand"
	"testing"

	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
	"sidetone/relay/udp"
)

// hotKeys makes the keys of a peer and the context that the peer sends with.
func hotKeys(t testing.TB, p srtp.Profile) (*Keys, *srtp.Context) {
	t.Helper()
	var k [2]srtp.Key
	for i := range k {
		var err error
		if k[i], err = srtp.NewKey(p, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := NewKeys(k[0], k[1])
	if err != nil {
		t.Fatal(err)
	}
	peer, err := srtp.New(k[0])
	if err != nil {
		t.Fatal(err)
	}
	return keys, peer
}

// secured gives both peers of a hot relay keys.
func (h *hot) secured(t testing.TB, p srtp.Profile) (sender *srtp.Context) {
	t.Helper()
	ka, sender := hotKeys(t, p)
	kb, _ := hotKeys(t, p)
	h.drive(func() {
		h.legs[0].SetRemote(Remote{RTP: h.a.local, RTCP: h.a.local, Keys: ka})
		h.legs[1].SetRemote(Remote{RTP: h.b.local, RTCP: h.b.local, Keys: kb})
	})
	return sender
}

// TestSecurePathNoAllocs is the whole way: read, unprotect, route, protect, write.
func TestSecurePathNoAllocs(t *testing.T) {
	transform := NewPayloadMap()
	transform[0] = Action{PayloadType: 8, Transform: upper{}}
	for _, p := range srtp.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			overBoth(t, func(t *testing.T, h *hot) {
				sender := h.secured(t, p)
				var wire [2048]byte
				plain := hotPacket()
				seq := uint16(0)
				next := func() []byte {
					seq++
					rtp.SetSequenceNumber(plain, seq)
					n, err := sender.ProtectRTP(wire[:], plain)
					if err != nil {
						t.Fatal(err)
					}
					return wire[:n]
				}
				report := []byte{0x80, rtp.RR, 0, 1, 0, 0, 0, 1}
				nextReport := func() []byte {
					n, err := sender.ProtectRTCP(wire[:], report)
					if err != nil {
						t.Fatal(err)
					}
					return wire[:n]
				}
				var last []byte
				for _, c := range []struct {
					name   string
					route  Route
					packet func() []byte
					answer bool
				}{
					{"relayed", Route{To: h.legs[1]}, next, true},
					{"transformed", Route{To: h.legs[1], Map: transform}, next, true},
					{"sunk", Route{Sink: &null{}}, next, false},
					{"RTCP", Route{To: h.legs[1]}, nextReport, true},
					{"forged", Route{To: h.legs[1]}, func() []byte { b := next(); b[20] ^= 1; return b }, false},
					{"replayed", Route{To: h.legs[1]}, func() []byte { return last }, false},
				} {
					h.t = t
					h.route(c.route)
					last = append(last[:0], next()...)
					h.through(last, c.route.To != nil)
					if n := testing.AllocsPerRun(100, func() { h.through(c.packet(), c.answer) }); n != 0 && !(raceEnabled && p.TagLen() < 16) {
						t.Errorf("%s: %v allocations a packet", c.name, n)
					}
				}
				s := h.legs[0].snapshot()
				if s.Received.Packets < 300 || s.RTCPReceived.Packets < 100 || s.Dropped[DropAuth] < 100 || s.Dropped[DropReplay] < 100 || h.legs[1].stats.Unprotected != 0 {
					t.Errorf("the packets took another way: %+v", s)
				}
			})
		})
	}
}

// BenchmarkAcceptSecure is BenchmarkAccept for a packet that is decrypted, relayed and encrypted.
func BenchmarkAcceptSecure(b *testing.B) {
	for _, p := range []srtp.Profile{srtp.AES128CM80, srtp.AES256GCM} {
		b.Run(p.String(), func(b *testing.B) {
			h := newHot(b)
			sender := h.secured(b, p)
			plain := hotPacket()
			const many = 1 << 15
			packets := make([][]byte, many)
			for i := range packets {
				rtp.SetSequenceNumber(plain, uint16(i))
				buf := make([]byte, 256)
				n, err := sender.ProtectRTP(buf, plain)
				if err != nil {
					b.Fatal(err)
				}
				packets[i] = buf[:n]
			}
			ka := h.legs[0].keyed.keys
			in := udp.Packet{Slot: h.legs[0].slots[0], Addr: h.a.local, Data: make([]byte, 0, 256)}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i == many { // the stream starts over
					b.StopTimer()
					i = 0
					for _, l := range h.legs {
						l.keyed = nil
					}
					kb, _ := hotKeys(b, p)
					if err := h.legs[0].setKeys(ka); err != nil {
						b.Fatal(err)
					}
					if err := h.legs[1].setKeys(kb); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				in.Data = append(in.Data[:0], packets[i]...)
				i++
				h.s.accept(&in, 1)
				h.s.out.n = 0 // nothing is sent
			}
			if n := h.legs[0].stats.Dropped.Total(); n != 0 {
				b.Fatalf("%d dropped", n)
			}
		})
	}
}
