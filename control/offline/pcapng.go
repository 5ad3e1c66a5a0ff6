package offline

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// The blocks of a pcapng file (draft-ietf-opsawg-pcapng) that matter here.
const (
	sectionHeader   = 0x0a0d0d0a // the same in either order
	interfaceBlock  = 1
	enhancedPacket  = 6
	byteOrderMagic  = 0x1a2b3c4d
	mostInterfaces  = 4096
	longestBlock    = longestPacket + 1<<16 // of those that are read; others are skipped at any length
	optionTimeScale = 9                     // if_tsresol
	optionTimeShift = 14                    // if_tsoffset
)

// pcapngFile is a row of sections, each with an order of octets and interfaces of its own. Packets that the file gives no time (simple
// packet blocks) are left out, as every other kind of block is.
//
//	section header │ interface: link, scale of time │ ... │ packet: interface, time, length, whole, data │ ...
type pcapngFile struct {
	reader     *bufio.Reader
	order      binary.ByteOrder
	interfaces []captured
	body       []byte
}

// captured is an interface of the section.
type captured struct {
	link  linkType
	scale uint8 // of its times: 10 to the -scale seconds, with the highest bit 2 to the -scale
	shift int64 // seconds to be added
}

func (f *pcapngFile) next() (packet, error) {
	for {
		kind, body, err := f.block()
		if err != nil {
			return packet{}, err
		}
		switch kind {
		case interfaceBlock:
			if len(f.interfaces) == mostInterfaces {
				return packet{}, fmt.Errorf("more than %d interfaces", mostInterfaces)
			}
			f.interfaces = append(f.interfaces, f.describe(body))
		case enhancedPacket:
			return f.packet(body)
		}
	}
}

// block reads the next block whose body is of interest.
func (f *pcapngFile) block() (kind uint32, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(f.reader, head[:]); err != nil {
		return 0, nil, err
	}
	if binary.LittleEndian.Uint32(head[:]) == sectionHeader {
		magic, err := f.reader.Peek(4)
		if err != nil {
			return 0, nil, io.ErrUnexpectedEOF
		}
		f.order, f.interfaces = binary.LittleEndian, nil
		if f.order.Uint32(magic) != byteOrderMagic {
			f.order = binary.BigEndian
		}
		if f.order.Uint32(magic) != byteOrderMagic {
			return 0, nil, fmt.Errorf("a section in no known order")
		}
	}
	kind = f.order.Uint32(head[:])
	size, least := int64(f.order.Uint32(head[4:]))-12, int64(0) // without both lengths and the kind around it
	switch kind {
	case interfaceBlock:
		least = 8
	case enhancedPacket:
		least = 20
	}
	if size < least || least > 0 && size > longestBlock {
		return 0, nil, fmt.Errorf("a block of %d octets", size+12)
	}
	if least == 0 {
		if _, err = io.CopyN(io.Discard, f.reader, size+4); err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return kind, nil, err
	}
	f.body, err = readBody(f.reader, f.body, int(size)+4)
	return kind, f.body[:size], err
}

// describe reads an interface. Its options are pairs of a number and a length, padded to four octets.
func (f *pcapngFile) describe(b []byte) captured {
	c := captured{link: linkType(f.order.Uint16(b)), scale: 6}
	for b = b[8:]; len(b) >= 4; {
		option, size := f.order.Uint16(b), int(f.order.Uint16(b[2:]))
		if b = b[4:]; option == 0 || size > len(b) {
			break
		}
		switch {
		case option == optionTimeScale && size == 1:
			c.scale = b[0]
		case option == optionTimeShift && size == 8:
			c.shift = int64(f.order.Uint64(b))
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return c
}

func (f *pcapngFile) packet(b []byte) (packet, error) {
	number, length := f.order.Uint32(b), f.order.Uint32(b[12:])
	if int64(number) >= int64(len(f.interfaces)) || int64(length) > int64(len(b)-20) {
		return packet{}, fmt.Errorf("a packet of %d octets on interface %d", length, number)
	}
	c := &f.interfaces[number]
	at := c.time(uint64(f.order.Uint32(b[4:]))<<32 | uint64(f.order.Uint32(b[8:])))
	return packet{at: at, link: c.link, whole: int(f.order.Uint32(b[16:])), data: b[20 : 20+length]}, nil
}

// time returns a time of the interface in ns since 1970.
func (c *captured) time(ticks uint64) int64 {
	const second = 1_000_000_000
	at := uint64(0)
	switch n := c.scale & 0x7f; {
	case c.scale&0x80 != 0 && n < 64:
		high, low := bits.Mul64(ticks, second)
		at = low>>n | high<<(64-n)
	case c.scale&0x80 != 0:
	case n <= 9:
		at = ticks * powerOfTen(9-n)
	case n <= 9+18:
		at = ticks / powerOfTen(n-9)
	}
	return int64(at) + c.shift*second
}

func powerOfTen(n uint8) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
