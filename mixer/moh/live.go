package moh

import (
	"fmt"
	"sync/atomic"
)

// What is kept of a live source: liveFrames of 20 ms, of which its cursors are liveLead behind, so that a writer that is a little late
// is not heard.
const (
	liveFrames = 32
	liveLead   = 5
)

// Live is music that somebody else plays, such as a multicast stream: one goroutine writes it, the cursors of all shards read it. While
// nothing comes they play a playlist.
type Live struct {
	rate    int
	filler  *Playlist
	frames  [liveFrames]atomic.Pointer[[]int16] // 20 ms each, immutable
	written atomic.Uint64
	playing atomic.Bool
}

// NewLive makes a live source at the rate of the playlist that stands in for it.
func NewLive(filler *Playlist) *Live { return &Live{rate: filler.rate, filler: filler} }

// Rate returns the sampling rate in Hz.
func (l *Live) Rate() int { return l.rate }

// Write takes the next 20 ms, which it keeps. It is called every 20 ms, whether anything plays or not, and from one goroutine.
func (l *Live) Write(frame []int16, playing bool) error {
	if len(frame) != l.rate/50 {
		return fmt.Errorf("live music: %d samples, 20 ms are %d", len(frame), l.rate/50)
	}
	n := l.written.Load()
	l.frames[n%liveFrames].Store(&frame)
	l.written.Store(n + 1)
	l.playing.Store(playing)
	return nil
}

// Cursor returns a reader of what is played from now on.
func (l *Live) Cursor() *LiveCursor { return &LiveCursor{live: l, filler: l.filler.Cursor()} }

// LiveCursor reads a live source for ever. It implements mixer.Source and is used from one goroutine.
type LiveCursor struct {
	live   *Live
	filler *Cursor
	at     uint64 // the next frame
	on     bool   // the source is heard, not the filler
	back   bool   // it was until now
}

// Read fills dst, of 20 ms, with the next samples. From the source to what stands in for it, and back, it fades.
//
// hot path: no allocation, lock, clock or log
func (c *LiveCursor) Read(dst []int16) {
	on := c.live.playing.Load()
	switch {
	case !on && !c.on:
		c.filler.Read(dst)
		if c.back {
			fade(dst, true)
			c.back = false
		}
	case on && c.on:
		c.next(dst)
	case on:
		c.filler.Read(dst)
		fade(dst, false)
		c.on, c.back, c.at = true, false, 0
	default:
		c.next(dst)
		fade(dst, false)
		c.on, c.back = false, true
	}
}

// next reads from the source: silence where its writer is late, or has just begun.
func (c *LiveCursor) next(dst []int16) {
	written := c.live.written.Load()
	begins := c.at == 0
	if begins || written > c.at+liveFrames-2 {
		c.at = max(written, liveLead) - liveLead
	}
	if c.at >= written {
		clear(dst)
		return
	}
	n := copy(dst, *c.live.frames[c.at%liveFrames].Load())
	clear(dst[n:])
	c.at++
	if begins {
		fade(dst, true)
	}
}

// fade lets samples rise from nothing, or fall to it.
func fade(x []int16, rise bool) {
	for i := range x {
		k := len(x) - 1 - i
		if rise {
			k = i
		}
		x[i] = int16(int(x[i]) * k / len(x))
	}
}
