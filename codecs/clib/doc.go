// Package clib loads shared C libraries of codecs into a static program, without cgo and without a C
// library of its own.
//
//	Loader (loader.go) ── Open("libopus.so.0") ──► find.go ─► elf.go: map, relocate
//	   │                                              imports_linux_amd64.s: memcpy, malloc, exp, ...
//	   ▼                                              ▼
//	stacks (stack.go)                            Library ── Func("opus_encode") ──► Func
//	   └──────────┐                                                                  │
//	              ▼                                                                  ▼
//	            Block (block.go): the memory of one coder ── Call(fn, args) ──► call_linux_amd64.s
//
// A codec's library is arithmetic on memory that its caller gives: of libc and libm it imports a dozen
// functions. These are here, in assembly, so that the program needs no dynamic linker and runs where
// there is no libc, and so that the library cannot reach one: a library that imports anything else, has
// constructors or thread-local storage is refused with the name of what it wants. A dynamic linker in
// the process (as purego has it) would make the program itself dynamically linked.
//
// A call runs on a stack from a pool, in the goroutine's own thread, without telling the scheduler: it
// costs nanoseconds and allocates nothing, and the garbage collector waits for it to end, so that a call
// must be short (a frame of a codec takes well under a millisecond). All memory that the library sees is
// its Block: samples and payloads are copied in and out, so no C code holds a pointer to Go's memory.
//
// Loader and Library may be used by any goroutine; a Block by one at a time.
//
// Limits: linux/amd64; elsewhere NewLoader fails. A fault inside a library ends the program.
package clib
