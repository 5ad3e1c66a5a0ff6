package clib

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"unsafe"
)

// align is that of everything in a block.
const align = 16

// Block is the memory of one coder: what Alloc gave and what the library's functions allocated, up to its
// size. Nothing is freed but the whole block, with its last reference.
type Block struct {
	stacks *stacks
	memory []byte // begins at a multiple of align
	base   uintptr
	next   uintptr // the first free octet
	sealed bool

	kept     int   // octets before them are not state
	pointers []int // where the state has pointers into the block, octets from its base
}

// NewBlock makes a block of at least so many octets, all zero, for calls of this library.
func (l *Library) NewBlock(size int) *Block {
	memory := make([]byte, size+2*align)
	skip := int(-uintptr(unsafe.Pointer(&memory[0])) & (align - 1))
	b := &Block{stacks: l.stacks, memory: memory[skip : skip+(size+align)&^(align-1)]}
	b.base = uintptr(unsafe.Pointer(&b.memory[0])) // Go does not move what is on the heap
	b.next = b.base
	return b
}

// Alloc takes n octets of the block and gives them to Go and by their address to C; nil, 0 when there are not so many.
func (b *Block) Alloc(n int) ([]byte, uintptr) {
	at := int(b.next - b.base)
	if n < 0 || n > len(b.memory)-at {
		return nil, 0
	}
	b.next += uintptr(n+align-1) &^ (align - 1)
	return b.memory[at : at+n : at+n], b.base + uintptr(at)
}

// StateBegins says that what was allocated so far is no state (buffers for samples and payloads).
func (b *Block) StateBegins() { b.kept = int(b.next - b.base) }

// Seal says that all is set up: what a call allocates from now on is free again after it.
func (b *Block) Seal() { b.sealed = true }

// Used gives the octets that are allocated.
func (b *Block) Used() int { return int(b.next - b.base) }

// Call runs a function of the library. Arguments are numbers and addresses in the block, six at most.
// hot path: no allocation, lock, clock or log.
func (b *Block) Call(fn Func, args ...uintptr) uintptr {
	var all [6]uintptr
	copy(all[:], args)
	result, free := b.stacks.run(fn, b.next, b.base+uintptr(len(b.memory)), &all)
	if !b.sealed {
		b.next = free
	}
	runtime.KeepAlive(b)
	return result
}

// Compare finds out where the state has pointers into itself, by another block that was set up by the
// same calls: they are the words that differ by as much as the blocks' addresses. After it CopyState and
// SameState work between all blocks set up like these.
func (b *Block) Compare(with *Block) {
	b.pointers = nil
	for at := b.kept; at+8 <= b.Used(); at += 8 {
		mine, its := b.word(at), with.word(at)
		if mine != its && mine-uint64(b.base) == its-uint64(with.base) {
			b.pointers = append(b.pointers, at)
		}
	}
}

// Pointers gives how many Compare found.
func (b *Block) Pointers() int { return len(b.pointers) }

// Adopt takes over what Compare found for another block that was set up by the same calls.
func (b *Block) Adopt(from *Block) { b.pointers = from.pointers }

// CopyState makes the state that of another block that was set up by the same calls.
// hot path: no allocation, lock, clock or log.
func (b *Block) CopyState(from *Block) {
	copy(b.memory[b.kept:b.Used()], from.memory[b.kept:])
	for _, at := range b.pointers {
		if offset, ok := from.offset(at); ok {
			binary.NativeEndian.PutUint64(b.memory[at:], uint64(b.base)+offset)
		}
	}
}

// SameState tells whether the states are the same, octet for octet.
// hot path: no allocation, lock, clock or log.
func (b *Block) SameState(as *Block) bool {
	from := b.kept
	for _, at := range b.pointers {
		mine, isMine := b.offset(at)
		its, isIts := as.offset(at)
		if !bytes.Equal(b.memory[from:at], as.memory[from:at]) || mine != its || isMine != isIts {
			return false
		}
		from = at + 8
	}
	return bytes.Equal(b.memory[from:b.Used()], as.memory[from:b.Used()])
}

// offset reads a word that may be a pointer: where in the block it points to, or the word itself when it
// points elsewhere (nowhere, as in a coder that has not begun).
func (b *Block) offset(at int) (offset uint64, ok bool) {
	w := b.word(at)
	if offset = w - uint64(b.base); offset < uint64(len(b.memory)) {
		return offset, true
	}
	return w, false
}

func (b *Block) word(at int) uint64 { return binary.NativeEndian.Uint64(b.memory[at:]) }

// String reads a constant text of a library, of at most 255 octets.
func String(address uintptr) string {
	if address == 0 {
		return ""
	}
	n := 0
	for n < 255 && peek(address+uintptr(n), 1)[0] != 0 {
		n++
	}
	return string(peek(address, n))
}

// peek gives n octets at an address that a Block vouches for.
func peek(address uintptr, n int) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&address))), n)
}
