package recordings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sidetone/mixer/record"
)

// ErrEnded is returned once the program stops.
var ErrEnded = errors.New("no more recordings")

// Keeper starts recordings in one directory.
type Keeper struct {
	dir string
	log *slog.Logger
	now func() time.Time

	wg sync.WaitGroup // the writers

	mu      sync.Mutex // guards the following
	running map[*record.Recorder]bool
	ended   bool
}

// New makes a keeper of a directory, which is made with the first recording.
func New(dir string, log *slog.Logger) *Keeper {
	return &Keeper{dir: dir, log: log, now: time.Now, running: make(map[*record.Recorder]bool)}
}

// Start begins a recording of a name, such as a call's id, and gives its recorder, which whoever asked for it stops. Errors name
// the file.
func (k *Keeper) Start(name string, rate, tracks int) (*record.Recorder, error) {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil, ErrEnded
	}
	r, err := k.open(name, rate, tracks)
	if err != nil {
		return nil, err
	}
	k.running[r] = true
	k.log.Info("recording", "path", r.Info().Path, "rate", rate, "channels", tracks)
	k.wg.Go(func() { // ends with Recorder.Stop or its disk; waited for in Run
		err := r.Run(context.Background())
		info := r.Info()
		if err != nil {
			k.log.Error("recording ended", "path", info.Path, "length", info.Length, "err", err)
		} else {
			k.log.Info("recording ended", "path", info.Path, "length", info.Length, "dropped", info.Dropped)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.running, r)
	})
	return r, nil
}

// open finds a name that is free: the time, what is recorded and, for the second in a second, a number.
func (k *Keeper) open(name string, rate, tracks int) (r *record.Recorder, err error) {
	base := k.now().UTC().Format("20060102T150405Z") + "-" + clean(name)
	for n := 1; n < 100; n++ {
		path := filepath.Join(k.dir, base+".wav")
		if n > 1 {
			path = filepath.Join(k.dir, fmt.Sprintf("%s-%d.wav", base, n))
		}
		if r, err = record.New(record.Config{Path: path, Rate: rate, Tracks: tracks}); !errors.Is(err, os.ErrExist) {
			return r, err
		}
	}
	return nil, err
}

// clean leaves of a name what may be in a file's.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), 64)]
}

// Run waits for the end of ctx, then finishes every recording.
func (k *Keeper) Run(ctx context.Context) error {
	<-ctx.Done()
	k.mu.Lock()
	k.ended = true
	for r := range k.running {
		r.Stop()
	}
	k.mu.Unlock()
	k.wg.Wait()
	return nil
}
