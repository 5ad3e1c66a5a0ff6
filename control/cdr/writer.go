package cdr

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
)

// queued is how many records may wait for the disk, and batch how many are written at once.
const (
	queued = 4096
	batch  = 64
)

// Writer takes records from any goroutine and writes them from one.
type Writer struct {
	// Logger hears when the disk begins to refuse records and when it takes them again; nil = nobody.
	// Set before Run.
	Logger *slog.Logger

	queue   chan Record
	closing chan struct{} // closed by Close
	once    sync.Once     // of Close
	err     error         // of Close

	mu      sync.Mutex // one drainer at a time; guards the following
	file    *file      // nil after Close
	failing bool       // the disk refused the last batch

	written, dropped, failed atomic.Uint64
}

// Stats counts records since the start.
type Stats struct {
	Written uint64 `json:"written"`
	Dropped uint64 `json:"dropped"` // the queue was full, or the writer closed
	Failed  uint64 `json:"failed"`  // the disk refused them
}

// New opens the file in the directory, which is made when it is not there. It starts nothing.
func New(dir string) (*Writer, error) {
	f, err := openFile(dir)
	if err != nil {
		return nil, err
	}
	return &Writer{queue: make(chan Record, queued), closing: make(chan struct{}), file: f}, nil
}

// Write queues a record. It never waits: when the queue is full the record is dropped and counted. It
// may be called from any goroutine.
func (w *Writer) Write(r Record) {
	select {
	case <-w.closing:
		w.dropped.Add(1)
		return
	default:
	}
	select {
	case w.queue <- r:
	default:
		w.dropped.Add(1)
	}
}

// Run writes what is queued until ctx ends or the writer is closed, then the rest of the queue. The
// error is always nil: a disk that fails ends no calls.
func (w *Writer) Run(ctx context.Context) error {
	for {
		select {
		case r := <-w.queue:
			w.drain(r)
		case <-ctx.Done():
			w.drain()
			return nil
		case <-w.closing:
			return nil // Close drains
		}
	}
}

// drain writes the records given and all that are queued.
func (w *Writer) drain(first ...Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	records := first
	for {
		select {
		case r := <-w.queue:
			records = append(records, r)
			if len(records) < batch {
				continue
			}
			w.append(records)
			records = records[:0]
		default:
			w.append(records)
			return
		}
	}
}

// append writes records in one go; mu is held.
func (w *Writer) append(records []Record) {
	if len(records) == 0 {
		return
	}
	if w.file == nil {
		w.dropped.Add(uint64(len(records)))
		return
	}
	var lines []byte
	count := uint64(0)
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil { // a number that JSON has not (NaN): the caller's mistake
			w.failed.Add(1)
			continue
		}
		lines = append(append(lines, line...), '\n')
		count++
	}
	err := w.file.append(lines)
	if err != nil {
		w.failed.Add(count)
	} else {
		w.written.Add(count)
	}
	w.note(err)
}

// note logs the change from good to bad and back; mu is held.
func (w *Writer) note(err error) {
	if was := w.failing; was == (err != nil) || w.Logger == nil {
		w.failing = err != nil
		return
	}
	w.failing = err != nil
	if err != nil {
		w.Logger.Error("call records are lost", "err", err)
	} else {
		w.Logger.Info("call records are written again", "lost", w.failed.Load())
	}
}

// Stats reads the counters.
func (w *Writer) Stats() Stats {
	s := Stats{Written: w.written.Load(), Dropped: w.dropped.Load(), Failed: w.failed.Load()}
	select {
	case <-w.closing:
		s.Dropped += uint64(len(w.queue)) // came while Close was draining
	default:
	}
	return s
}

// Close writes what is queued, puts it on the disk and closes the file. Records written later are
// dropped and counted. It may be called more than once, with Run running or not.
func (w *Writer) Close() error {
	w.once.Do(func() {
		close(w.closing)
		w.drain()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err = w.file.close()
		w.file = nil
	})
	return w.err
}
