package relay_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
	"sidetone/relay/udp/udptest"
)

// merged makes a call in which two packets of 10 ms of A's become one for B.
func (b *bench) merged(p srtp.Profile) *secureCall {
	k := b.secureCall(0, p)
	m := relay.NewPayloadMap()
	m[0] = relay.Action{PayloadType: 3, Transform: &pairs{}, Clock: sixfold{}}
	m[13] = relay.Action{Drop: true}
	if err := k.legA.SetRoute(relay.Route{To: k.legB, Map: m}); err != nil {
		b.t.Fatal(err)
	}
	return k
}

// A receiver of what is made of two packets each counts no loss where there is none, and half of what was lost where there is, plain and in
// SRTP, through a turn of the numbers on both sides.
func TestMergedPacketsAreNumberedOneByOne(t *testing.T) {
	for _, p := range []srtp.Profile{0, srtp.AES128CM80} {
		for _, lossy := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/lossy=%v", p, lossy), func(t *testing.T) {
				b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
				k := b.merged(p)
				const packets = 80_000
				var last rtp.Header
				heard, missing := 0, 0
				for i := range packets {
					q := k.a.packet()
					rtp.SetTimestamp(q, uint32(80*i))
					if lossy && i%20 == 7 {
						continue
					}
					k.a.rtp.Send(k.legA.LocalRTP(), q)
					if i%20 != 19 {
						continue
					}
					b.net.Advance(200 * time.Millisecond)
					for {
						got, _, ok := k.b.rtp.Receive()
						if !ok {
							break
						}
						if got = k.vb.open(got); got == nil {
							t.Fatalf("packet %d cannot be opened", i)
						}
						h := rtp.ReadHeader(got)
						if heard++; heard > 1 {
							gap := rtp.SeqDiff(h.SequenceNumber, last.SequenceNumber) - 1
							if gap < 0 || !lossy && (gap > 0 || h.Timestamp-last.Timestamp != 960) {
								t.Fatalf("%+v after %+v", h, last)
							}
							missing += gap
						}
						last = h
					}
				}
				if want := packets / 40; lossy && missing != want {
					t.Errorf("%d missing, want %d", missing, want)
				}
				if want := packets / 2; !lossy && heard != want {
					t.Errorf("heard %d, want %d", heard, want)
				}
				if s := k.legB.Stats(); s.Unprotected != 0 {
					t.Errorf("%d not encrypted", s.Unprotected)
				}
			})
		}
	}
}

// Comfort noise that the other phone did not ask for stays behind without a gap.
func TestDroppedPayloadTypeLeavesNoGap(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.merged(0)
	for i := range 40 {
		if k.a.pt = 0; i%4 == 3 {
			k.a.pt = 13
		}
		k.a.send(k.legA.LocalRTP())
		b.net.Advance(10 * time.Millisecond)
	}
	heard(t, k.b, 0xa, 15)
}

// Each phone is told in reports of the numbers, the counts and the clock of its own side.
func TestReportsAboutMergedPackets(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.merged(0)
	first := k.a.seq
	octets := 0
	var left []uint16
	for range 1000 {
		p := k.a.packet()
		octets += len(p) - rtp.HeaderSize
		k.a.rtp.Send(k.legA.LocalRTP(), p)
		b.net.Advance(10 * time.Millisecond)
		left = append(left, k.b.received()[0xa]...)
	}
	k.b.send(k.legB.LocalRTP())
	send := func(from *phone, leg *relay.Leg, p rtcp.Packet) {
		raw, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		from.rtcp.Send(leg.LocalRTCP(), raw)
		b.net.Advance(20 * time.Millisecond)
	}
	send(k.a, k.legA, &rtcp.SenderReport{SSRC: 0xa, NTPTime: 1 << 40, RTPTime: 5000, PacketCount: 1000, OctetCount: uint32(octets)})
	got := k.b.compounds(t, plainly)
	if len(got) != 1 {
		t.Fatalf("%v", got)
	}
	if sr := got[0][0].(*rtcp.SenderReport); sr.PacketCount != 500 || sr.OctetCount != uint32(octets) || sr.RTPTime != 30000 || sr.NTPTime != 1<<40 {
		t.Errorf("%v", sr)
	}
	highest := 1<<16 + uint32(left[len(left)-1])
	block := rtcp.ReceptionReport{SSRC: 0xa, FractionLost: 12, TotalLost: 7, LastSequenceNumber: highest, Jitter: 96, LastSenderReport: 9, Delay: 8}
	send(k.b, k.legB, &rtcp.ReceiverReport{SSRC: 0xb, Reports: []rtcp.ReceptionReport{block, {SSRC: 0xdd, LastSequenceNumber: 5}}})
	if got = k.a.compounds(t, plainly); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	rr := got[0][0].(*rtcp.ReceiverReport)
	block.LastSequenceNumber, block.TotalLost = 1<<16+uint32(first+999), 14
	if len(rr.Reports) != 2 || rr.Reports[0] != block || rr.Reports[1].LastSequenceNumber != 5 {
		t.Errorf("%+v, want %+v", rr.Reports, block)
	}
}
