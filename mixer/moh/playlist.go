package moh

import (
	"math/rand/v2"
	"time"
)

// Playlist is tracks of one rate, played over and over without a gap between them: in order, or shuffled anew each time
// round. It is immutable.
type Playlist struct {
	rate    int // Hz
	tracks  []*Track
	filler  *Track // is played as long as no track is decoded
	shuffle bool
	seed    uint64
}

// Shuffled returns the same tracks in an order that is another each time round and never has a track twice in a row. All
// cursors go through the same orders; seed says which.
func (p *Playlist) Shuffled(seed uint64) *Playlist {
	return &Playlist{rate: p.rate, tracks: p.tracks, filler: p.filler, shuffle: true, seed: seed}
}

// Rate returns the sampling rate of its cursors in Hz.
func (p *Playlist) Rate() int { return p.rate }

// Tracks returns the tracks in order.
func (p *Playlist) Tracks() []*Track { return append([]*Track(nil), p.tracks...) }

// Duration returns how long what is decoded of the playlist is once through.
func (p *Playlist) Duration() (d time.Duration) {
	for _, t := range p.tracks {
		d += t.Duration()
	}
	return d
}

// Cursor returns a reader that begins with the first track.
func (p *Playlist) Cursor() *Cursor {
	c := &Cursor{tracks: append([]*Track(nil), p.tracks...), filler: p.filler, track: -1}
	if p.shuffle {
		c.random = rand.New(rand.NewPCG(p.seed, 0))
		c.deal(nil)
	}
	return c
}

// Cursor reads a playlist for ever. It implements mixer.Source and is used from one goroutine.
type Cursor struct {
	tracks  []*Track
	filler  *Track
	random  *rand.Rand // nil when the order does not change
	track   int        // being played; -1 before the first, or when it is the filler
	playing []int16
	at      int // samples into it
	waiting bool
}

// Read fills dst with the next samples. A track that is not decoded, or could not be, is passed over; while there is none, the
// filler is played, and fades out within the Read in which the first track is there.
//
// hot path: no allocation, lock, clock or log
func (c *Cursor) Read(dst []int16) {
	if c.waiting && c.anyReady() {
		c.fill(dst)
		fade(dst, false)
		c.waiting, c.playing, c.at, c.track = false, nil, 0, -1
		return
	}
	c.fill(dst)
}

func (c *Cursor) fill(dst []int16) {
	for len(dst) > 0 {
		if c.at == len(c.playing) {
			c.next()
			if len(c.playing) == 0 {
				clear(dst)
				return
			}
		}
		n := copy(dst, c.playing[c.at:])
		dst, c.at = dst[n:], c.at+n
	}
}

func (c *Cursor) anyReady() bool {
	for _, t := range c.tracks {
		if t.Len() > 0 {
			return true
		}
	}
	return false
}

// next goes on to the next track that there is.
func (c *Cursor) next() {
	c.at = 0
	for range c.tracks {
		if c.track++; c.track == len(c.tracks) {
			c.track = 0
			if c.random != nil {
				c.deal(c.tracks[len(c.tracks)-1])
			}
		}
		if c.playing = c.tracks[c.track].audio(); len(c.playing) > 0 {
			c.waiting = false
			return
		}
	}
	c.waiting, c.track, c.playing = true, -1, nil
	if c.filler != nil {
		c.playing = c.filler.audio()
	}
}

// deal makes a new order that does not begin with the track that was played last.
func (c *Cursor) deal(last *Track) {
	for i := len(c.tracks) - 1; i > 0; i-- {
		k := c.random.IntN(i + 1)
		c.tracks[i], c.tracks[k] = c.tracks[k], c.tracks[i]
	}
	if n := len(c.tracks); n > 1 && c.tracks[0] == last {
		k := 1 + c.random.IntN(n-1)
		c.tracks[0], c.tracks[k] = c.tracks[k], c.tracks[0]
	}
}
