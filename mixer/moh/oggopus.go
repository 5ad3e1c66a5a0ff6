package moh

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"sidetone/codecs/opus"
)

// opusRate is that of every Opus decoder here, and the unit of its Ogg positions.
const opusRate = 48000

// opusStream decodes Opus in Ogg (RFC 7845), by the decoder that is part of every build.
type opusStream struct {
	decoder *opus.PlainDecoder
	gain    float64
	skip    int   // samples at the beginning that are not to be heard
	at      int64 // position of the next page; -1 before the first
	packet  []int16
	samples []float64 // of a page
}

func (*opusStream) is(head []byte) bool { return bytes.HasPrefix(head, []byte("OpusHead")) }

func (s *opusStream) start(o *oggFile, head []byte) error {
	switch {
	case len(head) < 19 || head[8]&0xf0 != 0:
		return errors.New("broken Opus: its header is of another version")
	case head[9] != 1 && head[9] != 2 || head[18] != 0:
		return fmt.Errorf("%d channels: only mono and stereo are read", head[9])
	}
	var err error
	if s.decoder, err = opus.NewPlainDecoder(opusRate); err != nil {
		return err
	}
	s.skip = int(binary.LittleEndian.Uint16(head[10:]))
	s.gain = math.Pow(10, float64(int16(binary.LittleEndian.Uint16(head[16:])))/256/20)
	s.at = -1
	s.packet = make([]int16, opusRate*120/1000)
	for tags := false; !tags; { // the comment is the second packet, alone on its pages
		p, err := o.page()
		if err != nil {
			return endsEarly(err)
		}
		tags = len(p.packets) > 0
	}
	return nil
}

func (*opusStream) rate() int { return opusRate }

func (s *opusStream) page(p oggPage) ([]float64, error) {
	x := s.samples[:0]
	for _, packet := range p.packets {
		n := opus.Duration(packet) // at 48 kHz, as here
		if n == 0 {
			return nil, errors.New("broken Opus: a packet breaks the rules")
		}
		m, err := s.decoder.Decode(s.packet, packet)
		if err != nil {
			return nil, fmt.Errorf("broken Opus: %w", err)
		}
		clear(s.packet[min(m, n):n])
		for _, v := range s.packet[:n] {
			x = append(x, float64(v)*s.gain)
		}
	}
	s.samples = x
	n := int64(len(x))
	if s.at < 0 && n > 0 { // the first page of audio says where it is; it may have been cut out of a longer stream
		s.at = max(p.granule-n, 0)
	}
	if p.last && p.granule < s.at+n { // the rest only fills the last packet
		x = x[:max(p.granule-s.at, 0)]
	}
	s.at += n
	k := min(s.skip, len(x))
	s.skip -= k
	return x[k:], nil
}
