package udp

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// reference is RFC 1071, 4.1, word by word in network order.
func reference(parts ...[]byte) uint16 {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	var s uint32
	for ; len(all) > 1; all = all[2:] {
		s += uint32(binary.BigEndian.Uint16(all))
		s = s>>16 + s&0xffff
	}
	if len(all) > 0 {
		s += uint32(all[0]) << 8
		s = s>>16 + s&0xffff
	}
	if c := ^uint16(s); c != 0 {
		return c
	}
	return 0xffff
}

func checksum(parts ...[]byte) uint16 {
	var s uint64
	for _, p := range parts {
		s = sum(s, p)
	}
	var b [2]byte
	putChecksum(b[:], s)
	return binary.BigEndian.Uint16(b[:])
}

func TestChecksumEqualsTheReference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for size := range 300 {
		b := make([]byte, size)
		for _, fill := range []func(i int) byte{func(int) byte { return 0xff }, func(int) byte { return 0 }, func(int) byte { return byte(random.Uint32()) }} {
			for i := range b {
				b[i] = fill(i)
			}
			if got, want := checksum(b), reference(b); got != want {
				t.Fatalf("%d bytes %x: %04x, want %04x", size, b, got, want)
			}
		}
	}
	// RFC 1071, 3: the sum of 00 01 f2 03 f4 f5 f6 f7 is ddf2.
	if got := checksum([]byte{0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7}); got != ^uint16(0xddf2) {
		t.Errorf("got %04x", got)
	}
	// A checksum that comes out as 0 is sent as 0xffff (RFC 768).
	if got := checksum([]byte{0xff, 0xff}); got != 0xffff {
		t.Errorf("got %04x", got)
	}
}

func FuzzChecksum(f *testing.F) {
	f.Add([]byte("abcd"), []byte("e"))
	f.Add(make([]byte, 40), make([]byte, 33))
	f.Fuzz(func(t *testing.T, head, tail []byte) {
		head = head[:len(head)&^1]
		if got, want := checksum(head, tail), reference(head, tail); got != want {
			t.Errorf("%x %x: %04x, want %04x", head, tail, got, want)
		}
	})
}

func TestChecksumNoAllocs(t *testing.T) {
	b := make([]byte, 173)
	if n := testing.AllocsPerRun(100, func() { putChecksum(b, sum(1, b)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkChecksum(b *testing.B) {
	data := make([]byte, 172)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		putChecksum(data, sum(1, data[2:]))
	}
}
