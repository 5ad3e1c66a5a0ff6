package media

import "sidetone/mixer"

// Clip is a program for one listener: samples at ProgramRate, once, then silence. ended is called once, on the shard's
// thread, when they are over; it must not block. A clip that is heard again, as after a hold, begins again.
func Clip(pcm []int16, ended func()) *Program {
	return &Program{name: "clip", rate: ProgramRate, open: func() (mixer.Source, error) { return &clip{left: pcm, ended: ended}, nil }}
}

// clip is the source of a Clip.
type clip struct {
	left  []int16
	ended func()
}

// Read is for mixer.Source.
//
// hot path: no allocation, lock, clock or log, except in ended
func (c *clip) Read(dst []int16) {
	n := copy(dst, c.left)
	clear(dst[n:])
	c.left = c.left[n:]
	if len(c.left) == 0 && c.ended != nil {
		c.ended()
		c.ended = nil
	}
}
