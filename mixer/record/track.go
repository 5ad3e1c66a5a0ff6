package record

import (
	"sync/atomic"
	"time"
)

// ringFrames is how many frames wait for the writer at most: 2 s.
const ringFrames = 100

// tick is the length of a frame.
const tick = 20 * time.Millisecond

// Track is one channel of a Recorder. Write belongs to one thread at a time.
type Track struct {
	recorder *Recorder
	rate     int64
	frames   [ringFrames]frame

	written atomic.Uint64 // frames, by the shard
	taken   atomic.Uint64 // by the writer
	dropped atomic.Uint64
	busy    atomic.Bool // somebody is in Write: for a moment two may be, when a channel passes from one leg to another
}

// frame is 20 ms and when they begin, in samples of the recorder's time.
type frame struct {
	at  int64
	pcm []int16
}

// Write takes the 20 ms of a tick at time now, nanoseconds of one clock for all tracks. A frame for which there is no room is
// dropped and counted; after the end of the recording nothing happens.
//
// hot path: no allocation, lock, clock or log
func (t *Track) Write(now int64, pcm []int16) {
	if t.recorder.over.Load() || !t.busy.CompareAndSwap(false, true) {
		return
	}
	defer t.busy.Store(false)
	n := t.written.Load()
	if n-t.taken.Load() >= ringFrames {
		t.dropped.Add(1)
		return
	}
	f := &t.frames[n%ringFrames]
	f.at = now / 1e6 * t.rate / 1e3
	f.pcm = f.pcm[:copy(f.pcm[:cap(f.pcm)], pcm)]
	t.written.Store(n + 1)
}

// Rate is the sample rate of what Write takes, Hz.
func (t *Track) Rate() int { return int(t.rate) }
