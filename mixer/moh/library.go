package moh

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// DefaultLimit is the bytes of decoded audio that a library holds when the config names none.
const DefaultLimit = 64 << 20

// LibraryConfig is what a Library is made of.
type LibraryConfig struct {
	Limit int64 // bytes of decoded audio in all, two a sample; default DefaultLimit
}

// Library decodes each file once for each rate it is wanted at. It may be used from any goroutine.
type Library struct {
	limit int64

	mu     sync.Mutex // guards the following, also while a file is decoded
	tracks map[trackKey]*Track
	used   int64
}

type trackKey struct {
	path string // "" is the melody
	rate int
}

// NewLibrary returns an empty library.
func NewLibrary(c LibraryConfig) *Library {
	if c.Limit == 0 {
		c.Limit = DefaultLimit
	}
	return &Library{limit: c.Limit, tracks: map[trackKey]*Track{}}
}

// Playlist returns the files as a playlist at a rate in Hz; without files, the built-in melody. The error names
// the file and what is wrong with it, and wraps ErrTooLarge when the library is full.
func (l *Library) Playlist(rate int, files ...string) (*Playlist, error) {
	if rate < 8000 || rate > 48000 {
		return nil, fmt.Errorf("music at %d Hz: only 8000 to 48000 are made", rate)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(files) == 0 {
		return &Playlist{tracks: []*Track{l.melody(rate)}}, nil
	}
	p := &Playlist{}
	for _, path := range files {
		t, err := l.file(trackKey{path, rate})
		if err != nil {
			return nil, fmt.Errorf("music file %s: %w", path, err)
		}
		p.tracks = append(p.tracks, t)
	}
	return p, nil
}

// Size returns the bytes of decoded audio in the library.
func (l *Library) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used
}

func (l *Library) melody(rate int) *Track {
	key := trackKey{"", rate}
	if l.tracks[key] == nil {
		l.keep(key, Melody(rate))
	}
	return l.tracks[key]
}

func (l *Library) file(key trackKey) (*Track, error) {
	if t := l.tracks[key]; t != nil {
		return t, nil
	}
	f, err := os.Open(key.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a file: %v", info.Mode().Type())
	}
	samples, err := readWAV(f, key.rate, (l.limit-l.used)/2)
	if errors.Is(err, ErrTooLarge) {
		return nil, fmt.Errorf("%w (the limit is %d MiB of decoded audio, %d used)", err, l.limit>>20, l.used>>20)
	} else if err != nil {
		return nil, err
	}
	return l.keep(key, NewTrack(key.path, key.rate, samples)), nil
}

func (l *Library) keep(key trackKey, t *Track) *Track {
	l.tracks[key] = t
	l.used += 2 * int64(t.Len())
	return t
}
