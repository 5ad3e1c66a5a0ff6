package quality

import (
	"math/rand/v2"
	"testing"
	"time"

	"sidetone/relay/rtp"
)

const ms = int64(time.Millisecond)

// voice is a packet of 20 ms at 8 kHz: number n of a stream.
func voice(ssrc uint32, n int) []byte {
	b := make([]byte, 172)
	rtp.Header{SSRC: ssrc, SequenceNumber: uint16(n), Timestamp: uint32(n * 160)}.Put(b)
	return b
}

func TestCountsLossAcrossTheWrap(t *testing.T) {
	for _, c := range []struct {
		name string
		give func(n int) int // how often packet n comes
		want Counts
	}{
		{"none", func(int) int { return 1 }, Counts{1000, 1000}},
		{"every tenth", func(n int) int { return min(n%10, 1) }, Counts{999, 900}}, // the first one is missed too, unseen
		{"one twice", func(n int) int { return 1 + n%1000/999 }, Counts{1000, 1001}},
		{"a gap", func(n int) int {
			if n >= 100 && n < 300 {
				return 0
			}
			return 1
		}, Counts{1000, 800}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Receiver
			for n := range 1000 {
				for range c.give(n) {
					r.Packet(voice(1, 65000+n), 8, int64(n)*20*ms)
				}
			}
			if got := r.Counts(); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestLateIsNotLost(t *testing.T) {
	var r Receiver
	for n := 0; n < 1000; n += 2 {
		r.Packet(voice(1, 65000+n+1), 8, int64(n)*20*ms)
		r.Packet(voice(1, 65000+n), 8, int64(n)*20*ms+ms)
	}
	if got := r.Counts(); got.Lost() != 0 || got.Received != 1000 {
		t.Errorf("%+v", got)
	}
}

func TestStreamsAddUp(t *testing.T) {
	var r Receiver
	at := int64(0)
	stream := func(ssrc uint32, from, n, lose int) {
		for i := range n {
			if at += 20 * ms; i != lose {
				r.Packet(voice(ssrc, from+i), 8, at)
			}
		}
	}
	stream(1, 100, 50, 10)
	stream(2, 60000, 50, 20) // another source
	stream(2, 30000, 51, -1) // it starts again: its first packet only raises suspicion
	stream(1, 7, 50, 30)
	if got := r.Counts(); got != (Counts{Expected: 200, Received: 197}) {
		t.Errorf("%+v", got)
	}
	before := r.Counts()
	r.Packet(voice(1, 40000), 8, at) // a stray number alone
	if r.Counts() != before {
		t.Error("a stray number counts")
	}
}

func TestJitter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name     string
		delay    func(n int) int64 // of packet n, ns
		from, to time.Duration
	}{
		{"none", func(int) int64 { return 50 * ms }, 0, 0},
		{"every other one late", func(n int) int64 { return int64(n%2) * 8 * ms }, 7500 * time.Microsecond, 8 * time.Millisecond},
		{"uniform over 12 ms", func(int) int64 { return random.Int64N(12 * ms) }, 2500 * time.Microsecond, 5500 * time.Microsecond}, // the mean difference is a third
		{"a pause, then as before", func(n int) int64 {
			if n < 500 {
				return 0
			}
			return 10_000 * ms
		}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Receiver
			for n := range 1000 {
				r.Packet(voice(1, n), 8, int64(n)*20*ms+c.delay(n))
			}
			if got := r.Jitter(); got < c.from || got > c.to {
				t.Errorf("%v, want %v to %v", got, c.from, c.to)
			}
		})
	}
}

func TestJitterIgnoresRepeatedTimestamps(t *testing.T) {
	var r Receiver
	for n := range 200 {
		b := voice(1, n)
		if n >= 50 && n < 100 { // an event: one timestamp for all its packets
			rtp.SetTimestamp(b, 50*160)
		}
		r.Packet(b, 8, int64(n)*20*ms)
	}
	if got := r.Jitter(); got != 0 {
		t.Errorf("%v", got)
	}
}

func TestJitterKnowsTheClock(t *testing.T) {
	var r Receiver
	for n := range 500 {
		b := voice(1, n)
		rtp.SetTimestamp(b, uint32(n*960))
		r.Packet(b, 48, int64(n)*20*ms+int64(n%2)*4*ms)
	}
	if got := r.Jitter(); got < 3800*time.Microsecond || got > 4*time.Millisecond {
		t.Errorf("%v, want 4 ms", got)
	}
}

func TestBlockSaysWhatCameSince(t *testing.T) {
	var r Receiver
	if _, ok := r.Block(); ok {
		t.Error("a report about nothing")
	}
	for n := range 100 {
		r.Packet(voice(9, 65500+n), 8, int64(n)*20*ms)
	}
	b, ok := r.Block()
	if !ok || b.SSRC != 9 || b.Lost != 0 || b.FractionLost != 0 || b.Highest != 1<<16|(65599&0xffff) {
		t.Errorf("%+v %v", b, ok)
	}
	if _, ok := r.Block(); ok {
		t.Error("a second report about the same")
	}
	for n := 100; n < 200; n += 2 {
		r.Packet(voice(9, 65500+n), 8, int64(n)*20*ms)
	}
	r.Packet(voice(9, 65500+199), 8, 4000*ms)
	if b, ok = r.Block(); !ok || b.Lost != 49 || b.FractionLost != 49*256/100 {
		t.Errorf("%+v %v", b, ok)
	}
	for range 100 {
		r.Packet(voice(9, 65500+199), 8, 4000*ms)
	}
	if b, _ = r.Block(); b.Lost != -51 || b.FractionLost != 0 {
		t.Errorf("after duplicates %+v", b)
	}
}

func TestReceiverNoAllocs(t *testing.T) {
	var r Receiver
	b, n := voice(1, 0), 0
	if allocs := testing.AllocsPerRun(1000, func() {
		n++
		rtp.SetSequenceNumber(b, uint16(n))
		rtp.SetTimestamp(b, uint32(n*160))
		r.Packet(b, 8, int64(n)*20*ms)
		r.Block()
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkReceiver(b *testing.B) {
	var r Receiver
	p, n := voice(1, 0), 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		rtp.SetSequenceNumber(p, uint16(n))
		rtp.SetTimestamp(p, uint32(n*160))
		r.Packet(p, 8, int64(n)*20*ms)
	}
}

func TestInterruptedIsNotLost(t *testing.T) {
	var r Receiver
	send := func(first, n int) {
		for i := range n {
			p := make([]byte, rtp.HeaderSize)
			(&rtp.Header{SSRC: 7, SequenceNumber: uint16(first + i), Timestamp: uint32(160 * (first + i))}).Put(p)
			r.Packet(p, 8, int64(first+i)*int64(20*time.Millisecond))
		}
	}
	send(100, 50)
	r.Interrupt()
	r.Interrupt()
	if c := r.Counts(); c.Expected != 50 || c.Received != 50 {
		t.Errorf("while it sends elsewhere: %+v", c)
	}
	send(400, 50) // 250 went elsewhere
	if c := r.Counts(); c.Expected != 100 || c.Received != 100 {
		t.Errorf("when it is back: %+v", c)
	}
}
