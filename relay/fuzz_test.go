package relay

import (
	"bytes"
	"log/slog"
	"net/netip"
	"testing"

	"sidetone/relay/rtp"
	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// driven returns two legs joined to each other, and the shard they are on, driven by the caller alone.
func driven(t testing.TB) (*Shard, [2]*Leg) {
	t.Helper()
	n := udptest.New(udptest.Config{Manual: true})
	r, err := New(Config{Shards: 1, Network: n, Clock: n.Now, Logger: slog.New(slog.DiscardHandler),
		Interfaces: []Interface{{Name: "lan", Address: netip.MustParseAddr("10.0.0.1"), FirstPort: 20000, LastPort: 20099}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	s := r.shards[0]
	var legs [2]*Leg
	done := make(chan error, 1)
	go func() { // ends when the legs are set up, which the loop below serves
		var err error
		for i := range legs {
			if legs[i], err = r.OpenLeg(LegConfig{}); err != nil {
				break
			}
			legs[i].SetRemote(Remote{RTP: signalled, SIPSource: natOuter.Addr(), PayloadTypes: [2]uint64{1<<0 | 1<<8, 1 << (101 - 64)}})
		}
		if err == nil {
			err = legs[0].SetRoute(Route{To: legs[1]})
		}
		done <- err
		s.conn.Wake()
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return s, legs
		default:
			if err := s.pass(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWhatALegHadToSendLeavesBeforeItDoes(t *testing.T) {
	s, legs := driven(t)
	legs[0].WriteRTP(make([]byte, 172))
	s.detach(legs[0])
	s.flush()
	if s.stats.Sent.Packets != 1 || s.stats.SendFailed != 0 {
		t.Errorf("%d packets sent, %d failed", s.stats.Sent.Packets, s.stats.SendFailed)
	}
}

// FuzzAccept puts any bytes, from any of a few sources, on a leg's two ports: none may panic, each must be counted once, and
// whatever comes out at the other side must have come in.
func FuzzAccept(f *testing.F) {
	packet := make([]byte, 172)
	rtp.Header{SSRC: 1, SequenceNumber: 1}.Put(packet)
	f.Add(packet, uint8(0), false)
	f.Add(packet, uint8(1), true)
	f.Add(packet[:11], uint8(2), false)
	f.Add([]byte{0x80, rtp.RR, 0, 1, 0, 0, 0, 1}, uint8(0), true)
	f.Add([]byte{0x80, rtp.BYE, 0, 0}, uint8(3), false)
	f.Add([]byte{}, uint8(0), false)
	s, legs := driven(f)
	sources := []netip.AddrPort{signalled, otherPort, natOuter, attacker, {}}
	l := legs[0]
	now := s.now
	f.Fuzz(func(t *testing.T, b []byte, from uint8, onRTCPPort bool) {
		now += int64(from) * 1e6
		in := udp.Packet{Slot: l.slots[0], Addr: sources[int(from)%len(sources)], Data: bytes.Clone(b)}
		if onRTCPPort {
			in.Slot = l.slots[1]
		}
		count := func() uint64 {
			return l.received.Packets + l.stats.RTCPReceived.Packets + l.stats.Dropped.Total()
		}
		before := count()
		defer func() { s.out.n = 0 }() // nothing is sent
		s.accept(&in, now)
		if n := count() - before; n != 1 {
			t.Fatalf("counted %d times", n)
		}
		if s.out.n > 1 || s.out.n == 1 && !bytes.Equal(s.out.packets[0].Data, b) {
			t.Fatal("what came out is not what came in")
		}
		if s.out.n == 1 && (in.Addr.Addr() == attacker.Addr() || !in.Addr.IsValid()) {
			t.Fatal("a stranger's packet came through")
		}
	})
}
