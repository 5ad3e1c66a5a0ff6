package jitter

import "testing"

// steady gives a step that puts one packet, reads until fed and asks for a stretch: one tick of a party.
func steady(b *Buffer) func() {
	p := Packet{SSRC: 1, Samples: 160, Payload: make([]byte, 160)}
	now, downstream := int64(1), int64(0)
	return func() {
		b.Put(p, now)
		p.SequenceNumber++
		p.Timestamp += 160
		for downstream < 20*millisecond {
			item := b.Next(now, downstream)
			if item.Kind == Wait {
				downstream = 20 * millisecond
			}
			downstream += b.source.time(int64(item.Samples))
		}
		b.Stretch(now, downstream)
		b.Stretched(0)
		downstream -= 20 * millisecond
		now += 20 * millisecond
	}
}

func TestPutNextStretchNoAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(1000, steady(New(Config{}))); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func BenchmarkPutNextStretch(b *testing.B) {
	step := steady(New(Config{}))
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

func BenchmarkNextIdle(b *testing.B) {
	buffer := New(Config{})
	b.ReportAllocs()
	for b.Loop() {
		buffer.Next(1, 0)
	}
}
