package record

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// MostTracks is how many channels a file may have.
const MostTracks = 8

// Config is what a Recorder is made of.
type Config struct {
	Path   string // of the file, which must not exist yet
	Rate   int    // Hz; default 8000
	Tracks int    // channels; default 1

	// Open makes the file; nil is a new file at Path.
	Open func(path string) (File, error)
}

// File is what a recording is written to; *os.File is one.
type File interface {
	io.Writer
	io.WriterAt
	io.Closer
}

// Recorder writes one file.
type Recorder struct {
	// immutable
	path   string
	rate   int
	tracks []*Track
	file   File

	over atomic.Bool // nothing more is taken
	stop chan struct{}
	once sync.Once

	// owned by Run
	next   []queued // by track
	origin int64    // time of the first sample
	begun  bool
	at     int64 // samples written, by channel
	buffer []byte

	mu   sync.Mutex // guards the following
	info Info
}

// Info is how far a recording has come.
type Info struct {
	Path    string
	Active  bool
	Length  time.Duration // that the file holds, by its header
	Dropped uint64        // frames of 20 ms that the disk was too slow for
	Reason  string        // why it ended before it was stopped
}

// queued is what is left of a track's oldest frame.
type queued struct {
	pcm   []int16 // in store
	at    int64
	store []int16
}

// New makes the file with an empty header. Run writes it.
func New(c Config) (*Recorder, error) {
	if c.Rate == 0 {
		c.Rate = 8000
	}
	if c.Tracks == 0 {
		c.Tracks = 1
	}
	switch {
	case c.Rate != 8000 && c.Rate != 16000 && c.Rate != 32000 && c.Rate != 48000:
		return nil, fmt.Errorf("record %s: a rate of %d Hz", c.Path, c.Rate)
	case c.Tracks < 0 || c.Tracks > MostTracks:
		return nil, fmt.Errorf("record %s: %d channels", c.Path, c.Tracks)
	}
	if c.Open == nil {
		c.Open = func(path string) (File, error) {
			return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		}
	}
	file, err := c.Open(c.Path)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if _, err := file.Write(header(c.Rate, c.Tracks, 0)); err != nil {
		file.Close()
		return nil, fmt.Errorf("record %s: %w", c.Path, err)
	}
	r := &Recorder{path: c.Path, rate: c.Rate, file: file, stop: make(chan struct{}), next: make([]queued, c.Tracks), info: Info{Path: c.Path, Active: true}}
	frameLen := c.Rate / int(time.Second/tick)
	for range c.Tracks {
		t := &Track{recorder: r, rate: int64(c.Rate)}
		for i := range t.frames {
			t.frames[i].pcm = make([]int16, frameLen)
		}
		r.tracks = append(r.tracks, t)
	}
	return r, nil
}

// Track is a channel, from 0.
func (r *Recorder) Track(channel int) *Track { return r.tracks[channel] }

// Rate is the file's sample rate in Hz.
func (r *Recorder) Rate() int { return r.rate }

// Stop ends the recording: what was taken until now is written, the file is closed, Run returns. Stopping again does nothing.
func (r *Recorder) Stop() {
	r.once.Do(func() {
		r.over.Store(true)
		close(r.stop)
	})
}

// Info is how far it has come.
func (r *Recorder) Info() Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	info := r.info
	for _, t := range r.tracks {
		info.Dropped += t.dropped.Load()
	}
	return info
}

// The writer wakes up several times before a ring is full, and the header is true again every second.
const (
	writeEvery  = 100 * time.Millisecond
	headerEvery = time.Second
)

// Run writes until Stop, the end of ctx or an error of the file, which it returns.
func (r *Recorder) Run(ctx context.Context) error {
	wake := time.NewTicker(writeEvery)
	defer wake.Stop()
	sealed := time.Now()
	for {
		last := false
		select {
		case <-wake.C:
		case <-ctx.Done():
			r.Stop()
			last = true
		case <-r.stop:
			last = true
		}
		err := r.write(last)
		if err == nil && (last || time.Since(sealed) >= headerEvery) {
			err = r.seal()
			sealed = time.Now()
		}
		if last || err != nil {
			return r.finish(err)
		}
	}
}

// finish closes the file.
func (r *Recorder) finish(err error) error {
	r.Stop()
	if err != nil {
		_ = r.seal() // what was written before is kept
	}
	if closed := r.file.Close(); err == nil {
		err = closed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.Active = false
	if err != nil {
		err = fmt.Errorf("record %s: %w", r.path, err)
		r.info.Reason = err.Error()
	}
	return err
}

// seal makes the header say what the file holds.
func (r *Recorder) seal() error {
	if _, err := r.file.WriteAt(header(r.rate, len(r.tracks), r.at*int64(2*len(r.tracks))), 0); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.info.Length = time.Duration(r.at) * time.Second / time.Duration(r.rate)
	return nil
}
