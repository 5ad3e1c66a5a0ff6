package moh

import (
	"errors"
	"fmt"
	"io"

	"sidetone/codecs/vorbis"
)

// vorbisFile decodes Vorbis in Ogg (Vorbis I specification, appendix A), to one channel.
type vorbisFile struct {
	ogg     *oggFile
	decoder *vorbis.Decoder
	first   bool      // no audio of this stream was decoded yet
	at      int64     // position of the end of ready
	ready   []float64 // decoded and not read yet
}

// start takes the header of a stream.
func (f *vorbisFile) start(head []byte) error {
	packets := [][]byte{head}
	for len(packets) < 3 { // the set-up ends its page
		p, err := f.ogg.page()
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
	if f.decoder != nil && f.decoder.Rate() != d.Rate() {
		return fmt.Errorf("a chain of streams at %d and %d Hz", f.decoder.Rate(), d.Rate())
	}
	f.decoder, f.first, f.at = d, true, 0
	return nil
}

func (f *vorbisFile) rate() int     { return f.decoder.Rate() }
func (f *vorbisFile) frames() int64 { return -1 } // only the last page says

func (f *vorbisFile) read(dst []float64) (n int, err error) {
	for n < len(dst) {
		if len(f.ready) == 0 {
			if err := f.more(); err != nil {
				return n, err
			}
			continue
		}
		k := min(len(f.ready), len(dst)-n)
		for i, v := range f.ready[:k] {
			dst[n+i] = v * 32768
		}
		f.ready, n = f.ready[k:], n+k
	}
	return n, nil
}

// more decodes the next page, of the next stream where one ends.
func (f *vorbisFile) more() error {
	p, err := f.ogg.page()
	if errors.Is(err, io.EOF) {
		head, err := f.ogg.begin(vorbis.IsHead)
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
		f.ready = append(f.ready, f.decoder.Decode(packet)...)
	}
	n := int64(len(f.ready))
	if f.first && n > 0 && p.granule >= 0 {
		f.first = false
		if over := n - p.granule; !p.last && over > 0 { // what is before the beginning
			f.ready = f.ready[min(over, n):]
			n = int64(len(f.ready))
		} else if !p.last {
			f.at = p.granule - n
		}
	}
	if p.last && p.granule >= 0 && p.granule < f.at+n { // the rest only fills the last block
		f.ready = f.ready[:max(p.granule-f.at, 0)]
	}
	f.at += n
	return nil
}
