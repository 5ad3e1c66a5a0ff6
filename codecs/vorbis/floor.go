package vorbis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// floor is the curve of a channel's spectrum, a line through points (floor type 1, section 7.2).
type floor struct {
	partitions []int // the class of each
	classes    []floorClass
	multiplier int
	x          []int // of the points, the first two the ends
	sorted     []int // their indices from left to right
	low, high  []int // by point: its neighbours among those before it
}

type floorClass struct {
	dimensions, subclasses int
	master                 *codebook
	books                  []*codebook // nil = zero
}

// mostPoints of a curve: 31 partitions of 8 at most, and the ends.
const mostPoints = 65

func readFloor(b *bits, books []*codebook) (*floor, error) {
	if kind := b.read(16); kind != 1 {
		return nil, fmt.Errorf("floor of type %d: only type 1 of Vorbis is read", kind)
	}
	book := func(i int) (*codebook, error) {
		if i < 0 || i >= len(books) {
			return nil, fmt.Errorf("%w: there is no codebook %d", ErrBroken, i)
		}
		return books[i], nil
	}
	f := &floor{partitions: make([]int, b.read(5))}
	most := -1
	for i := range f.partitions {
		f.partitions[i] = int(b.read(4))
		most = max(most, f.partitions[i])
	}
	f.classes = make([]floorClass, most+1)
	for i := range f.classes {
		c := &f.classes[i]
		c.dimensions, c.subclasses = int(b.read(3))+1, int(b.read(2))
		var err error
		if c.subclasses > 0 {
			if c.master, err = book(int(b.read(8))); err != nil {
				return nil, err
			}
		}
		c.books = make([]*codebook, 1<<c.subclasses)
		for j := range c.books {
			if n := int(b.read(8)) - 1; n >= 0 {
				if c.books[j], err = book(n); err != nil {
					return nil, err
				}
			}
		}
	}
	f.multiplier = int(b.read(2)) + 1
	size := int(b.read(4))
	f.x = []int{0, 1 << size}
	for _, class := range f.partitions {
		for range f.classes[class].dimensions {
			f.x = append(f.x, int(b.read(size)))
		}
	}
	if len(f.x) > mostPoints {
		return nil, fmt.Errorf("%w: a floor of %d points", ErrBroken, len(f.x))
	}
	for i := range f.x {
		f.sorted = append(f.sorted, i)
	}
	slices.SortFunc(f.sorted, func(a, b int) int { return cmp.Compare(f.x[a], f.x[b]) })
	for i := 1; i < len(f.sorted); i++ {
		if f.x[f.sorted[i]] == f.x[f.sorted[i-1]] {
			return nil, fmt.Errorf("%w: a floor has two points at one place", ErrBroken)
		}
	}
	f.low, f.high = make([]int, len(f.x)), make([]int, len(f.x))
	for i := 2; i < len(f.x); i++ {
		low, high := 0, 1
		for j := range i {
			if f.x[j] < f.x[i] && f.x[j] > f.x[low] {
				low = j
			}
			if f.x[j] > f.x[i] && f.x[j] < f.x[high] {
				high = j
			}
		}
		f.low[i], f.high[i] = low, high
	}
	return f, nil
}

// read reads the points of a packet's channel, none when it is silent (section 7.2.3).
func (f *floor) read(b *bits) []int {
	if !b.flag() {
		return nil
	}
	size := width(f.levels() - 1)
	y := append(make([]int, 0, len(f.x)), int(b.read(size)), int(b.read(size)))
	for _, class := range f.partitions {
		c := &f.classes[class]
		which := 0
		if c.master != nil {
			which = max(c.master.entry(b), 0)
		}
		for range c.dimensions {
			v := 0
			if book := c.books[which&(1<<c.subclasses-1)]; book != nil {
				v = max(book.entry(b), 0)
			}
			which >>= c.subclasses
			y = append(y, v)
		}
	}
	if b.over {
		return nil
	}
	return y
}

// levels is how many values a point may have.
func (f *floor) levels() int { return [...]int{256, 128, 86, 64}[f.multiplier-1] }

// curve multiplies a spectrum by the curve through the points (section 7.2.4).
func (f *floor) curve(y []int, spectrum []float64) {
	levels := f.levels()
	drawn := make([]bool, len(y))
	drawn[0], drawn[1] = true, true
	for i := 2; i < len(y); i++ {
		low, high := f.low[i], f.high[i]
		expected := between(f.x[low], y[low], f.x[high], y[high], f.x[i])
		above, below := levels-expected, expected
		v := y[i]
		if y[i] = expected; v == 0 {
			continue
		}
		drawn[low], drawn[high], drawn[i] = true, true, true
		switch {
		case v >= 2*min(above, below) && above > below:
			y[i] = v - below + expected
		case v >= 2*min(above, below):
			y[i] = expected - v + above - 1
		case v&1 != 0:
			y[i] = expected - (v+1)/2
		default:
			y[i] = expected + v/2
		}
	}
	x0, y0 := 0, y[0]*f.multiplier
	for _, i := range f.sorted[1:] {
		if drawn[i] {
			x1, y1 := f.x[i], y[i]*f.multiplier
			line(x0, y0, x1, y1, spectrum)
			x0, y0 = x1, y1
		}
	}
	if x0 < len(spectrum) {
		line(x0, y0, len(spectrum), y0, spectrum)
	}
}

// between is the height at x of the line from one point to another (render_point, section 9.2.6).
func between(x0, y0, x1, y1, x int) int {
	off := abs(y1-y0) * (x - x0) / (x1 - x0)
	if y1 < y0 {
		return y0 - off
	}
	return y0 + off
}

// line multiplies the spectrum by the line, its end not included (render_line, section 9.2.7).
func line(x0, y0, x1, y1 int, spectrum []float64) {
	base, side := (y1-y0)/(x1-x0), 1
	if y1 < y0 {
		side = -1
	}
	rest := abs(y1-y0) - abs(base)*(x1-x0)
	for x, y, missing := x0, y0, 0; x < min(x1, len(spectrum)); x++ {
		spectrum[x] *= decibels[min(max(y, 0), 255)]
		y += base
		if missing += rest; missing >= x1-x0 {
			missing -= x1 - x0
			y += side
		}
	}
}

// decibels are the amplitudes of the levels of a curve: 140 dB in 256 steps (section 10.1).
var decibels = func() (table [256]float64) {
	for i := range table {
		table[i] = math.Pow(10, 7*(float64(i+1)/256-1))
	}
	return table
}()

func abs(n int) int { return max(n, -n) }
