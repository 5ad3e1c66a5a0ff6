package moh

import "time"

// Track is a piece of audio: 16-bit samples of one channel at one rate. It is immutable and may be
// read from anywhere.
type Track struct {
	name    string
	rate    int
	samples []int16
}

// NewTrack makes a track of samples, which it keeps, at a rate in Hz.
func NewTrack(name string, rate int, samples []int16) *Track {
	return &Track{name: name, rate: rate, samples: samples}
}

// Name returns the path of the file, or "melody".
func (t *Track) Name() string { return t.name }

// Rate returns the sampling rate in Hz.
func (t *Track) Rate() int { return t.rate }

// Len returns the number of samples.
func (t *Track) Len() int { return len(t.samples) }

// Duration returns how long the track is.
func (t *Track) Duration() time.Duration {
	return time.Duration(len(t.samples)) * time.Second / time.Duration(t.rate)
}
