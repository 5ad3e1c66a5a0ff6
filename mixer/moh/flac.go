package moh

import (
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
)

// flacFile decodes a FLAC file (RFC 9639).
type flacFile struct {
	stream *flac.Stream
	scale  float64 // of the mean of the channels, to 16-bit sample units
	frame  *frame.Frame
	at     int // frames of it that were read
}

func openFLAC(r io.Reader) (*flacFile, error) {
	s, err := flac.New(r)
	if err != nil {
		return nil, fmt.Errorf("broken FLAC: %w", err)
	}
	if n := s.Info.NChannels; n != 1 && n != 2 {
		return nil, fmt.Errorf("%d channels: only mono and stereo are read", n)
	}
	scale := 1 / float64(s.Info.NChannels)
	for bits := int(s.Info.BitsPerSample); bits != 16; {
		if bits > 16 {
			scale /= 2
			bits--
		} else {
			scale *= 2
			bits++
		}
	}
	return &flacFile{stream: s, scale: scale}, nil
}

func (f *flacFile) rate() int { return int(f.stream.Info.SampleRate) }

func (f *flacFile) frames() int64 {
	if f.stream.Info.NSamples == 0 { // unknown (RFC 9639 section 8.2)
		return -1
	}
	return int64(f.stream.Info.NSamples)
}

func (f *flacFile) read(dst []float64) (n int, err error) {
	for n < len(dst) {
		if f.frame == nil {
			if err := f.next(); err != nil {
				return n, err
			}
		}
		sub := f.frame.Subframes
		k := min(len(dst)-n, int(f.frame.BlockSize)-f.at)
		for i := range dst[n : n+k] {
			var sum float64
			for c := range sub {
				sum += float64(sub[c].Samples[f.at+i])
			}
			dst[n+i] = sum * f.scale
		}
		n += k
		if f.at += k; f.at == int(f.frame.BlockSize) {
			f.frame = nil
		}
	}
	return n, nil
}

// next decodes a frame.
func (f *flacFile) next() error {
	frame, err := f.stream.ParseNext()
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case err != nil:
		return fmt.Errorf("broken FLAC: %w", err)
	case len(frame.Subframes) != int(f.stream.Info.NChannels) || frame.BlockSize == 0:
		return errors.New("broken FLAC: a frame does not fit the stream")
	}
	f.frame, f.at = frame, 0
	return nil
}
