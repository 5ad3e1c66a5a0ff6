package clib

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// function gives what a library would call by this name.
func function(t *testing.T, name string) uintptr {
	t.Helper()
	address, ok := imported(name)
	if !ok || address == 0 {
		t.Fatalf("there is no %s", name)
	}
	return address
}

// onStack runs a function with addresses of heap memory.
func onStack(t *testing.T, name string, args ...uintptr) uintptr {
	t.Helper()
	return block(t, 64).Call(Func(function(t, name)), args...)
}

func block(t *testing.T, size int) *Block {
	t.Helper()
	s, err := newStacks()
	if err != nil {
		t.Fatal(err)
	}
	return (&Library{stacks: s}).NewBlock(size)
}

func TestEveryNameHasItsFunction(t *testing.T) {
	seen := map[string]bool{}
	for _, names := range importNames {
		for _, n := range names {
			if seen[n] {
				t.Errorf("%s is there twice", n)
			}
			seen[n] = true
			function(t, n)
		}
	}
	if _, ok := imported("system"); ok {
		t.Error("system can be imported")
	}
}

func TestMemoryIsMovedAsByGo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := block(t, 4096)
	memory, at := b.Alloc(1000)
	want := make([]byte, 1000)
	move, set, compare := Func(function(t, "memmove")), Func(function(t, "memset")), Func(function(t, "memcmp"))
	for range 3000 {
		for i := range memory {
			memory[i] = byte(r.Uint32())
		}
		copy(want, memory)
		to, from, n := r.IntN(500), r.IntN(500), r.IntN(500)
		if got := b.Call(move, at+uintptr(to), at+uintptr(from), uintptr(n)); got != at+uintptr(to) {
			t.Fatal("memmove gives another address")
		}
		copy(want[to:], want[from:from+n])
		if !bytes.Equal(memory, want) {
			t.Fatalf("memmove of %d octets from %d to %d", n, from, to)
		}
		got := int32(b.Call(compare, at+uintptr(to), at+uintptr(from), uintptr(n)))
		if cmp := bytes.Compare(want[to:to+n], want[from:from+n]); cmp != 0 && (got < 0) != (cmp < 0) || cmp == 0 && got != 0 {
			t.Fatalf("memcmp gives %d for %d", got, cmp)
		}
		b.Call(set, at+uintptr(to), 0x1AB, uintptr(n))
		for i := range want[to : to+n] {
			want[to+i] = 0xAB
		}
		if !bytes.Equal(memory, want) {
			t.Fatal("memset")
		}
	}
}

func TestAllocationStaysInTheBlock(t *testing.T) {
	b := block(t, 1008) // and up to 16 more
	malloc, calloc := Func(function(t, "malloc")), Func(function(t, "calloc"))
	one, two := b.Call(malloc, 100), b.Call(calloc, 10, 10)
	if one != b.base || two != b.base+112 || b.Used() != 224 {
		t.Errorf("%d and %d, used %d", one-b.base, two-b.base, b.Used())
	}
	for _, n := range []uintptr{801, 1 << 40, ^uintptr(0), ^uintptr(15)} {
		if got := b.Call(malloc, n); got != 0 {
			t.Errorf("%d octets of 800 are at %d", n, got-b.base)
		}
		if got := b.Call(calloc, n, 1<<60|1); got != 0 {
			t.Error("calloc overflows")
		}
	}
	b.Seal()
	memory := b.memory[b.Used():]
	for range 3 {
		for i := range memory {
			memory[i] = 0xFF
		}
		if got := b.Call(calloc, 1, 700); got != b.base+224 || b.Used() != 224 || !bytes.Equal(memory[:700], make([]byte, 700)) {
			t.Error("what a call allocates of a sealed block is not free after it, or not zero")
		}
	}
	if mine, _ := b.Alloc(801); mine != nil {
		t.Error("801 octets of 800")
	}
	if mine, at := b.Alloc(800); len(mine) != 800 || at != b.base+224 {
		t.Error("the last octets")
	}
}

// The mathematics are called with doubles in memory, by a few instructions of C made here.
func TestMathematicsAreThoseOfGo(t *testing.T) {
	apply := stub(t)
	b := block(t, 256)
	_, at := b.Alloc(32)
	words := unsafe.Slice((*float64)(unsafe.Pointer(&b.memory[0])), 4)
	call := func(name string, x, y float64) float64 {
		words[0], words[1] = x, y
		b.Call(apply, function(t, name), at)
		return words[2]
	}
	for _, tt := range []struct {
		name      string
		of        func(x, y float64) float64
		low, high float64
	}{
		{"exp", func(x, _ float64) float64 { return math.Exp(x) }, -700, 700},
		{"log", func(x, _ float64) float64 { return math.Log(x) }, 1e-30, 1e6},
		{"log10", func(x, _ float64) float64 { return math.Log10(x) }, 1e-30, 1e6},
		{"log2", func(x, _ float64) float64 { return math.Log2(x) }, 1e-30, 1e6},
		{"pow", math.Pow, 0, 50},
		{"sin", func(x, _ float64) float64 { return math.Sin(x) }, -100, 100},
		{"cos", func(x, _ float64) float64 { return math.Cos(x) }, -100, 100},
		{"sqrt", func(x, _ float64) float64 { return math.Sqrt(x) }, 0, 1e9},
		{"floor", func(x, _ float64) float64 { return math.Floor(x) }, -1000, 1000},
	} {
		r := rand.New(rand.NewPCG(3, 4))
		worst := 0.0
		for i := range 2000 {
			x, y := tt.low+(tt.high-tt.low)*r.Float64(), 8*r.Float64()-4
			if i%10 == 0 {
				x, y = math.Trunc(x), math.Trunc(y)
			}
			if x == 0 && tt.low >= 0 {
				x = 1
			}
			got, want := call(tt.name, x, y), tt.of(x, y)
			worst = max(worst, math.Abs(got-want)/max(math.Abs(want), 1e-3))
		}
		if worst > 1e-12 {
			t.Errorf("%s is off by %.1e", tt.name, worst)
		}
	}
	if got := call("pow", 0, 2); got != 0 {
		t.Errorf("0 squared is %v", got)
	}
}

func TestIntegerMathematics(t *testing.T) {
	for x, want := range map[int32]int32{5: 5, -5: 5, 0: 0, math.MinInt32: math.MinInt32} {
		if got := int32(onStack(t, "abs", uintptr(uint32(x)))); got != want {
			t.Errorf("the magnitude of %d is %d", x, got)
		}
	}
}
