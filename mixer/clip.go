package mixer

// Clip is recorded audio as a Source that ends, such as an announcement.
type Clip struct {
	pcm []int16
	at  int
}

// NewClip returns a clip of samples that it keeps; several may play the same.
func NewClip(pcm []int16) *Clip { return &Clip{pcm: pcm} }

// Read fills dst with what comes next, then silence.
//
// hot path: no allocation, lock, clock or log
func (c *Clip) Read(dst []int16) {
	n := copy(dst, c.pcm[c.at:])
	clear(dst[n:])
	c.at += n
}

// Ended tells whether all has been read.
func (c *Clip) Ended() bool { return c.at == len(c.pcm) }
