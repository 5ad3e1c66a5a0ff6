package jitter

import (
	"encoding/binary"
	"testing"
)

// FuzzBuffer feeds packets made of the input, eight octets each, and reads at random times. Whatever
// comes, the reader is fed in bounded steps, nothing is kept that was not put, and the delay holds.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 1, 0, 160, 0, 20, 0, 0, 0, 2, 1, 64, 0, 20, 0, 1}, byte(0))
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0, 0, 20, 0, 0, 0, 0, 1, 0x90, 1, 20, 0, 1, 0x80, 0, 9, 9, 2, 3, 3, 3}, byte(1))
	f.Fuzz(func(t *testing.T, in []byte, config byte) {
		c := Config{Mode: Mode(config & 1), ClockRate: []int{8000, 16000, 48000, 7}[config>>1&3]}
		b := New(c)
		now, downstream := int64(1), int64(0)
		for ; len(in) >= 8; in = in[8:] {
			p := Packet{
				SequenceNumber: binary.BigEndian.Uint16(in),
				Timestamp:      binary.BigEndian.Uint32(append([]byte{in[6] & 1 * 0x7F, in[6] & 2}, in[2:4]...)),
				SSRC:           uint32(in[6] >> 6),
				Samples:        int(int8(in[7])) * 10,
				Payload:        in[:8],
			}
			now += int64(in[5]) * millisecond
			if in[4]&0x80 != 0 {
				now += int64(in[4]&0x7F) * 100 * millisecond
			}
			b.Put(p, now)
			if b.ring.count > len(b.ring.slots) || b.newest-b.next >= int64(len(b.ring.slots)) && b.ring.count > 0 {
				t.Fatalf("%d kept, span %d", b.ring.count, b.newest-b.next)
			}
			for steps := 0; downstream < 20*millisecond; steps++ {
				if steps > 4000 {
					t.Fatal("the reader is not fed")
				}
				item := b.Next(now, downstream)
				if item.Kind == Wait {
					break
				}
				if item.Kind == Lost && item.Samples <= 0 || item.Samples < 0 || len(item.Payload) > 8 {
					t.Fatalf("%+v", item)
				}
				downstream += b.source.time(int64(item.Samples))
			}
			units := b.Stretch(now, downstream)
			if b.source.time(int64(units)) > int64(maxDelayLimit) {
				t.Fatalf("lengthen by %d", units)
			}
			if units > 0 {
				b.Stretched(units)
				downstream += b.source.time(int64(units))
			}
			downstream = max(downstream-20*millisecond, 0)
		}
		if target := b.Stats().Target; target < b.config.Min || target > b.config.Max {
			t.Fatalf("target %v", target)
		}
	})
}
