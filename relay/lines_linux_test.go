package relay

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"unsafe"

	"sidetone/relay/quality"
	"sidetone/relay/rtp"
	"sidetone/relay/srtp"
	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// TestLegFillsItsCacheLines holds a leg to what its doc says: which lines of 64 bytes a packet needs.
func TestLegFillsItsCacheLines(t *testing.T) {
	const line = 64
	const header = 8 // in front of an object of more than 512 bytes
	var l Leg
	var m legState
	for _, c := range []struct {
		name      string
		at, size  uintptr
		first, to uintptr // lines
	}{
		{"slots", unsafe.Offsetof(l.slots), unsafe.Sizeof(l.slots), 0, 0},
		{"sent", unsafe.Offsetof(l.sent), unsafe.Sizeof(l.sent), 0, 0},
		{"secure", unsafe.Offsetof(l.secure), unsafe.Sizeof(l.secure), 0, 0},
		{"latch.to", unsafe.Offsetof(l.latch) + unsafe.Offsetof(l.latch.to), unsafe.Sizeof(l.latch.to), 0, 0},
		{"latch.locked to state", unsafe.Offsetof(l.latch) + unsafe.Offsetof(l.latch.locked), unsafe.Offsetof(l.latch.learning) - unsafe.Offsetof(l.latch.locked), 1, 1},
		{"stream", unsafe.Offsetof(l.stream), unsafe.Sizeof(quality.Receiver{}) - unsafe.Sizeof(quality.Counts{}), 2, 2},
		{"received", unsafe.Offsetof(l.received), unsafe.Sizeof(l.received), 3, 3},
		{"direct", unsafe.Offsetof(l.direct), unsafe.Sizeof(l.direct), 3, 3},
		{"active", unsafe.Offsetof(l.active), unsafe.Sizeof(l.active), 3, 3},
		{"fetcher", unsafe.Offsetof(l.fetcher), unsafe.Sizeof(l.fetcher), 3, 3},
		{"on", unsafe.Offsetof(l.on), unsafe.Sizeof(l.on), 4, 4},
		{"legState", unsafe.Offsetof(l.legState), unsafe.Sizeof(l.legState), 4, 4},
		{"legState: reports.own", header + unsafe.Offsetof(m.reports) + unsafe.Offsetof(m.reports.own), unsafe.Sizeof(m.reports.own), 1, 1},
		{"legState: route but for Edit", header + unsafe.Offsetof(m.route), unsafe.Offsetof(m.route.Edit), 6, 6},
		{"legState: losses but for bursts", header + unsafe.Offsetof(m.losses), unsafe.Offsetof(m.losses.bursts), 7, 7},
		{"raw to kHz", unsafe.Offsetof(l.raw), unsafe.Offsetof(l.kHz) - unsafe.Offsetof(l.raw) + 1, 3, 3},
	} {
		if first, last := c.at/line, (c.at+c.size-1)/line; first != c.first || last != c.to {
			t.Errorf("%s, bytes %d-%d, is on lines %d to %d, not %d to %d", c.name, c.at, c.at+c.size-1, first, last, c.first, c.to)
		}
	}
	// The allocator puts objects of this size one after the other from the beginning of a page.
	if size := unsafe.Sizeof(l); size <= 352 || size > 384 {
		t.Errorf("a leg has %d bytes: of the allocator's sizes 384 is the one of whole lines, 352 and 416 are not", size)
	}
	legs := make([]*Leg, 100)
	for i := range legs {
		legs[i] = &Leg{legState: new(legState)}
		if at := uintptr(unsafe.Pointer(legs[i])) % line; at != 0 {
			t.Fatalf("a leg begins at byte %d of a line", at)
		}
		if at := uintptr(unsafe.Pointer(legs[i].legState)) % line; at != header {
			t.Fatalf("a leg's state begins at byte %d of a line", at)
		}
	}
}

// BenchmarkAcceptBatches is the shard's own work for relayed packets that come in full batches, each of another leg: what ten
// thousand legs cost more than two hundred is misses of the processor's cache.
func BenchmarkAcceptBatches(b *testing.B) {
	for _, legs := range []int{200, 10_000} {
		b.Run(fmt.Sprint(legs), func(b *testing.B) { acceptBatches(b, legs) })
	}
}

// BenchmarkAcceptBatchesSecure is the same for calls of which one side has SRTP: half of the packets are decrypted, half encrypted.
func BenchmarkAcceptBatchesSecure(b *testing.B) {
	for _, legs := range []int{500, 2000, 10_000} {
		b.Run(fmt.Sprint(legs), func(b *testing.B) { acceptBatchesSecure(b, legs) })
	}
}

func acceptBatchesSecure(b *testing.B, legs int) {
	h, in := batchLegs(b, legs)
	senders := make([]*srtp.Context, legs) // of the peers that have keys
	of := map[uint32]int{}
	for i, l := range h.s.legs {
		of[l.slots[0]] = i
		if i%2 == 1 {
			keys, sender := hotKeys(b, srtp.AES128CM80)
			if err := l.setKeys(keys); err != nil {
				b.Fatal(err)
			}
			senders[i] = sender
		}
	}
	arena := make([][]byte, len(h.s.in))
	for i := range arena {
		arena[i] = make([]byte, 256)
	}
	packets, plain := make([][256]byte, legs), hotPacket()
	b.ReportAllocs()
	seq, next, now := uint16(0), legs, int64(1)
	for n := b.N; n > 0; n -= len(h.s.in) {
		if next+len(h.s.in) > legs { // another round of packets
			b.StopTimer()
			next, seq, now = 0, seq+1, now+int64(20e6)
			rtp.SetSequenceNumber(plain, seq)
			for i := range in {
				in[i].Data = append(packets[i][:0], plain...)
				if sender := senders[of[in[i].Slot]]; sender != nil {
					size, err := sender.ProtectRTP(packets[i][:], plain)
					if err != nil {
						b.Fatal(err)
					}
					in[i].Data = packets[i][:size]
				}
			}
			b.StartTimer()
		}
		for i := range h.s.in {
			h.s.in[i] = in[next+i%legs]
			h.s.in[i].Data = append(arena[i][:0], h.s.in[i].Data...)
		}
		next += len(h.s.in)
		h.s.inAt, h.s.inCount, h.s.fetched = 0, len(h.s.in), 0
		h.s.acceptAll(now)
		h.s.out.n = 0 // nothing is sent
	}
	for _, l := range h.s.legs {
		if n := l.stats.Dropped.Total(); n != 0 {
			b.Fatalf("%d dropped", n)
		}
	}
}

func acceptBatches(b *testing.B, legs int) {
	h, in := batchLegs(b, legs)
	data := make([][]byte, len(h.s.in)) // packets come in the arena, not in memory of their own
	for i := range data {
		data[i] = hotPacket()
	}
	b.ReportAllocs()
	now, next := int64(1), 0
	for n := b.N; n > 0; n -= len(h.s.in) {
		for i := range h.s.in {
			h.s.in[i] = in[next]
			h.s.in[i].Data = data[i]
			if next++; next == legs {
				next = 0
				now += int64(20e6)
			}
		}
		h.s.inAt, h.s.inCount, h.s.fetched = 0, len(h.s.in), 0
		h.s.acceptAll(now)
		h.s.out.n = 0 // nothing is sent
	}
}

// batchLegs makes a shard with so many legs, two routed to each other, and a packet for each in random order.
func batchLegs(b *testing.B, legs int) (*hot, []udp.Packet) {
	peer, local := netip.MustParseAddrPort("10.0.1.1:4000"), netip.MustParseAddr("10.0.0.1")
	r, err := New(Config{Shards: 1, Network: udptest.New(udptest.Config{}), Interfaces: []Interface{{Name: "lo", Address: local, FirstPort: 20000, LastPort: 49999}}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	h := &hot{t: b, r: r, s: r.shards[0]}
	var in []udp.Packet
	h.drive(func() {
		var last *Leg
		for i := range legs {
			l, err := r.OpenLeg(LegConfig{})
			if err != nil {
				b.Error(err)
				return
			}
			l.SetRemote(Remote{RTP: peer, PayloadTypes: [2]uint64{1}})
			if i%2 == 1 {
				l.SetRoute(Route{To: last})
				last.SetRoute(Route{To: l})
			}
			last = l
			in = append(in, udp.Packet{Slot: l.slots[0], Addr: peer, Data: hotPacket()})
		}
	})
	rand.New(rand.NewPCG(1, 1)).Shuffle(legs, func(i, k int) { in[i], in[k] = in[k], in[i] })
	return h, in
}
