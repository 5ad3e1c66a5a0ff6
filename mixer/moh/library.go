package moh

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// DefaultLimit is the bytes of decoded audio that a library holds when the config names none: 70 minutes at 16 kHz.
const DefaultLimit = 128 << 20

// LibraryConfig is what a Library is made of.
type LibraryConfig struct {
	Limit int64 // bytes of decoded audio of all files, two a sample; default DefaultLimit
}

// Library decodes each file once for each rate it is wanted at. It may be used from any goroutine.
type Library struct {
	limit int64

	loading sync.Mutex // held by Load

	mu      sync.Mutex // guards the following
	tracks  map[trackKey]*Track
	pending []pending
	used    int64 // bytes of files: decoded, or said by a header to come
}

type trackKey struct {
	path string // "" is the melody
	rate int
}

// pending is a track to be decoded.
type pending struct {
	track    *Track
	reserved int64 // bytes of used that are its own; below zero, the file does not say
}

// NewLibrary returns an empty library.
func NewLibrary(c LibraryConfig) *Library {
	if c.Limit == 0 {
		c.Limit = DefaultLimit
	}
	return &Library{limit: c.Limit, tracks: map[trackKey]*Track{}}
}

// Needed returns the rate in Hz at which files are to be played when most are wanted: 8000 or 16000 when that is all that any of
// them has. The error names the file.
func Needed(most int, files ...string) (int, error) {
	needed := 8000
	for _, path := range files {
		has, err := rateOf(path)
		switch {
		case err != nil:
			return 0, fmt.Errorf("music file %s: %w", path, err)
		case has > 16000:
			needed = most
		case has > 8000:
			needed = max(needed, 16000)
		}
	}
	if len(files) == 0 {
		return most, nil
	}
	return min(most, needed), nil
}

// Playlist returns the files as a playlist at a rate in Hz; without files, the built-in melody. It reads the headers; the audio
// comes with Load, until when the melody is played. The error names the file and what is wrong with it, and wraps ErrTooLarge
// when the library would be too full.
func (l *Library) Playlist(rate int, files ...string) (*Playlist, error) {
	if rate < 8000 || rate > 48000 {
		return nil, fmt.Errorf("music at %d Hz: only 8000 to 48000 are made", rate)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &Playlist{rate: rate, filler: l.melody(rate)}
	if len(files) == 0 {
		p.tracks = []*Track{p.filler}
		return p, nil
	}
	for _, path := range files {
		t, err := l.file(trackKey{path, rate})
		if err != nil {
			return nil, fmt.Errorf("music file %s: %w", path, err)
		}
		p.tracks = append(p.tracks, t)
	}
	return p, nil
}

// rateOf is a file's own rate in Hz.
func rateOf(path string) (int, error) {
	f, err := openFile(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	d, err := openAudio(f)
	if err != nil {
		return 0, err
	}
	return d.rate(), nil
}

// Samples decodes one file, at the loudness of music, to one channel at a rate.
func Samples(ctx context.Context, rate int, file string) ([]int16, error) {
	pcm, err := decodeFile(ctx, file, rate, DefaultLimit/2)
	if err != nil {
		return nil, fmt.Errorf("music file %s: %w", file, err)
	}
	return pcm, nil
}

// Size returns the bytes of decoded audio of files in the library, what is yet to be decoded included where files say how much it is.
func (l *Library) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used
}

// Load decodes what was asked for since the last Load and brings it to one loudness, one file after the other, each of which is
// played from then on. A file that turns out to be broken is passed over for good; the error names all of these. When ctx ends, so
// does Load, with the rest undone.
func (l *Library) Load(ctx context.Context) error {
	l.loading.Lock()
	defer l.loading.Unlock()
	var failed []error
	for ctx.Err() == nil {
		l.mu.Lock()
		if len(l.pending) == 0 {
			l.mu.Unlock()
			break
		}
		next := l.pending[0]
		l.pending = l.pending[1:]
		room := l.limit - l.used + max(next.reserved, 0)
		l.mu.Unlock()
		samples, err := decodeFile(ctx, next.track.name, next.track.rate, room/2)
		if err != nil {
			failed = append(failed, fmt.Errorf("music file %s: %w", next.track.name, l.explain(err)))
		} else {
			next.track.samples.Store(&samples)
		}
		l.mu.Lock()
		l.used += 2*int64(len(samples)) - max(next.reserved, 0)
		l.mu.Unlock()
	}
	return errors.Join(failed...)
}

// explain adds the limit to an error that is about it.
func (l *Library) explain(err error) error {
	if errors.Is(err, ErrTooLarge) {
		return fmt.Errorf("%w (the limit is %d MiB of decoded audio)", err, l.limit>>20)
	}
	return err
}

// melody returns the built-in melody. The caller holds mu.
func (l *Library) melody(rate int) *Track {
	key := trackKey{"", rate}
	if l.tracks[key] == nil {
		l.tracks[key] = Melody(rate)
	}
	return l.tracks[key]
}

// file returns the track of a file, to be decoded by Load when it is a new one. The caller holds mu.
func (l *Library) file(key trackKey) (*Track, error) {
	if t := l.tracks[key]; t != nil {
		return t, nil
	}
	f, err := openFile(key.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := openAudio(f)
	if err != nil {
		return nil, err
	}
	size := 2 * length(d, key.rate)
	if size > l.limit-l.used {
		return nil, l.explain(fmt.Errorf("%w: %d s", ErrTooLarge, size/2/int64(key.rate)))
	}
	t := &Track{name: key.path, rate: key.rate}
	l.tracks[key] = t
	l.pending = append(l.pending, pending{t, size})
	l.used += max(size, 0)
	return t, nil
}

func openFile(path string) (*os.File, error) {
	// Before it is opened, which waits for a writer when it is a pipe.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a file: %v", info.Mode().Type())
	}
	return os.Open(path)
}

// decodeFile decodes a file at a rate and brings it to the loudness of music.
func decodeFile(ctx context.Context, path string, rate int, limit int64) ([]int16, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := openAudio(f)
	if err != nil {
		return nil, err
	}
	samples, err := readAudio(ctx, d, rate, limit)
	if err != nil {
		return nil, err
	}
	level(samples, rate)
	return samples, nil
}
