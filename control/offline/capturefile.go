package offline

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// packet is one packet of a capture file.
type packet struct {
	at    int64 // ns since 1970
	link  linkType
	whole int    // octets that it had; data may have fewer
	data  []byte // until the next is read
}

// captureFile reads the packets of a file in their order. At its end the error is io.EOF, within a packet io.ErrUnexpectedEOF.
type captureFile interface {
	next() (packet, error)
}

// longestPacket is what no capture keeps more of: libpcap's limit.
const longestPacket = 1 << 18

// IsCapture tells whether a file that begins with four octets is a pcap or pcapng file.
func IsCapture(magic []byte) bool {
	if len(magic) < 4 {
		return false
	}
	if binary.LittleEndian.Uint32(magic) == sectionHeader {
		return true
	}
	_, _, ok := pcapMagic(magic)
	return ok
}

func openCapture(r *bufio.Reader) (captureFile, error) {
	magic, _ := r.Peek(4) // a shorter file is none
	if !IsCapture(magic) {
		return nil, errors.New("not a pcap or pcapng file")
	}
	if order, fraction, ok := pcapMagic(magic); ok {
		return openPcap(r, order, fraction)
	}
	return &pcapngFile{reader: r}, nil
}

// pcapFile is the classic format (draft-ietf-opsawg-pcap).
//
//	magic version . . snaplen link │ seconds fraction length whole data │ ...
type pcapFile struct {
	reader   *bufio.Reader
	order    binary.ByteOrder
	fraction int64 // ns that its fractions of a second count
	link     linkType
	data     []byte
}

// pcapMagic is what the first four octets of a pcap file say.
func pcapMagic(b []byte) (order binary.ByteOrder, fraction int64, ok bool) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(b) {
		case 0xa1b2c3d4:
			return order, 1000, true
		case 0xa1b23c4d:
			return order, 1, true
		}
	}
	return nil, 0, false
}

func openPcap(r *bufio.Reader, order binary.ByteOrder, fraction int64) (*pcapFile, error) {
	var head [24]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	return &pcapFile{reader: r, order: order, fraction: fraction, link: linkType(order.Uint32(head[20:]) & 0x0fffffff)}, nil
}

func (f *pcapFile) next() (packet, error) {
	var head [16]byte
	if _, err := io.ReadFull(f.reader, head[:]); err != nil {
		return packet{}, err
	}
	length := f.order.Uint32(head[8:])
	if length > longestPacket {
		return packet{}, fmt.Errorf("a packet of %d octets", length)
	}
	var err error
	if f.data, err = readBody(f.reader, f.data, int(length)); err != nil {
		return packet{}, err
	}
	at := int64(f.order.Uint32(head[0:]))*1e9 + int64(f.order.Uint32(head[4:]))*f.fraction
	return packet{at: at, link: f.link, whole: int(f.order.Uint32(head[12:])), data: f.data}, nil
}

// readBody reads so many octets, of which none missing is the end of the file, into room or what replaces it.
func readBody(r io.Reader, room []byte, n int) ([]byte, error) {
	if cap(room) < n {
		room = make([]byte, n)
	}
	_, err := io.ReadFull(r, room[:n])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return room[:n], err
}
