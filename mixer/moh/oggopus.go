package moh

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"sidetone/codecs/opus"
)

// opusRate is that of every Opus decoder here, and the unit of its Ogg positions.
const opusRate = 48000

// opusFile decodes Opus in Ogg (RFC 7845), to one channel, by the decoder that is part of every build.
type opusFile struct {
	ogg     *oggFile
	decoder *opus.PlainDecoder
	gain    float64
	skip    int     // samples at the beginning that are not to be heard
	at      int64   // position of the next sample of ready
	ready   []int16 // decoded and not read yet
	block   []int16
}

func isOpus(head []byte) bool { return bytes.HasPrefix(head, []byte("OpusHead")) }

// start takes the header of a stream.
func (f *opusFile) start(head []byte) error {
	switch {
	case len(head) < 19 || head[8]&0xf0 != 0:
		return errors.New("broken Opus: its header is of another version")
	case head[9] != 1 && head[9] != 2 || head[18] != 0:
		return fmt.Errorf("%d channels: only mono and stereo are read", head[9])
	}
	var err error
	if f.decoder, err = opus.NewPlainDecoder(opusRate); err != nil {
		return err
	}
	f.skip = int(binary.LittleEndian.Uint16(head[10:]))
	f.gain = math.Pow(10, float64(int16(binary.LittleEndian.Uint16(head[16:])))/256/20)
	f.at = -1
	f.block = make([]int16, opusRate*120/1000)
	for tags := false; !tags; { // the comment is the second packet, alone on its pages
		p, err := f.ogg.page()
		if err != nil {
			return endsEarly(err)
		}
		tags = len(p.packets) > 0
	}
	return nil
}

// endsEarly is the error of a stream that ends where it must not.
func endsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("no audio: the stream ends within its headers")
	}
	return err
}

func (f *opusFile) rate() int     { return opusRate }
func (f *opusFile) frames() int64 { return -1 } // only the last page says

func (f *opusFile) read(dst []float64) (n int, err error) {
	for n < len(dst) {
		if len(f.ready) == 0 {
			if err := f.more(); err != nil {
				return n, err
			}
			continue
		}
		k := min(len(f.ready), len(dst)-n)
		for i, v := range f.ready[:k] {
			dst[n+i] = float64(v) * f.gain
		}
		f.ready, n = f.ready[k:], n+k
	}
	return n, nil
}

// more decodes the next page, of the next stream where one ends.
func (f *opusFile) more() error {
	p, err := f.ogg.page()
	if errors.Is(err, io.EOF) {
		head, err := f.ogg.begin(isOpus)
		if err != nil {
			return err
		}
		return f.start(head)
	}
	if err != nil {
		return err
	}
	f.ready = f.ready[:0]
	for _, packet := range p.packets {
		n := opus.Duration(packet) // at 48 kHz, as here
		if n == 0 {
			return errors.New("broken Opus: a packet breaks the rules")
		}
		m, err := f.decoder.Decode(f.block, packet)
		if err != nil {
			return fmt.Errorf("broken Opus: %w", err)
		}
		clear(f.block[min(m, n):n])
		f.ready = append(f.ready, f.block[:n]...)
	}
	n := int64(len(f.ready))
	if f.at < 0 && n > 0 { // the first page of audio says where it is; it may have been cut out of a longer stream
		f.at = max(p.granule-n, 0)
	}
	if p.last && p.granule < f.at+n { // the rest only fills the last packet
		f.ready = f.ready[:max(p.granule-f.at, 0)]
	}
	f.at += n
	k := min(f.skip, len(f.ready))
	f.skip -= k
	f.ready = f.ready[k:]
	return nil
}
