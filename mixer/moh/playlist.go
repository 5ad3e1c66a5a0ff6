package moh

import "time"

// Playlist is tracks of one rate, played in order and over again, without a gap between them. It is immutable.
type Playlist struct {
	tracks []*Track
}

// Tracks returns the tracks in order.
func (p *Playlist) Tracks() []*Track { return append([]*Track(nil), p.tracks...) }

// Duration returns how long the playlist is once through.
func (p *Playlist) Duration() (d time.Duration) {
	for _, t := range p.tracks {
		d += t.Duration()
	}
	return d
}

// Cursor returns a reader that begins with the first track.
func (p *Playlist) Cursor() *Cursor { return &Cursor{tracks: p.tracks} }

// Cursor reads a playlist for ever. It implements mixer.Source and is used from one goroutine.
type Cursor struct {
	tracks []*Track
	track  int
	at     int // samples into the track
}

// Read fills dst with the next samples.
//
// hot path: no allocation, lock, clock or log
func (c *Cursor) Read(dst []int16) {
	for len(dst) > 0 {
		t := c.tracks[c.track]
		n := copy(dst, t.samples[c.at:])
		dst = dst[n:]
		if c.at += n; c.at == len(t.samples) {
			c.at = 0
			if c.track++; c.track == len(c.tracks) {
				c.track = 0
			}
		}
	}
}
