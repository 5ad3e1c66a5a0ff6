package moh

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrTooLarge is what an error wraps when the decoded audio exceeds what is allowed.
var ErrTooLarge = errors.New("too much audio")

// The rates a file may have, Hz.
const lowestRate, highestRate = 8000, 192_000

// headroom is the scale that samples are decoded at, so that what the resampler adds to a loud master is not
// clipped before the level is brought down.
const headroom = 0.5

// decoder reads one file. frames is how many it has in all, below zero when the file does not say.
type decoder interface {
	rate() int
	frames() int64
	// read fills dst with the next frames, the mean of their channels, in 16-bit sample units. It returns less than
	// len(dst) with io.EOF at the proper end and with another error where the file is broken.
	read(dst []float64) (int, error)
}

// openAudio finds out by its content what kind of file it is and reads its header.
func openAudio(from io.Reader) (d decoder, err error) {
	defer recovered(&err)
	r := bufio.NewReaderSize(from, 1<<16)
	magic, _ := r.Peek(4) // a shorter file is none of these
	switch {
	case bytes.HasPrefix(magic, []byte("RIFF")):
		d, err = openWAV(r)
	case bytes.HasPrefix(magic, []byte("fLaC")):
		d, err = openFLAC(r)
	case bytes.HasPrefix(magic, []byte("ID3")), isMP3Frame(magic):
		d, err = openMP3(r)
	case bytes.HasPrefix(magic, []byte("OggS")):
		d, err = openOgg(r)
	default:
		return nil, errors.New("not a WAV, FLAC, MP3 or Ogg file")
	}
	if err != nil {
		return nil, err
	}
	if rate := d.rate(); rate < lowestRate || rate > highestRate {
		return nil, fmt.Errorf("sampling rate %d Hz: only %d to %d are read", rate, lowestRate, highestRate)
	}
	return d, nil
}

// recovered makes an error of a panic: the decoders of others have met fewer broken files than a fuzzer makes.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is broken: %v", p)
	}
}

// length returns how many samples at a rate the file will have, below zero when it does not say.
func length(d decoder, rate int) int64 {
	if d.frames() < 0 {
		return -1
	}
	whole, rest := d.frames()/int64(d.rate()), d.frames()%int64(d.rate())
	return whole*int64(rate) + (rest*int64(rate)+int64(d.rate())-1)/int64(d.rate())
}

// blockFrames is how much is decoded at a time.
const blockFrames = 4096

// readAudio decodes all there is to one channel of the given rate, at the scale of headroom. More than limit samples at that
// rate are an error that wraps ErrTooLarge.
func readAudio(ctx context.Context, d decoder, rate int, limit int64) (out []int16, err error) {
	defer recovered(&err)
	n := length(d, rate)
	if n > limit {
		return nil, fmt.Errorf("%w: %d s", ErrTooLarge, n/int64(rate))
	}
	convert := newResampler(d.rate(), rate)
	block, frames := make([]float64, blockFrames), 0
	for err == nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var k int
		k, err = d.read(block)
		for i := range block[:k] {
			block[i] *= headroom
		}
		frames += k
		if out = convert.write(out, block[:k]); int64(len(out)) > limit {
			return nil, fmt.Errorf("%w: more than %d s", ErrTooLarge, limit/int64(rate))
		}
	}
	switch {
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("after %d s: %w", frames/d.rate(), err)
	case d.frames() > int64(frames):
		return nil, fmt.Errorf("the file ends after %.1f of %.1f s", float64(frames)/float64(d.rate()), float64(d.frames())/float64(d.rate()))
	case frames == 0:
		return nil, errors.New("no audio")
	}
	return convert.flush(out, frames), nil
}

// Decode reads a whole WAV, FLAC, MP3 or Ogg file to one channel of a rate in Hz, at its own level. More than limit samples are an
// error that wraps ErrTooLarge.
func Decode(ctx context.Context, from io.Reader, rate int, limit int64) ([]int16, error) {
	d, err := openAudio(from)
	if err != nil {
		return nil, err
	}
	x, err := readAudio(ctx, d, rate, limit)
	for i, v := range x {
		x[i] = toInt16(float64(v) / headroom)
	}
	return x, err
}
