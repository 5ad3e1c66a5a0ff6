package clib

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// largestLibrary bounds the memory that a file may ask for.
const largestLibrary = 64 << 20

// The dynamic section's entries for packed relocations (System V ABI, generic, 2022); debug/elf has no names for them.
const (
	relrSize elf.DynTag = 35
	relr     elf.DynTag = 36
)

// image is a library in memory, as its file wants it: address 0 of the file lies at base.
type image struct {
	file    *elf.File
	memory  []byte
	base    uintptr
	symbols []elf.Symbol // of the dynamic symbol table, without its null entry
}

// load maps a library and gives its functions.
func load(path string) (map[string]Func, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if file.Class != elf.ELFCLASS64 || file.Machine != elf.EM_X86_64 || file.Type != elf.ET_DYN {
		return nil, fmt.Errorf("it is a %v %v %v, not a shared library of this machine", file.Class, file.Machine, file.Type)
	}
	im := &image{file: file}
	if im.symbols, err = file.DynamicSymbols(); err != nil {
		return nil, err
	}
	if err := im.suits(); err != nil {
		return nil, err
	}
	if err := im.read(); err != nil {
		return nil, err
	}
	if err = im.relocate(); err == nil {
		err = im.protect()
	}
	if err != nil {
		_ = unix.Munmap(im.memory)
		return nil, err
	}
	functions := map[string]Func{}
	for _, s := range im.symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Section != elf.SHN_UNDEF && s.Value < uint64(len(im.memory)) {
			functions[s.Name] = Func(im.base + uintptr(s.Value))
		}
	}
	return functions, nil
}

// suits refuses what needs a dynamic linker: thread-local storage, constructors.
func (im *image) suits() error {
	for _, p := range im.file.Progs {
		if p.Type == elf.PT_TLS {
			return errors.New("it has thread-local storage")
		}
	}
	// The one constructor that compilers put into every library registers it with tools.
	if size := im.dynamic(elf.DT_INIT_ARRAYSZ); size > 8 {
		return fmt.Errorf("it has %d constructors", size/8)
	}
	if im.dynamic(elf.DT_TEXTREL) != 0 || im.dynamic(elf.DT_REL) != 0 {
		return errors.New("it has relocations in its code")
	}
	return nil
}

// dynamic gives a number of the dynamic section, 0 when it is not there.
func (im *image) dynamic(tag elf.DynTag) uint64 {
	if v, err := im.file.DynValue(tag); err == nil && len(v) > 0 {
		return v[0]
	}
	return 0
}

// read copies the segments into new memory.
func (im *image) read() error {
	var end uint64
	for _, p := range im.file.Progs {
		if p.Type == elf.PT_LOAD {
			if p.Filesz > p.Memsz || p.Memsz > largestLibrary || p.Vaddr > largestLibrary {
				return fmt.Errorf("a segment of %d octets at %#x", p.Memsz, p.Vaddr)
			}
			end = max(end, p.Vaddr+p.Memsz)
		}
	}
	if end == 0 {
		return errors.New("it has no segments")
	}
	memory, err := unix.Mmap(-1, 0, pageUp(int(end)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return fmt.Errorf("map %d octets: %w", end, err)
	}
	im.memory, im.base = memory, uintptr(unsafe.Pointer(&memory[0]))
	for _, p := range im.file.Progs {
		if p.Type == elf.PT_LOAD {
			if n, err := p.ReadAt(memory[p.Vaddr:p.Vaddr+p.Filesz], 0); n != int(p.Filesz) {
				_ = unix.Munmap(memory)
				return fmt.Errorf("read a segment: %w", err)
			}
		}
	}
	return nil
}

// relocate writes into the library the addresses of itself and of its imports.
func (im *image) relocate() error {
	if err := im.relative(im.dynamic(relr), im.dynamic(relrSize)); err != nil {
		return err
	}
	for _, table := range [][2]elf.DynTag{{elf.DT_RELA, elf.DT_RELASZ}, {elf.DT_JMPREL, elf.DT_PLTRELSZ}} {
		rela, err := im.slice(im.dynamic(table[0]), im.dynamic(table[1]))
		if err != nil {
			return err
		}
		for ; len(rela) >= 24; rela = rela[24:] {
			offset, info := binary.LittleEndian.Uint64(rela), binary.LittleEndian.Uint64(rela[8:])
			addend := binary.LittleEndian.Uint64(rela[16:])
			place, err := im.slice(offset, 8)
			if err != nil {
				return err
			}
			value := uint64(im.base) + addend
			switch kind := elf.R_X86_64(info & 0xFFFFFFFF); kind {
			case elf.R_X86_64_RELATIVE:
			case elf.R_X86_64_64, elf.R_X86_64_GLOB_DAT, elf.R_X86_64_JMP_SLOT:
				symbol, err := im.resolve(info >> 32)
				if err != nil {
					return err
				}
				if value = symbol; kind == elf.R_X86_64_64 {
					value += addend
				}
			default:
				return fmt.Errorf("it has a relocation %v", kind)
			}
			binary.LittleEndian.PutUint64(place, value)
		}
	}
	return nil
}

// relative does the packed relocations of newer systems: an address, then bitmaps of the 63 words after it.
func (im *image) relative(at, size uint64) error {
	table, err := im.slice(at, size)
	var next uint64
	for ; err == nil && len(table) >= 8; table = table[8:] {
		entry := binary.LittleEndian.Uint64(table)
		if entry&1 == 0 {
			err = im.shift(entry)
			next = entry + 8
			continue
		}
		for bit := uint64(1); bit < 64 && err == nil; bit++ {
			if entry>>bit&1 != 0 {
				err = im.shift(next + 8*(bit-1))
			}
		}
		next += 63 * 8
	}
	return err
}

// shift adds the base to the word at an address of the file.
func (im *image) shift(at uint64) error {
	word, err := im.slice(at, 8)
	if err == nil {
		binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)+uint64(im.base))
	}
	return err
}

// resolve gives the address of a symbol: the library's own, or what stands for an import.
func (im *image) resolve(index uint64) (uint64, error) {
	if index == 0 || index > uint64(len(im.symbols)) {
		return 0, fmt.Errorf("it refers to symbol %d of %d", index, len(im.symbols))
	}
	s := im.symbols[index-1]
	switch {
	case elf.ST_TYPE(s.Info) == elf.STT_GNU_IFUNC || elf.ST_TYPE(s.Info) == elf.STT_TLS:
		return 0, fmt.Errorf("%s is a symbol that a dynamic linker must resolve", s.Name)
	case s.Section != elf.SHN_UNDEF:
		return uint64(im.base) + s.Value, nil
	}
	if address, ok := imported(s.Name); ok {
		return uint64(address), nil
	}
	if elf.ST_BIND(s.Info) == elf.STB_WEAK {
		return 0, nil
	}
	return 0, fmt.Errorf("it imports %s, which it cannot have here", s.Name)
}

// slice gives memory by its address in the file.
func (im *image) slice(at, size uint64) ([]byte, error) {
	if at > uint64(len(im.memory)) || size > uint64(len(im.memory))-at {
		return nil, fmt.Errorf("it refers to %d octets at %#x, outside itself", size, at)
	}
	return im.memory[at : at+size], nil
}

// protect gives each segment the rights that it asks for; none can be written and run.
func (im *image) protect() error {
	if err := unix.Mprotect(im.memory, unix.PROT_NONE); err != nil {
		return err
	}
	for _, p := range im.file.Progs {
		if p.Type != elf.PT_LOAD || p.Memsz == 0 {
			continue
		}
		rights := unix.PROT_READ
		if p.Flags&elf.PF_W != 0 {
			rights |= unix.PROT_WRITE
		} else if p.Flags&elf.PF_X != 0 {
			rights |= unix.PROT_EXEC
		}
		from, to := int(p.Vaddr)&^(unix.Getpagesize()-1), pageUp(int(p.Vaddr+p.Memsz))
		if err := unix.Mprotect(im.memory[from:to], rights); err != nil {
			return fmt.Errorf("protect a segment: %w", err)
		}
	}
	return nil
}

func pageUp(n int) int { return (n + unix.Getpagesize() - 1) &^ (unix.Getpagesize() - 1) }
