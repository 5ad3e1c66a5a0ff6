package moh

import (
	"errors"
	"io"
)

// oggCodec decodes the streams of one codec, one after the other, to one channel.
type oggCodec interface {
	// is tells whether a packet is the first of a stream.
	is(head []byte) bool
	// start takes the headers of a stream, of which head is the first; the others come from o.
	start(o *oggFile, head []byte) error
	// page gives the samples of a page, in 16-bit sample units, until its next call.
	page(p oggPage) ([]float64, error)
	rate() int
}

// oggAudio reads the samples of a stream, and of those of the same codec that follow it (a chain).
type oggAudio struct {
	oggCodec
	ogg   *oggFile
	ready []float64 // decoded and not read yet
}

func (a *oggAudio) frames() int64 { return -1 } // only the last page says

func (a *oggAudio) read(dst []float64) (n int, err error) {
	for n < len(dst) {
		if len(a.ready) == 0 {
			if err := a.more(); err != nil {
				return n, err
			}
			continue
		}
		k := copy(dst[n:], a.ready)
		a.ready, n = a.ready[k:], n+k
	}
	return n, nil
}

// more decodes the next page, or goes on to the next stream where one has ended.
func (a *oggAudio) more() error {
	p, err := a.ogg.page()
	if errors.Is(err, io.EOF) {
		head, err := a.ogg.begin(a.is)
		if err != nil {
			return err
		}
		return a.start(a.ogg, head)
	}
	if err == nil {
		a.ready, err = a.oggCodec.page(p)
	}
	return err
}

// endsEarly is the error of a stream that ends where it must not.
func endsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("no audio: the stream ends within its headers")
	}
	return err
}
