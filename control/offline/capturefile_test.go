package offline

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// words puts numbers of 32 bits into an order of octets.
func words(order binary.AppendByteOrder, numbers ...uint32) (b []byte) {
	for _, n := range numbers {
		b = order.AppendUint32(b, n)
	}
	return b
}

// block is one of a pcapng file.
func block(order binary.AppendByteOrder, kind uint32, body []byte) []byte {
	body = append(body, make([]byte, -len(body)&3)...)
	size := uint32(len(body) + 12)
	return slices.Concat(words(order, kind, size), body, words(order, size))
}

// TestTimes reads one packet of half a second past 1,700,000,000, written in every order and scale.
func TestTimes(t *testing.T) {
	const want = 1_700_000_000_500_000_000
	data := frame(t, talk(alice, server, 1, 0, 440, 0)[0], layers.LinkTypeRaw)
	files := map[string][]byte{}
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		size := uint32(len(data))
		classic := func(magic, fraction uint32) []byte {
			return slices.Concat(words(order, magic, 2, 0, 0, 65535, uint32(linkRaw), 1_700_000_000, fraction, size, size), data)
		}
		files[name+" µs"], files[name+" ns"] = classic(0xa1b2c3d4, 500_000), classic(0xa1b23c4d, 500_000_000)
		next := func(ticks uint64, options ...byte) []byte {
			link := append(order.AppendUint16(nil, uint16(linkRaw)), 0, 0, 0, 0, 0, 0)
			return slices.Concat(block(order, sectionHeader, words(order, byteOrderMagic, 1, 0, 0)),
				block(order, 5, []byte("statistics")), block(order, interfaceBlock, append(link, options...)),
				block(order, enhancedPacket, append(words(order, 0, uint32(ticks>>32), uint32(ticks), size, size), data...)))
		}
		option := func(number uint16, value ...byte) []byte {
			b := order.AppendUint16(order.AppendUint16(nil, number), uint16(len(value)))
			return append(append(b, value...), make([]byte, -len(value)&3)...)
		}
		files[name+" next µs"] = next(want / 1000)
		files[name+" next ms"] = next(want/1_000_000, option(optionTimeScale, 3)...)
		files[name+" next ns"] = next(want, append(option(1, 'x'), option(optionTimeScale, 9)...)...)
		files[name+" next 0.1 ns from 2023 on"] = next(want%1_000_000_000*10,
			append(option(optionTimeScale, 10), option(optionTimeShift, order.AppendUint64(nil, 1_700_000_000)...)...)...)
		files[name+" next 2^-32 s"] = next(1_700_000_000<<32|1<<31, option(optionTimeScale, 0x80|32)...)
	}
	for name, file := range files {
		f, err := openCapture(bufio.NewReader(bytes.NewReader(file)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p, err := f.next(); err != nil || p.at != want || p.link != linkRaw || !bytes.Equal(p.data, data) {
			t.Errorf("%s: at %d, link %d, %d octets: %v", name, p.at, p.link, len(p.data), err)
		}
	}
}

func TestBrokenFilesEnd(t *testing.T) {
	order := binary.LittleEndian
	section := block(order, sectionHeader, words(order, byteOrderMagic, 1, 0, 0))
	link := block(order, interfaceBlock, words(order, 1, 0))
	for name, file := range map[string][]byte{
		"length of a packet":  words(order, 0xa1b2c3d4, 2, 0, 0, 65535, 1, 0, 0, longestPacket+1, 60),
		"order":               block(order, sectionHeader, words(order, 1, 1, 0, 0)),
		"length of a block":   slices.Concat(section, words(order, 7, 8)),
		"long block":          slices.Concat(section, link, words(order, enhancedPacket, 1<<30)),
		"short block":         slices.Concat(section, block(order, interfaceBlock, nil)),
		"unknown interface":   slices.Concat(section, link, block(order, enhancedPacket, words(order, 1, 0, 0, 0, 0))),
		"packet beyond block": slices.Concat(section, link, block(order, enhancedPacket, words(order, 0, 0, 0, 8, 8, 1))),
	} {
		if c, err := ReadCapture(bytes.NewReader(file)); err == nil {
			t.Errorf("%s: read %d packets", name, c.Packets)
		}
	}
	if c, err := ReadCapture(bytes.NewReader(slices.Concat(section, words(order, 7, 400)))); err != nil || !c.Cut {
		t.Errorf("cut within a block: %+v: %v", c, err)
	}
}
