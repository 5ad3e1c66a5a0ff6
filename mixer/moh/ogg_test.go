package moh

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"testing"
)

// pageOf makes a page of stream 1.
func pageOf(flags byte, lacing []byte, body string) []byte {
	b := append([]byte("OggS\x00"), flags)
	b = append(b, make([]byte, 8)...) // granule
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = append(b, make([]byte, 8)...) // number, checksum
	b = append(append(append(b, byte(len(lacing))), lacing...), body...)
	sealPage(b)
	return b
}

// A capture that begins in the midst of a stream, behind its headers, begins with the rest of a packet.
func TestRestOfAPacketWithoutItsBeginningIsPassedOver(t *testing.T) {
	long := string(bytes.Repeat([]byte{'x'}, 255))
	file := pageOf(oggFirst, []byte{4}, "head")
	file = append(file, pageOf(oggContinued, []byte{255}, long)...)
	file = append(file, pageOf(oggContinued, []byte{3, 5, 255}, "endwhole"+long)...)
	file = append(file, pageOf(oggContinued|oggLast, []byte{2, 3}, "yztwo")...)
	o := &oggFile{from: bufio.NewReader(bytes.NewReader(file))}
	if _, err := o.begin(func([]byte) bool { return true }); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		p, err := o.page()
		if err != nil {
			break
		}
		for _, packet := range p.packets {
			got = append(got, string(packet))
		}
	}
	if len(got) != 3 || got[0] != "whole" || got[1] != long+"yz" || got[2] != "two" {
		t.Errorf("%d packets: %.9q", len(got), got)
	}
}
