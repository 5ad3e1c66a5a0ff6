package relay_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/udp/udptest"
)

// ifp is a packet of UDPTL (ITU-T T.38, 9.1): its number, a primary packet, no redundancy. From number 0x8000 on it looks like
// RTP, and 0x80c8 like a sender report.
func ifp(number uint16, payload int) []byte {
	b := make([]byte, 3+payload+2)
	b[0], b[1], b[2] = byte(number>>8), byte(number), byte(payload)
	return b
}

// raws empties an endpoint.
func raws(e *udptest.Endpoint) (all [][]byte) {
	for {
		b, _, ok := e.Receive()
		if !ok {
			return all
		}
		all = append(all, bytes.Clone(b))
	}
}

// fax is a call whose legs pass on what is not RTP.
func (b *bench) fax(latching relay.Mode, noRebind bool) *call {
	c := &call{bench: b, a: b.phone("10.0.1.1:4000", 0xa), b: b.phone("10.0.1.2:4000", 0xb)}
	c.legA, c.legB = b.leg(relay.LegConfig{ID: "A", Latching: latching, NoRebind: noRebind}), b.leg(relay.LegConfig{ID: "B"})
	toA, toB := c.a.remote(), c.b.remote()
	toA.Raw, toB.Raw = true, true
	c.legA.SetRemote(toA)
	c.legB.SetRemote(toB)
	join(b.t, c.legA, c.legB)
	return c
}

func TestFaxPassesAsItCame(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{Shards: oneShard}).fax(relay.Heuristic, false)
	var want [][]byte
	for _, number := range []uint16{0, 1, 2, 0x7fff, 0x8000, 0x8001, 0x80c8, 0x80c9, 0xbfff, 0xffff, 0} {
		for _, size := range []int{1, 8, 60, 250} {
			want = append(want, ifp(number, size))
		}
	}
	want = append(want, []byte{7}, bytes.Repeat([]byte{0xff}, 1472))
	for _, p := range want {
		c.a.rtp.Send(c.legA.LocalRTP(), p)
		c.b.rtp.Send(c.legB.LocalRTP(), p)
		c.net.Advance(20 * time.Millisecond)
	}
	for _, p := range []*phone{c.a, c.b} {
		if got := raws(p.rtp); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d packets arrived, want %d as they were sent", len(got), len(want))
		}
	}
	c.a.rtcp.Send(c.legA.LocalRTCP(), ifp(3, 8))
	c.net.Advance(time.Millisecond)
	s := c.legA.Stats()
	if s.Received.Packets != uint64(len(want)) || s.Sent.Packets != uint64(len(want)) || s.Dropped.Total() != 1 || s.Dropped[relay.DropMalformed] != 1 {
		t.Errorf("%+v", s)
	}
	if got := c.events.take(); len(got) != 2 {
		t.Errorf("events %q", got)
	}
}

func TestFaxFromAnotherPortIsBelievedAfterFourPackets(t *testing.T) {
	for _, tc := range []struct {
		mode     relay.Mode
		gap      time.Duration
		passes   int // of ten packets
		thenBack int // to the port they came from
	}{
		{relay.Heuristic, 20 * time.Millisecond, 7, 1},
		{relay.Heuristic, time.Millisecond, 0, 0}, // a burst counts as one
		{relay.Immediate, time.Millisecond, 10, 1},
		{relay.Strict, 20 * time.Millisecond, 0, 0},
		{relay.Off, 20 * time.Millisecond, 10, 0},
	} {
		t.Run(fmt.Sprint(tc.mode, " ", tc.gap), func(t *testing.T) {
			c := start(t, udptest.Config{}, relay.Config{Shards: oneShard}).fax(tc.mode, false)
			other := c.phone("10.0.1.1:5000", 0)
			for n := range uint16(10) {
				other.rtp.Send(c.legA.LocalRTP(), ifp(n, 8))
				c.net.Advance(tc.gap)
			}
			if got := len(raws(c.b.rtp)); got != tc.passes {
				t.Errorf("%d of 10 packets passed, want %d", got, tc.passes)
			}
			c.b.rtp.Send(c.legB.LocalRTP(), ifp(0, 8))
			c.net.Advance(time.Millisecond)
			if got := len(raws(other.rtp)); got != tc.thenBack {
				t.Errorf("%d packets back, want %d", got, tc.thenBack)
			}
		})
	}
}

func TestFaxKeepsItsSourceUntilThatFallsSilent(t *testing.T) {
	for _, noRebind := range []bool{false, true} {
		c := start(t, udptest.Config{}, relay.Config{Shards: oneShard}).fax(relay.Heuristic, noRebind)
		thief, stranger := c.phone("10.0.1.1:5000", 0), c.phone("10.0.1.9:4000", 0)
		both := func(n int, talks bool) (stolen int) {
			for k := range n {
				if talks {
					c.a.rtp.Send(c.legA.LocalRTP(), ifp(uint16(k), 1))
				}
				thief.rtp.Send(c.legA.LocalRTP(), ifp(uint16(k), 99))
				stranger.rtp.Send(c.legA.LocalRTP(), ifp(uint16(k), 99))
				c.b.rtp.Send(c.legB.LocalRTP(), ifp(uint16(k), 1))
				c.net.Advance(20 * time.Millisecond)
			}
			return len(raws(thief.rtp))
		}
		if n := both(100, true); n != 0 {
			t.Errorf("%d packets went to the other port while the source sent", n)
		}
		if got := raws(c.b.rtp); len(got) != 100 || len(got[50]) != 6 {
			t.Errorf("%d packets heard", len(got))
		}
		n := both(100, false)
		if moved := n > 40; moved == noRebind {
			t.Errorf("of 100 packets %d went to the port that goes on alone, noRebind %v", n, noRebind)
		}
		if n := len(raws(stranger.rtp)); n != 0 {
			t.Errorf("%d packets went to a stranger", n)
		}
	}
}

// TestACallThatTurnsIntoAFax: the section of the audio becomes T.38 in a re-INVITE, at the same ports, and audio again.
func TestACallThatTurnsIntoAFax(t *testing.T) {
	c := start(t, udptest.Config{}, relay.Config{Shards: oneShard}).call()
	c.talk(5)
	heard(t, c.b, 0xa, 5)
	toA, toB := c.a.remote(), c.b.remote()
	toA.Raw, toB.Raw = true, true
	c.ApplyLater([]relay.Change{{Leg: c.legA, Remote: &toA}, {Leg: c.legB, Remote: &toB}})
	for n := range uint16(5) {
		c.a.rtp.Send(c.legA.LocalRTP(), ifp(n, 8))
		c.net.Advance(20 * time.Millisecond)
	}
	if got := raws(c.b.rtp); len(got) != 5 {
		t.Errorf("%d packets of fax", len(got))
	}
	c.legA.SetRemote(c.a.remote())
	c.legB.SetRemote(c.b.remote())
	raws(c.a.rtp)
	c.talk(5)
	heard(t, c.b, 0xa, 5)
}
