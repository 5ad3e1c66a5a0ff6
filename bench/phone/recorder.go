package phone

import (
	"sync"
	"time"
)

// rate is the sampling rate of every recording in Hz.
const rate = 8000

// The recorder's bounds: samples kept, how many late packets in a row make it start over, and how far
// ahead of its time a packet may be.
const (
	longest   = 600 * rate
	lateInRow = 10
	farAhead  = rate / 2
)

// recorder lays what arrives onto the time at which a phone with a constant playout delay would sound
// it: sample i is heard at start + i/rate. What came too late, or not at all, stays silent.
type recorder struct {
	start   time.Time // immutable
	playout int       // samples, immutable

	mu      sync.Mutex // guards what follows
	pcm     []int16
	running bool
	ssrc    uint32
	base    int    // where the timestamp origin is heard
	origin  uint32 // RTP timestamp
	row     int    // late packets in a row
	late    int
	streams int
}

func newRecorder(start time.Time, playout time.Duration) *recorder {
	return &recorder{start: start, playout: int(playout * rate / time.Second)}
}

// place adds the samples of a packet that arrived at the given time.
func (r *recorder) place(at time.Time, ssrc, timestamp uint32, pcm []int16) {
	now := int(at.Sub(r.start) * rate / time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.running || ssrc != r.ssrc {
		r.running, r.ssrc = true, ssrc
		r.streams++
		r.rebase(now, timestamp)
	}
	position := r.base + int(int32(timestamp-r.origin))
	if position < now {
		r.late++
		r.row++
	} else {
		r.row = 0
	}
	if r.row >= lateInRow || position > now+farAhead {
		r.rebase(now, timestamp)
		position = r.base
	}
	if skip := now - position; skip > 0 {
		pcm, position = pcm[min(skip, len(pcm)):], now
	}
	if position < 0 || position+len(pcm) > longest {
		return
	}
	if need := position + len(pcm); need > len(r.pcm) {
		r.pcm = append(r.pcm, make([]int16, need-len(r.pcm))...)
	}
	copy(r.pcm[position:], pcm)
}

func (r *recorder) rebase(now int, timestamp uint32) {
	r.base, r.origin, r.row = now+r.playout, timestamp, 0
}

// between returns what is heard from one moment to another, silence where nothing was.
func (r *recorder) between(from, to time.Time) []int16 {
	a, b := int(from.Sub(r.start)*rate/time.Second), int(to.Sub(r.start)*rate/time.Second)
	if b <= a {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	pcm := make([]int16, b-a)
	if a < 0 {
		copy(pcm[min(-a, len(pcm)):], r.pcm)
	} else if a < len(r.pcm) {
		copy(pcm, r.pcm[a:])
	}
	return pcm
}

func (r *recorder) counts() (late, streams int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.late, r.streams
}
