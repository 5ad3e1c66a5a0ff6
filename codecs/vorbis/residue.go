package vorbis

import "fmt"

// residue is what is left of spectra when their curves are taken away (section 8).
type residue struct {
	kind       int // how the vectors lie in a partition; 2: of all channels in turn
	begin, end int
	size       int // of a partition
	class      *codebook
	classes    [][8]*codebook // by class and pass
}

func readResidue(b *bits, books []*codebook) (*residue, error) {
	r := &residue{kind: int(b.read(16))}
	if r.kind > 2 {
		return nil, fmt.Errorf("%w: a residue of type %d", ErrBroken, r.kind)
	}
	r.begin, r.end, r.size = int(b.read(24)), int(b.read(24)), int(b.read(24))+1
	r.classes = make([][8]*codebook, b.read(6)+1)
	class := int(b.read(8))
	if class >= len(books) || r.end < r.begin {
		return nil, fmt.Errorf("%w: a residue from %d to %d by codebook %d", ErrBroken, r.begin, r.end, class)
	}
	r.class = books[class]
	passes := make([]uint32, len(r.classes))
	for i := range passes {
		passes[i] = b.read(3)
		if b.flag() {
			passes[i] |= b.read(5) << 3
		}
	}
	for i := range r.classes {
		for pass := range 8 {
			if passes[i]>>pass&1 == 0 {
				continue
			}
			n := int(b.read(8))
			if n >= len(books) || books[n].vectors == nil {
				return nil, fmt.Errorf("%w: a residue of codebook %d", ErrBroken, n)
			}
			r.classes[i][pass] = books[n]
		}
	}
	return r, nil
}

// read adds to the spectra of those channels that are not nil (section 8.6.2). A packet that ends within it is as good as whole.
func (r *residue) read(b *bits, channels [][]float64, n int) {
	var heard [][]float64
	for _, c := range channels {
		if c != nil {
			heard = append(heard, c)
		}
	}
	if len(heard) == 0 {
		return
	}
	if r.kind < 2 {
		r.partitions(b, heard, n)
		return
	}
	woven := make([]float64, n*len(channels))
	r.partitions(b, [][]float64{woven}, len(woven))
	for i, c := range channels {
		for k := range c {
			c[k] = woven[k*len(channels)+i]
		}
	}
}

func (r *residue) partitions(b *bits, channels [][]float64, n int) {
	begin, end := min(r.begin, n), min(r.end, n)
	count := (end - begin) / r.size
	class := make([][]int, len(channels))
	for i := range class {
		class[i] = make([]int, count+r.class.dimensions)
	}
	for pass := range 8 {
		for at := 0; at < count; {
			if pass == 0 {
				for i := range channels {
					v := r.class.entry(b)
					if v < 0 {
						return
					}
					for k := r.class.dimensions - 1; k >= 0; k-- {
						class[i][at+k] = v % len(r.classes)
						v /= len(r.classes)
					}
				}
			}
			for k := 0; k < r.class.dimensions && at < count; k++ {
				for i, c := range channels {
					book := r.classes[class[i][at]][pass]
					if book != nil && !r.partition(b, book, c[begin+at*r.size:][:r.size]) {
						return
					}
				}
				at++
			}
		}
	}
}

// partition adds vectors; false at the end of the packet.
func (r *residue) partition(b *bits, book *codebook, to []float64) bool {
	if r.kind == 0 {
		step := len(to) / book.dimensions
		for i := range step {
			v := book.vector(b)
			if v == nil {
				return false
			}
			for k, x := range v {
				to[i+k*step] += x
			}
		}
		return true
	}
	for len(to) > 0 {
		v := book.vector(b)
		if v == nil {
			return false
		}
		k := min(len(v), len(to))
		for i, x := range v[:k] {
			to[i] += x
		}
		to = to[k:]
	}
	return true
}
