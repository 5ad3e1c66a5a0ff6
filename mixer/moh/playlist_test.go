package moh

import (
	"fmt"
	"testing"
)

func TestPlaylistIsGapless(t *testing.T) {
	p := &Playlist{tracks: []*Track{
		NewTrack("a", 8000, []int16{1, 2, 3}), NewTrack("b", 8000, []int16{4}), NewTrack("c", 8000, []int16{5, 6, 7, 8, 9}),
	}}
	c := p.Cursor()
	next := int16(0)
	for _, n := range []int{1, 160, 7, 320, 2, 2, 9, 18} {
		x := make([]int16, n)
		c.Read(x)
		for _, v := range x {
			if v != next%9+1 {
				t.Fatalf("%d after %d", v, next%9)
			}
			next++
		}
	}
}

func TestCursorsAreIndependent(t *testing.T) {
	p := &Playlist{tracks: []*Track{Melody(8000)}}
	a, b := p.Cursor(), p.Cursor()
	x, y := make([]int16, 160), make([]int16, 160)
	a.Read(x)
	a.Read(x)
	b.Read(y)
	b.Read(y)
	for i := range x {
		if x[i] != y[i] {
			t.Fatal("a cursor is moved by another")
		}
	}
}

func TestCursorReadNoAllocs(t *testing.T) {
	c := (&Playlist{tracks: []*Track{NewTrack("a", 8000, make([]int16, 333))}}).Cursor()
	x := make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() { c.Read(x) }); n != 0 {
		t.Errorf("%v allocations a Read", n)
	}
	c = numbered(7).Shuffled(1).Cursor()
	if n := testing.AllocsPerRun(100, func() { c.Read(x) }); n != 0 {
		t.Errorf("%v allocations a Read that shuffles", n)
	}
}

func BenchmarkCursorRead(b *testing.B) {
	c := (&Playlist{tracks: []*Track{NewTrack("a", 8000, make([]int16, 3333))}}).Cursor()
	x := make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		c.Read(x)
	}
}

// numbered is tracks of one sample each, their numbers from 1 on.
func numbered(n int) *Playlist {
	p := &Playlist{}
	for i := range n {
		p.tracks = append(p.tracks, NewTrack("", 8000, []int16{int16(i + 1)}))
	}
	return p
}

func TestShuffle(t *testing.T) {
	for n := 1; n <= 7; n++ {
		p := numbered(n).Shuffled(uint64(n))
		x, y := make([]int16, 1000*n), make([]int16, 1000*n)
		p.Cursor().Read(x)
		p.Cursor().Read(y)
		orders := map[string]bool{}
		for round := range 1000 {
			seen := map[int16]bool{}
			for _, v := range x[round*n : (round+1)*n] {
				seen[v] = true
			}
			if len(seen) != n {
				t.Fatalf("%d tracks: %v in one round", n, x[round*n:(round+1)*n])
			}
			orders[fmt.Sprint(x[round*n:(round+1)*n])] = true
		}
		for i := range x {
			if x[i] != y[i] {
				t.Fatalf("%d tracks: another cursor plays another order", n)
			}
			if i > 0 && n > 1 && x[i] == x[i-1] {
				t.Fatalf("%d tracks: %d twice in a row", n, x[i])
			}
		}
		// With two tracks and no repeat there is one order; with three, all six come.
		if want := []int{1, 1, 6, 24, 100, 400, 700}[n-1]; len(orders) < want {
			t.Errorf("%d tracks: %d orders in 1,000 rounds, want %d", n, len(orders), want)
		}
	}
}
