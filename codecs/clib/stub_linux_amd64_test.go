package clib

import (
	"encoding/binary"
	"math"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stub gives void apply(double (*f)(double, double), double *xyz), that sets xyz[2] = f(xyz[0], xyz[1]).
func stub(t *testing.T) Func {
	t.Helper()
	code := []byte{
		0x53,             // push rbx
		0x48, 0x89, 0xF3, // mov rbx, rsi
		0xF2, 0x0F, 0x10, 0x06, // movsd xmm0, [rsi]
		0xF2, 0x0F, 0x10, 0x4E, 0x08, // movsd xmm1, [rsi+8]
		0xFF, 0xD7, // call rdi
		0xF2, 0x0F, 0x11, 0x43, 0x10, // movsd [rbx+16], xmm0
		0x5B, // pop rbx
		0xC3, // ret
	}
	memory, err := unix.Mmap(-1, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(memory) })
	copy(memory, code)
	if err := unix.Mprotect(memory, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		t.Fatal(err)
	}
	return Func(unsafe.Pointer(&memory[0]))
}

func get(memory []byte, i int) float64 {
	return math.Float64frombits(binary.NativeEndian.Uint64(memory[8*i:]))
}

func put(memory []byte, i int, x float64) { putWord(memory[8*i:], math.Float64bits(x)) }

func putWord(memory []byte, x uint64) { binary.NativeEndian.PutUint64(memory, x) }
