package moh

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The bounds of an Ogg file that is read.
const (
	longestPacket = 1 << 20 // octets: the longest are the set-up of a Vorbis stream
	mostStreams   = 64      // in a file, and links of a chain
)

// oggPage is what a page completes of one stream (RFC 3533 section 6).
type oggPage struct {
	packets [][]byte
	granule int64 // position at its end, in the codec's units; -1 when it completes no packet
	last    bool  // of the stream
}

// oggFile takes one audio stream out of an Ogg file: the first whose codec is one of ours, and those that follow it (a chain).
type oggFile struct {
	from    *bufio.Reader
	serial  uint32
	chosen  bool
	ended   bool   // the chosen stream
	partial []byte // a packet that goes on on the next page
	streams int
	header  [27]byte
	lacing  [255]byte
	body    []byte
}

// openOgg finds the audio of an Ogg file.
func openOgg(r *bufio.Reader) (decoder, error) {
	a := &oggAudio{ogg: &oggFile{from: r}}
	head, err := a.ogg.begin(func(head []byte) bool {
		for _, codec := range []oggCodec{&opusStream{}, &vorbisStream{}} {
			if codec.is(head) {
				a.oggCodec = codec
				return true
			}
		}
		return false
	})
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("neither Vorbis nor Opus in the Ogg file")
	case err != nil:
		return nil, err
	}
	return a, a.start(a.ogg, head)
}

var errBrokenOgg = errors.New("broken Ogg")

// begin finds the next stream of a codec of ours and returns its first packet; io.EOF when there is none any more.
func (o *oggFile) begin(ours func(head []byte) bool) ([]byte, error) {
	o.chosen, o.ended, o.partial = false, false, nil
	for {
		flags, _, err := o.read()
		if err != nil {
			return nil, err
		}
		if flags&oggFirst == 0 {
			continue
		}
		if o.streams++; o.streams > mostStreams {
			return nil, fmt.Errorf("%w: more than %d streams", errBrokenOgg, mostStreams)
		}
		if n := int(o.lacing[0]); n > 0 && n < 255 && n <= len(o.body) && ours(o.body[:n]) {
			o.serial, o.chosen = binary.LittleEndian.Uint32(o.header[14:]), true
			return bytes.Clone(o.body[:n]), nil
		}
	}
}

// page returns the next page of the stream that was begun; io.EOF after its last, or at the end of the file.
func (o *oggFile) page() (p oggPage, err error) {
	for {
		if o.ended {
			return oggPage{}, io.EOF
		}
		flags, lacing, err := o.read()
		if err != nil {
			return oggPage{}, err
		}
		if binary.LittleEndian.Uint32(o.header[14:]) != o.serial {
			continue
		}
		o.ended = flags&oggLast != 0
		p.last, p.granule = o.ended, int64(binary.LittleEndian.Uint64(o.header[6:]))
		if flags&oggContinued == 0 && o.partial != nil {
			return oggPage{}, fmt.Errorf("%w: a packet has no end", errBrokenOgg)
		}
		cut := flags&oggContinued != 0 && o.partial == nil // its first packet began on a page that is not there
		at, from := 0, 0
		for i, n := range lacing {
			if at += int(n); n == 255 && i < len(lacing)-1 {
				continue
			}
			if o.partial = append(o.partial, o.body[from:at]...); len(o.partial) > longestPacket {
				return oggPage{}, fmt.Errorf("%w: a packet of more than %d octets", errBrokenOgg, longestPacket)
			}
			if from = at; n < 255 {
				if !cut {
					p.packets = append(p.packets, o.partial)
				}
				o.partial, cut = nil, false
			}
		}
		if cut {
			o.partial = nil
		}
		return p, nil
	}
}

// The flags of a page's header.
const (
	oggContinued = 1 << iota // its first packet began on the page before
	oggFirst                 // of its stream
	oggLast
)

// read reads a page into header, lacing and body.
func (o *oggFile) read() (flags byte, lacing []byte, err error) {
	if _, err := io.ReadFull(o.from, o.header[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: it ends within a page", errBrokenOgg)
		}
		return 0, nil, err
	}
	if string(o.header[:4]) != "OggS" || o.header[4] != 0 {
		return 0, nil, fmt.Errorf("%w: no page where one should begin", errBrokenOgg)
	}
	lacing = o.lacing[:o.header[26]]
	if _, err := io.ReadFull(o.from, lacing); err != nil {
		return 0, nil, fmt.Errorf("%w: it ends within a page", errBrokenOgg)
	}
	size := 0
	for _, n := range lacing {
		size += int(n)
	}
	o.body = append(o.body[:0], make([]byte, size)...)
	if _, err := io.ReadFull(o.from, o.body); err != nil {
		return 0, nil, fmt.Errorf("%w: it ends within a page", errBrokenOgg)
	}
	sum := binary.LittleEndian.Uint32(o.header[22:])
	binary.LittleEndian.PutUint32(o.header[22:], 0)
	if oggSum(oggSum(oggSum(0, o.header[:]), lacing), o.body) != sum {
		return 0, nil, fmt.Errorf("%w: a page has another checksum than its header says", errBrokenOgg)
	}
	if len(lacing) == 0 {
		o.lacing[0] = 0
	}
	return o.header[5], lacing, nil
}

// oggSum is the CRC-32 of Ogg: polynomial 0x04c11db7, the highest bit first, no inversion (RFC 3533 section 6, item 7).
func oggSum(sum uint32, b []byte) uint32 {
	for _, v := range b {
		sum = sum<<8 ^ oggTable[byte(sum>>24)^v]
	}
	return sum
}

var oggTable = func() (table [256]uint32) {
	for i := range table {
		r := uint32(i) << 24
		for range 8 {
			if r&(1<<31) != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		table[i] = r
	}
	return table
}()
