package moh

import (
	"testing"
)

func constant(v int16) []int16 {
	x := make([]int16, 160)
	for i := range x {
		x[i] = v
	}
	return x
}

// live is a source over a filler of 1000, and its cursor.
func live(t *testing.T) (*Live, *LiveCursor) {
	t.Helper()
	l := NewLive(&Playlist{rate: 8000, tracks: []*Track{NewTrack("filler", 8000, constant(1000))}})
	return l, l.Cursor()
}

// The filler is heard until the source plays and again when it ceases, with no step between them, and nothing of the source is left
// out or heard twice meanwhile.
func TestLiveMusicAndWhatStandsInForIt(t *testing.T) {
	l, c := live(t)
	x, last := make([]int16, 160), int16(1000)
	value := int16(2000) // of the source; it rises by one a frame
	var heard []int16
	for tick := range 300 {
		playing := tick >= 50 && tick < 200
		if err := l.Write(constant(value), playing); err != nil {
			t.Fatal(err)
		}
		value++
		c.Read(x)
		for _, v := range x {
			if step := int(v) - int(last); step > 30 || step < -30 {
				t.Fatalf("a step of %d in tick %d", step, tick)
			}
			last = v
		}
		if x[0] == x[159] && x[0] >= 2000 {
			heard = append(heard, x[0])
		}
		if (tick < 50 || tick > 202) && x[80] != 1000 {
			t.Fatalf("tick %d: %d, want the filler", tick, x[80])
		}
	}
	for i, v := range heard {
		if i > 0 && v != heard[i-1]+1 {
			t.Fatalf("%d after %d", v, heard[i-1])
		}
	}
	if len(heard) < 140 {
		t.Errorf("%d frames of 150 were heard", len(heard))
	}
	if err := l.Write(make([]int16, 320), true); err == nil {
		t.Error("took a frame of another length")
	}
}

// A writer that is late by less than the lead, and makes up for it, is not heard; one that is later is heard as silence; a reader
// that was away goes on with what is played now.
func TestLiveMusicByAnUnpunctualWriter(t *testing.T) {
	l, c := live(t)
	x, next, owed := make([]int16, 160), int16(1), 0
	read := func() int16 { c.Read(x); return x[80] }
	write := func(n int) {
		for range n {
			if err := l.Write(constant(next), true); err != nil {
				t.Fatal(err)
			}
			next++
		}
	}
	write(10)
	read() // the filler fades
	write(1)
	read()
	want := next - liveLead + 1
	for tick := range 200 {
		if owed++; tick%4 == 3 {
			write(owed)
			owed = 0
		}
		if got := read(); got != want {
			t.Fatalf("tick %d: %d, want %d", tick, got, want)
		}
		want++
	}
	for range liveLead + 1 {
		read()
	}
	if got := read(); got != 0 {
		t.Errorf("%d while nothing is written", got)
	}
	write(1000)
	if got := read(); got != next-liveLead {
		t.Errorf("%d after an absence, want %d", got, next-liveLead)
	}
	if n := testing.AllocsPerRun(100, func() { c.Read(x) }); n != 0 {
		t.Errorf("%v allocations a Read", n)
	}
}
