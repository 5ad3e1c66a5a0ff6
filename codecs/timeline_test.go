package codecs

import (
	"math/rand/v2"
	"testing"
)

func TestTimelineKeepsTimeAcrossWrapAndReorder(t *testing.T) {
	for _, rates := range [][2]int{{8000, 48000}, {48000, 8000}, {8000, 16000}, {16000, 48000}, {8000, 8000}} {
		line := NewTimeline(rates[0], rates[1])
		r := rand.New(rand.NewPCG(1, 2))
		start := ^uint32(0) - 40*uint32(rates[0])/50
		first := line.Scale(start)
		for i := range 400 {
			at := max(0, i-r.IntN(4)) // 20 ms packets, some late
			got := line.Scale(start+uint32(at*rates[0]/50)) - first
			if want := uint32(at * rates[1] / 50); got-want+1 > 2 {
				t.Fatalf("%v: packet %d at %d, want %d", rates, at, got, want)
			}
		}
	}
}

func TestTimelineNoAllocs(t *testing.T) {
	line := NewTimeline(48000, 8000)
	at := uint32(0)
	if n := testing.AllocsPerRun(100, func() { line.Scale(at); at += 960 }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTimeline(b *testing.B) {
	line := NewTimeline(48000, 8000)
	b.ReportAllocs()
	at := uint32(0)
	for b.Loop() {
		line.Scale(at)
		at += 960
	}
}
