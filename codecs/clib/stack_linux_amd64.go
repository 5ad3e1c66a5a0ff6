package clib

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stackSize is what a call may use at most, and the alignment of a stack, by which malloc finds its top.
// Only pages that a call has touched take memory. Opus at 48 kHz needs about 100 kB.
const stackSize = 1 << 20

// headerSize is what a call keeps at the top of its stack: the first free address of its block and its end.
const headerSize = 64

// stacks are those of all calls that can be under way at once.
type stacks struct {
	memory []byte // the stacks, each with a page at its bottom that must not be touched
	tops   []uintptr
	taken  []atomic.Bool
}

func newStacks() (*stacks, error) {
	// A call is not preempted, but its goroutine may be before and after it, with the stack taken.
	n := 4*runtime.NumCPU() + 4
	memory, err := unix.Mmap(-1, 0, (n+1)*stackSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map %d stacks: %w", n, err)
	}
	s := &stacks{memory: memory, taken: make([]atomic.Bool, n)}
	start := uintptr(unsafe.Pointer(&memory[0]))
	first := int((start+stackSize-1)&^(stackSize-1) - start)
	for i := range n {
		at := first + i*stackSize
		if err := unix.Mprotect(memory[at:at+unix.Getpagesize()], unix.PROT_NONE); err != nil {
			_ = unix.Munmap(memory)
			return nil, fmt.Errorf("protect a stack: %w", err)
		}
		s.tops = append(s.tops, start+uintptr(at+stackSize-headerSize))
	}
	return s, nil
}

// run calls a function with the free memory from next to end, and gives its result and what is left free.
// hot path: no allocation, lock, clock or log.
func (s *stacks) run(fn Func, next, end uintptr, args *[6]uintptr) (result, free uintptr) {
	i := 0
	for !s.taken[i].CompareAndSwap(false, true) {
		if i++; i == len(s.taken) {
			i = 0
			runtime.Gosched()
		}
	}
	header := peek(s.tops[i], headerSize)
	binary.NativeEndian.PutUint64(header, uint64(next))
	binary.NativeEndian.PutUint64(header[8:], uint64(end))
	result = call(uintptr(fn), s.tops[i], args)
	free = uintptr(binary.NativeEndian.Uint64(header))
	s.taken[i].Store(false)
	return result, free
}
