package moh

import (
	"errors"
	"fmt"

	"sidetone/codecs/vorbis"
)

// vorbisStream decodes Vorbis in Ogg (Vorbis I specification, appendix A).
type vorbisStream struct {
	decoder *vorbis.Decoder
	first   bool  // no audio of this stream was decoded yet
	at      int64 // position of the next page
	samples []float64
}

func (*vorbisStream) is(head []byte) bool { return vorbis.IsHead(head) }

func (s *vorbisStream) start(o *oggFile, head []byte) error {
	packets := [][]byte{head}
	for len(packets) < 3 { // the set-up ends its page
		p, err := o.page()
		if err != nil {
			return endsEarly(err)
		}
		packets = append(packets, p.packets...)
	}
	if len(packets) != 3 {
		return errors.New("broken Vorbis: audio on a page of headers")
	}
	d, err := vorbis.New(packets[0], packets[1], packets[2])
	if err != nil {
		return err
	}
	if s.decoder != nil && s.decoder.Rate() != d.Rate() {
		return fmt.Errorf("a chain of streams at %d and %d Hz", s.decoder.Rate(), d.Rate())
	}
	s.decoder, s.first, s.at = d, true, 0
	return nil
}

func (s *vorbisStream) rate() int { return s.decoder.Rate() }

func (s *vorbisStream) page(p oggPage) ([]float64, error) {
	x := s.samples[:0]
	for _, packet := range p.packets {
		for _, v := range s.decoder.Decode(packet) {
			x = append(x, v*32768)
		}
	}
	s.samples = x
	n := int64(len(x))
	if s.first && n > 0 && p.granule >= 0 {
		s.first = false
		if over := n - p.granule; !p.last && over > 0 { // what is before the beginning
			x = x[min(over, n):]
			n = int64(len(x))
		} else if !p.last {
			s.at = p.granule - n
		}
	}
	if p.last && p.granule >= 0 && p.granule < s.at+n { // the rest only fills the last block
		x = x[:max(p.granule-s.at, 0)]
	}
	s.at += n
	return x, nil
}
