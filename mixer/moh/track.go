package moh

import (
	"sync/atomic"
	"time"
)

// Track is a piece of audio: 16-bit samples of one channel at one rate, there once it is decoded and immutable from then
// on. It may be used from anywhere.
type Track struct {
	name    string
	rate    int
	samples atomic.Pointer[[]int16] // nil until it is decoded
}

// NewTrack makes a track of samples, which it keeps, at a rate in Hz.
func NewTrack(name string, rate int, samples []int16) *Track {
	t := &Track{name: name, rate: rate}
	t.samples.Store(&samples)
	return t
}

// Name returns the path of the file, or "melody".
func (t *Track) Name() string { return t.name }

// Rate returns the sampling rate in Hz.
func (t *Track) Rate() int { return t.rate }

// Len returns the number of samples, 0 as long as it is not decoded.
func (t *Track) Len() int { return len(t.audio()) }

// Duration returns how long the track is.
func (t *Track) Duration() time.Duration {
	return time.Duration(t.Len()) * time.Second / time.Duration(t.rate)
}

// audio returns the samples, none as long as they are not decoded.
//
// hot path: no allocation, lock, clock or log
func (t *Track) audio() []int16 {
	if s := t.samples.Load(); s != nil {
		return *s
	}
	return nil
}
