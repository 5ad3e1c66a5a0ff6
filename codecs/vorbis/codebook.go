package vorbis

import (
	"fmt"
	"math"
)

// What a codebook may ask for.
const (
	mostEntries = 1 << 17
	mostValues  = 1 << 20
)

// codebook is a Huffman code, and a vector for each of its entries where it has any (section 3).
type codebook struct {
	dimensions int
	tree       [][2]int32 // by node: where 0 and 1 lead, to a node, or to an entry as -1 - entry; 0 is nowhere
	vectors    []float64  // dimensions for each entry; nil = none
}

func readCodebook(b *bits) (*codebook, error) {
	if b.read(24) != 0x564342 {
		return nil, fmt.Errorf("%w: no codebook where one should be", ErrBroken)
	}
	c := &codebook{dimensions: int(b.read(16))}
	n := int(b.read(24))
	if n == 0 || n > mostEntries || c.dimensions == 0 {
		return nil, fmt.Errorf("%w: a codebook of %d entries of %d", ErrBroken, n, c.dimensions)
	}
	lengths := make([]int, n) // 0 = unused
	if b.flag() {             // ordered
		for at, length := 0, int(b.read(5))+1; at < n && !b.over; length++ {
			count := int(b.read(width(n - at)))
			if count > n-at || length > 32 {
				return nil, fmt.Errorf("%w: an ordered codebook has too many entries", ErrBroken)
			}
			for range count {
				lengths[at] = length
				at++
			}
		}
	} else {
		sparse := b.flag()
		for i := range lengths {
			if !sparse || b.flag() {
				lengths[i] = int(b.read(5)) + 1
			}
		}
	}
	if err := c.grow(lengths); err != nil {
		return nil, err
	}
	return c, c.readVectors(b, n)
}

// grow makes the tree: each entry takes the lowest codeword of its length that is free (section 3.2.1).
func (c *codebook) grow(lengths []int) error {
	var free [33]uint32 // by length: the next codeword
	c.tree = make([][2]int32, 1)
	for entry, length := range lengths {
		if length == 0 {
			continue
		}
		word := free[length]
		if length < 32 && word>>length != 0 {
			return fmt.Errorf("%w: a codebook has more codewords than there is room for", ErrBroken)
		}
		for j := length; j > 0; j-- {
			if free[j]&1 != 0 {
				if j == 1 {
					free[1]++
				} else {
					free[j] = free[j-1] << 1
				}
				break
			}
			free[j]++
		}
		for j, taken := length+1, word; j < 33 && free[j]>>1 == taken; j++ {
			taken, free[j] = free[j], free[j-1]<<1
		}
		node := int32(0)
		for j := length - 1; j > 0; j-- {
			next := &c.tree[node][word>>j&1]
			if *next < 0 {
				return fmt.Errorf("%w: a codeword begins with another", ErrBroken)
			}
			if *next == 0 {
				*next = int32(len(c.tree))
				node = *next
				c.tree = append(c.tree, [2]int32{})
			} else {
				node = *next
			}
		}
		c.tree[node][word&1] = int32(-1 - entry)
	}
	if only := &c.tree[0]; len(c.tree) == 1 && only[1] == 0 {
		only[1] = only[0] // of a single entry, whose one bit may be either
	}
	return nil
}

// readVectors reads the vectors (sections 3.2.1 and 3.3).
func (c *codebook) readVectors(b *bits, entries int) error {
	kind := b.read(4)
	if kind == 0 {
		return nil
	}
	if kind > 2 || entries*c.dimensions > mostValues {
		return fmt.Errorf("%w: a codebook of vectors of type %d, %d of %d", ErrBroken, kind, entries, c.dimensions)
	}
	least, step := float(b.read(32)), float(b.read(32))
	size, sums := int(b.read(4))+1, b.flag()
	count := entries * c.dimensions
	if kind == 1 {
		for count = 1; power(count+1, c.dimensions, entries) <= entries; {
			count++
		}
	}
	values := make([]float64, count)
	for i := range values {
		values[i] = float64(b.read(size))
	}
	c.vectors = make([]float64, entries*c.dimensions)
	for entry := range entries {
		last, divisor := 0.0, 1
		for i := range c.dimensions {
			at := entry*c.dimensions + i
			if kind == 1 {
				at = entry / divisor % count
				divisor = min(divisor*count, mostValues)
			}
			v := values[at]*step + least + last
			if sums {
				last = v
			}
			c.vectors[entry*c.dimensions+i] = v
		}
	}
	return nil
}

// power is base to a power, or anything above most.
func power(base, exponent, most int) int {
	p := 1
	for range exponent {
		if p *= base; p > most {
			break
		}
	}
	return p
}

// float reads the format of section 9.2.2.
func float(x uint32) float64 {
	v := math.Ldexp(float64(x&0x1fffff), int(x>>21&0x3ff)-788)
	if x>>31 != 0 {
		return -v
	}
	return v
}

// entry reads a codeword; below zero at the end of the packet, or where it is none.
func (c *codebook) entry(b *bits) int {
	for node := int32(0); ; {
		next := c.tree[node][b.read(1)]
		switch {
		case b.over || next == 0:
			b.over = true
			return -1
		case next < 0:
			return int(-1 - next)
		}
		node = next
	}
}

// vector reads a codeword and gives its vector, nil at the end of the packet.
func (c *codebook) vector(b *bits) []float64 {
	e := c.entry(b)
	if e < 0 {
		return nil
	}
	return c.vectors[e*c.dimensions:][:c.dimensions]
}
