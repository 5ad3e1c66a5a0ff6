package relay

import "testing"

// BenchmarkAcceptRaw is the way of a packet of fax through the shard, without the system calls.
func BenchmarkAcceptRaw(b *testing.B) {
	h := newHot(b)
	h.legs[0].raw = true
	p := hotPacket()[:60]
	h.legs[0].acceptRaw(h.s, p, h.a.local, false, 1)
	b.ReportAllocs()
	for i := range b.N {
		h.legs[0].acceptRaw(h.s, p, h.a.local, false, int64(i)*20e6)
		h.s.out.n = 0 // nothing is sent
	}
}
