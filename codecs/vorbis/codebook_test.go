package vorbis

import "testing"

// put appends the lowest n bits of v, at bit position at.
func put(b []byte, at *int, v uint32, n int) []byte {
	for i := range n {
		if *at&7 == 0 {
			b = append(b, 0)
		}
		b[*at>>3] |= byte(v>>i&1) << (*at & 7)
		*at++
	}
	return b
}

// lengths makes a codebook of one dimension, without vectors, of codewords of these lengths.
func lengths(t *testing.T, of ...int) (*codebook, error) {
	t.Helper()
	at := 0
	b := put(nil, &at, 0x564342, 24)
	b = put(b, &at, 1, 16)
	b = put(b, &at, uint32(len(of)), 24)
	b = put(b, &at, 0, 2) // not ordered, none unused
	for _, n := range of {
		b = put(b, &at, uint32(n-1), 5)
	}
	return readCodebook(&bits{data: put(b, &at, 0, 4)})
}

func TestCodewords(t *testing.T) {
	c, err := lengths(t, 2, 4, 4, 4, 4, 2, 3, 3) // the example of section 3.2.1
	if err != nil {
		t.Fatal(err)
	}
	for entry, word := range []string{"00", "0100", "0101", "0110", "0111", "10", "110", "111"} {
		var b []byte
		at := 0
		for _, bit := range word {
			b = put(b, &at, uint32(bit-'0'), 1)
		}
		in := &bits{data: b}
		if got := c.entry(in); got != entry || in.at != len(word) {
			t.Errorf("%s is entry %d after %d bits, want %d", word, got, in.at, entry)
		}
	}
	if _, err := lengths(t, 1, 1, 1); err == nil {
		t.Error("three codewords of one bit are taken")
	}
}

// A codebook of a single entry has a codeword of one bit, which is read, and may be either (section 3.2.1).
func TestSingleEntry(t *testing.T) {
	c, err := lengths(t, 1)
	if err != nil {
		t.Fatal(err)
	}
	in := &bits{data: []byte{0b10}}
	if a, b := c.entry(in), c.entry(in); a != 0 || b != 0 || in.at != 2 || in.over {
		t.Errorf("entries %d and %d after %d bits", a, b, in.at)
	}
}
