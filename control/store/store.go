package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Config is what a Store is opened with.
type Config struct {
	// Dir is where the files are; it is made when it is not there.
	Dir string
	// Logger hears when the disk begins to refuse values and when it takes them again; nil = nobody.
	Logger *slog.Logger
}

// Store is everything that was kept, in memory, and the way to the disk.
type Store struct {
	log    *slog.Logger
	lock   io.Closer
	engine *engine
	wake   chan struct{} // something is pending

	once sync.Once // of Close
	err  error     // of Close

	writing sync.Mutex // one writer at a time, so that values of a key arrive in order

	mu      sync.Mutex        // guards the following
	kept    map[string][]byte // values read at the start, by key, until a table takes them
	pending map[string][]byte // not yet on disk; nil = delete
	closed  bool
	failing bool // the disk refused the last value
}

// Open reads what the directory holds. Errors name the directory: in use by another process, not writable, damaged.
func Open(cfg Config) (*Store, error) {
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	dir := filepath.Join(cfg.Dir, "store")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, fmt.Errorf("state directory %s: %w", cfg.Dir, err)
	}
	e, kept, err := openEngine(dir, log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("state directory %s: %w", cfg.Dir, err), lock.Close())
	}
	return &Store{
		log: log, lock: lock, engine: e, wake: make(chan struct{}, 1),
		kept: kept, pending: make(map[string][]byte),
	}, nil
}

// Run writes what is put until ctx ends, and then what is left. The error is always nil: a disk that fails ends
// no calls.
func (s *Store) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			s.write()
			return nil
		case <-s.wake:
		}
		if !s.write() {
			select {
			case <-ctx.Done():
			case <-time.After(retry):
				s.poke()
			}
		}
	}
}

// Close writes what is pending, if the disk takes it, and gives the directory back. Tables can still be read.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.write()
		s.mu.Lock()
		left := len(s.pending)
		s.closed = true
		s.mu.Unlock()
		if left > 0 {
			s.err = fmt.Errorf("%d values could not be written", left)
		}
		s.err = errors.Join(s.err, s.engine.close(), s.lock.Close())
	})
	return s.err
}

// Pending is how many keys have a newer value in memory than on disk.
func (s *Store) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}

// put queues a value; nil deletes the key.
func (s *Store) put(key string, value []byte) {
	s.mu.Lock()
	s.pending[key] = value
	s.mu.Unlock()
	s.poke()
}

func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
