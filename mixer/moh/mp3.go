package moh

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/hajimehoshi/go-mp3"
)

// mp3File decodes an MP3 file (ISO/IEC 11172-3 and 13818-3, layer III) without what the encoder put around the audio.
type mp3File struct {
	decoder *mp3.Decoder
	skip    int64 // frames still to be left out
	left    int64 // frames still to be read; below zero, all
	total   int64 // below zero when unknown
	block   []byte
}

// decoderDelay is what a layer III decoder lags behind: the overlap of the filter bank and one sample.
const decoderDelay = 529

func openMP3(r *bufio.Reader) (*mp3File, error) {
	if err := skipID3(r); err != nil {
		return nil, err
	}
	head, err := r.Peek(lameTagEnd)
	if err != nil && len(head) < 4 {
		return nil, errors.New("no audio: the file ends before an MP3 frame")
	}
	tag, ok := parseInfoFrame(head)
	d, err := mp3.NewDecoder(struct{ io.Reader }{r}) // without Seek, else it would read the file twice
	if err != nil {
		return nil, fmt.Errorf("broken MP3: %w", err)
	}
	f := &mp3File{decoder: d, left: -1, total: -1, block: make([]byte, blockFrames*4)}
	if !ok {
		return f, nil
	}
	f.skip = tag.samples // the frame with the tag decodes to silence
	if tag.lame {
		f.skip += tag.delay + decoderDelay
		// With less padding than the decoder lags behind, the last of the audio does not come out of it.
		f.left = max(tag.frames*tag.samples-tag.delay-max(tag.padding, decoderDelay), 0)
		f.total = f.left
	}
	return f, nil
}

// skipID3 passes over ID3v2 tags in front of the audio (id3.org, ID3v2.4 section 3.1).
func skipID3(r *bufio.Reader) error {
	for {
		head, err := r.Peek(10)
		if err != nil || string(head[:3]) != "ID3" {
			return nil // too short for a tag: the decoder will say what is wrong
		}
		size := int64(head[6]&0x7f)<<21 | int64(head[7]&0x7f)<<14 | int64(head[8]&0x7f)<<7 | int64(head[9]&0x7f)
		if head[5]&0x10 != 0 {
			size += 10 // a footer
		}
		if _, err := io.CopyN(io.Discard, r, 10+size); err != nil {
			return errors.New("the file ends within its ID3 tag")
		}
	}
}

func (f *mp3File) rate() int     { return f.decoder.SampleRate() }
func (f *mp3File) frames() int64 { return f.total }

func (f *mp3File) read(dst []float64) (int, error) {
	for {
		want := min(int64(len(dst)), blockFrames)
		if f.skip > 0 {
			want = min(f.skip, blockFrames)
		} else if f.left >= 0 {
			want = min(want, f.left)
		}
		if want == 0 {
			return 0, io.EOF
		}
		// Always two channels of 16 bits; its Read stops at every MP3 frame.
		n, err := io.ReadFull(f.decoder, f.block[:4*want])
		n /= 4
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			err = io.EOF
		case err != nil:
			return 0, fmt.Errorf("broken MP3: %w", err)
		}
		if f.skip > 0 {
			if f.skip -= int64(n); err != nil {
				return 0, err
			}
			continue
		}
		for i := range n {
			b := f.block[4*i:]
			dst[i] = (float64(int16(binary.LittleEndian.Uint16(b))) + float64(int16(binary.LittleEndian.Uint16(b[2:])))) / 2
		}
		if f.left >= 0 {
			f.left -= int64(n)
		}
		return n, err
	}
}
