package audio

import (
	"sort"
	"sync"
)

// Law is one of the two companding laws of ITU-T G.711.
type Law uint8

// The two laws.
const (
	MuLaw Law = iota
	ALaw
)

// table holds what a law's 256 code words stand for, and the code words in rising order of value.
type table struct {
	value  [256]int16
	sorted [256]uint8
}

var (
	muLawTable = sync.OnceValue(func() *table { return newTable(muLawValue) })
	aLawTable  = sync.OnceValue(func() *table { return newTable(aLawValue) })
)

func newTable(value func(code uint8) int16) *table {
	t := &table{}
	for i := range 256 {
		t.value[i] = value(uint8(i))
		t.sorted[i] = uint8(i)
	}
	sort.SliceStable(t.sorted[:], func(a, b int) bool { return t.value[t.sorted[a]] < t.value[t.sorted[b]] })
	return t
}

// muLawValue is table 2 of G.711 as a formula: chord c, step s stand for (2s+33)·2^c − 33, on 14 bits.
func muLawValue(code uint8) int16 {
	code = ^code
	magnitude := (2*int(code&15)+33)<<(code>>4&7) - 33
	if code&0x80 != 0 {
		magnitude = -magnitude
	}
	return int16(magnitude * 4)
}

// aLawValue is table 1 of G.711 as a formula, on 13 bits; even bits are inverted on the line.
func aLawValue(code uint8) int16 {
	code ^= 0x55
	chord, step := code>>4&7, int(code&15)
	magnitude := 2*step + 1
	if chord > 0 {
		magnitude = (2*step + 33) << (chord - 1)
	}
	if code&0x80 == 0 {
		magnitude = -magnitude
	}
	return int16(magnitude * 8)
}

func (l Law) table() *table {
	if l == ALaw {
		return aLawTable()
	}
	return muLawTable()
}

// Encode appends the code words nearest to the samples to dst.
func (l Law) Encode(dst []byte, pcm []int16) []byte {
	t := l.table()
	for _, v := range pcm {
		i := sort.Search(255, func(i int) bool { return t.value[t.sorted[i]] >= v })
		if i > 0 && int(v)-int(t.value[t.sorted[i-1]]) <= int(t.value[t.sorted[i]])-int(v) {
			i--
		}
		dst = append(dst, t.sorted[i])
	}
	return dst
}

// Decode appends the values of the code words to dst.
func (l Law) Decode(dst []int16, payload []byte) []int16 {
	t := l.table()
	for _, code := range payload {
		dst = append(dst, t.value[code])
	}
	return dst
}
