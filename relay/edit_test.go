package relay_test

import (
	"sync/atomic"
	"testing"
	"time"

	"sidetone/relay"
	"sidetone/relay/rtp"
	"sidetone/relay/udp/udptest"
)

// editor takes every packet whose number is odd out.
type editor struct{}

func (*editor) EditRTP(p []byte, _ int64) bool { return rtp.SequenceNumber(p)%2 == 0 }

// counter counts what it sees, as a tap and as a ticker.
type counter struct{ packets, ticks atomic.Int64 }

func (c *counter) ReceiveRTP([]byte, int64) { c.packets.Add(1) }
func (c *counter) Tick(int64)               { c.ticks.Add(1) }

// An editor and a tap see what is relayed, and move to another shard with the call.
func TestEditorAndTapMoveWithTheLeg(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	k := b.call()
	tap := &counter{}
	if err := k.legA.SetRoute(relay.Route{To: k.legB, Edit: &editor{}, Tap: relay.Tap{Sink: tap}}); err != nil {
		t.Fatal(err)
	}
	k.talk(6)
	if err := k.legA.Move(1 - k.legA.Shard()); err != nil {
		t.Fatal(err)
	}
	k.talk(6)
	heard(t, k.b, 0xa, 6)
	if n := tap.packets.Load(); n != 12 {
		t.Errorf("the tap saw %d packets", n)
	}
	if s := k.legA.Stats(); s.Dropped[relay.DropPayloadType] != 6 {
		t.Errorf("drops %v", s.Dropped)
	}
}

// A tap for some payload types sees no others; the sink gets them all.
func TestTapSeesItsPayloadTypes(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{})
	k := b.call()
	const voice, event = 0, 101
	for _, c := range []struct {
		name  string
		types [2]uint64
		want  int64
	}{
		{"all", [2]uint64{}, 6},
		{"telephone-event", [2]uint64{1: 1 << (event - 64)}, 2},
		{"another", [2]uint64{1: 1 << 63}, 0},
	} {
		tap, sink := &counter{}, &counter{}
		if err := k.legA.SetRoute(relay.Route{Sink: sink, Tap: relay.Tap{Sink: tap, Types: c.types}}); err != nil {
			t.Fatal(err)
		}
		for _, pt := range []uint8{voice, voice, event, voice, event, voice} {
			k.a.pt = pt
			k.a.send(k.legA.LocalRTP())
			k.net.Advance(20 * time.Millisecond)
		}
		if n, all := tap.packets.Load(), sink.packets.Load(); n != c.want || all != 6 {
			t.Errorf("%s: the tap was told of %d packets, the sink of %d", c.name, n, all)
		}
	}
}

// A ticker of a leg runs wherever the leg is and ends with it.
func TestTickerMovesWithTheLeg(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: 2})
	k := b.call()
	k.talk(1)
	c := &counter{}
	add := func() { k.legB.AddTicker(c); k.legB.AddTicker(c) }
	if !k.legB.Run(add) {
		t.Fatal("closed")
	}
	tickers := func() (n [2]int) {
		for i, s := range b.Stats() {
			n[i] = s.Tickers
		}
		return n
	}
	from := k.legB.Shard()
	if n := tickers(); n[from] != 1 || n[1-from] != 0 {
		t.Fatalf("tickers %v, the leg is on shard %d", n, from)
	}
	if err := k.legB.Move(1 - from); err != nil {
		t.Fatal(err)
	}
	if n := tickers(); n[from] != 0 || n[1-from] != 1 {
		t.Fatalf("tickers %v after the move away from %d", n, from)
	}
	k.legB.Close()
	if n := tickers(); n != [2]int{} {
		t.Errorf("tickers %v after the end", n)
	}
	if k.legB.Run(add) {
		t.Error("a closed leg has a shard")
	}
}

// What is put into a stream that is edited is the next of its packets, and what comes after it follows; into one that is not edited, or
// before its first packet, nothing is put.
func TestInsertedPacketIsTheNextOfTheStream(t *testing.T) {
	b := start(t, udptest.Config{}, relay.Config{Shards: oneShard})
	k := b.call()
	insert := func() (ok bool) {
		k.legB.Run(func() {
			p := make([]byte, rtp.HeaderSize+4)
			rtp.Header{SequenceNumber: 777, SSRC: 0xcc}.Put(p)
			ok = k.legB.Insert(p)
		})
		return ok
	}
	k.talk(1)
	if insert() {
		t.Error("put into a stream that nobody edits")
	}
	if err := k.legA.SetRoute(relay.Route{To: k.legB, Edit: &editor{}}); err != nil {
		t.Fatal(err)
	}
	if insert() {
		t.Error("put in before the first packet")
	}
	k.b.received()
	for range 5 {
		k.talk(2)
		if !insert() {
			t.Error("not put in")
		}
	}
	heard(t, k.b, 0xa, 10)
}
