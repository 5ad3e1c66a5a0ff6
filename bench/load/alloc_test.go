package load

import (
	"net/netip"
	"testing"
	"time"
)

// The loop's parts allocate nothing: making, sending, receiving and counting packets.
func TestPacketsNoAllocs(t *testing.T) {
	r := reflector(t)
	g := generator(t, r, Relay)
	if err := g.Open(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	res := &Result{}
	g.step++
	legs := g.turns(2)
	g.sink.begin(g, legs, Schedule{Start: time.Now().UnixNano(), Rate: 1000, Total: 1 << 20}, 0, res)
	number := uint32(0)
	n := testing.AllocsPerRun(200, func() {
		l := legs[number%2]
		l.wire.put(l.next(g.step, number), &l.to)
		l.wire.flush()
		number++
		arrivals := l.wire.receive(0)
		for i := range arrivals {
			g.sink.take(&arrivals[i])
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	for deadline := time.Now().Add(10 * time.Second); g.sink.taken < int(number) && time.Now().Before(deadline); {
		arrivals := legs[0].wire.receive(0)
		for i := range arrivals {
			g.sink.take(&arrivals[i])
		}
		arrivals = legs[1].wire.receive(0)
		for i := range arrivals {
			g.sink.take(&arrivals[i])
		}
	}
	if g.sink.taken != int(number) || res.Wrong != 0 {
		t.Errorf("of %d packets %d came back, %d wrong", number, g.sink.taken, res.Wrong)
	}
}

// What the sink must not take for one of its packets.
func TestSinkKnowsItsPackets(t *testing.T) {
	r := reflector(t)
	g := generator(t, r, Relay)
	if err := g.Open(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	g.step = 5
	legs := g.turns(4)
	sender := legs[0]
	receiver := g.legs[(sender.ssrc-g.ssrc)^1]
	packet := func(step uint8, number uint32) []byte { return append([]byte(nil), sender.next(step, number)...) }
	for _, tc := range []struct {
		name               string
		a                  arrival
		taken, wrong, dups int
	}{
		{"as sent", arrival{data: packet(5, 0), from: receiver.source}, 1, 0, 0},
		{"of an earlier step", arrival{data: packet(4, 0), from: receiver.source}, 0, 0, 0},
		{"from another port", arrival{data: packet(5, 0), from: netip.MustParseAddrPort("127.0.0.1:9")}, 0, 1, 0},
		{"number never sent", arrival{data: packet(5, 100), from: receiver.source}, 0, 1, 0},
		{"too short", arrival{data: packet(5, 0)[:100], from: receiver.source}, 0, 1, 0},
		{"too long", arrival{data: append(packet(5, 0), 0), from: receiver.source}, 0, 1, 0},
		{"no stamp", arrival{data: make([]byte, PacketSize), from: receiver.source}, 0, 1, 0},
		{"of the other law", arrival{data: func() []byte { p := packet(5, 0); p[1] = payloadTypePCMA; return p }(), from: receiver.source}, 0, 1, 0},
		{"empty", arrival{from: receiver.source}, 0, 1, 0},
		{"encrypted for nobody", arrival{data: make([]byte, sealedSize), from: receiver.source}, 0, 1, 0},
		{"encrypted for a plain leg", arrival{data: append(packet(5, 0), make([]byte, tagSize)...), from: receiver.source}, 0, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := &Result{}
			tc.a.at = 2_000_000
			tc.a.data = append([]byte(nil), tc.a.data...)
			if len(tc.a.data) == sealedSize && tc.a.data[0] == 0 {
				tc.a.data[0] = 2 << 6
			}
			g.sink.begin(g, legs, Schedule{Start: 1_000_000, Rate: 1000, Total: 100}, 0, res)
			g.sink.take(&tc.a)
			if g.sink.taken != tc.taken || res.Wrong != tc.wrong || res.Duplicates != tc.dups {
				t.Errorf("taken %d, wrong %d, duplicates %d", g.sink.taken, res.Wrong, res.Duplicates)
			}
			if tc.taken == 1 {
				if d := res.Delay.Percentile(1); d != time.Millisecond {
					t.Errorf("delay %v, want 1 ms", d)
				}
				g.sink.take(&tc.a)
				if res.Duplicates != 1 || res.Received != 1 {
					t.Errorf("the same again: %d duplicates, %d received", res.Duplicates, res.Received)
				}
			}
		})
	}
}
