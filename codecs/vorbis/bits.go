package vorbis

// bits reads a packet from the lowest bit of each octet on (section 2). Beyond the end it reads zeros, and over is set.
type bits struct {
	data []byte
	at   int // bits
	over bool
}

func (b *bits) read(n int) (v uint32) {
	for i := range n {
		if b.at>>3 >= len(b.data) {
			b.over = true
			return v
		}
		v |= uint32(b.data[b.at>>3]>>(b.at&7)&1) << i
		b.at++
	}
	return v
}

func (b *bits) flag() bool { return b.read(1) != 0 }

// width is how many bits a number takes (ilog, section 9.2.1).
func width(n int) (w int) {
	for ; n > 0; n >>= 1 {
		w++
	}
	return w
}
