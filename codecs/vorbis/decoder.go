package vorbis

import (
	"math"
)

// Decoder decodes the audio packets of one stream, in order.
type Decoder struct {
	channels int
	rate     int
	blocks   [2]*block // short, long
	modes    []mode

	last []float64 // what the last packet leaves for the next to add to: the right half of its block; nil before the first
}

// block is what belongs to a block size.
type block struct {
	n         int
	transform *transform
	slope     []float64 // of the window, rising over half a block
	samples   []float64
	spectra   [2][]float64
}

func newBlock(n int) *block {
	b := &block{n: n, transform: newTransform(n), slope: make([]float64, n/2), samples: make([]float64, n)}
	for i := range b.slope {
		s := math.Sin((float64(i) + 0.5) / float64(n) * math.Pi)
		b.slope[i] = math.Sin(math.Pi / 2 * s * s)
	}
	for i := range b.spectra {
		b.spectra[i] = make([]float64, n/2)
	}
	return b
}

// Rate is the sampling rate in Hz.
func (d *Decoder) Rate() int { return d.rate }

// Decode gives the samples that a packet completes, the mean of the channels, full scale being 1; none of the first. What is no audio
// packet gives none. The samples are the caller's.
func (d *Decoder) Decode(packet []byte) []float64 {
	in := &bits{data: packet}
	if in.flag() || len(packet) == 0 {
		return nil
	}
	number := int(in.read(width(len(d.modes) - 1)))
	if number >= len(d.modes) {
		return nil
	}
	m := &d.modes[number]
	b, before, after := d.blocks[0], false, false
	if m.long {
		b, before, after = d.blocks[1], in.flag(), in.flag()
	}
	if in.over {
		return nil
	}
	d.spectrum(in, m, b)
	b.transform.inverse(b.samples, b.spectra[0])

	left, right := b.slope, b.slope
	if m.long && !before {
		left = d.blocks[0].slope
	}
	if m.long && !after {
		right = d.blocks[0].slope
	}
	return d.overlap(b.samples, left, right)
}

// spectrum decodes the mean of the channels' spectra into the first of the block (section 4.3).
func (d *Decoder) spectrum(in *bits, m *mode, b *block) {
	n := b.n / 2
	var points [2][]int
	var heard [2]bool
	for c := range d.channels {
		clear(b.spectra[c])
		points[c] = m.mapping.floors[m.mapping.channel[c]].read(in)
		heard[c] = points[c] != nil
	}
	for _, pair := range m.mapping.coupling {
		if heard[pair[0]] || heard[pair[1]] {
			heard[pair[0]], heard[pair[1]] = true, true
		}
	}
	for submap, r := range m.mapping.residues {
		var channels [][]float64
		for c := range d.channels {
			switch {
			case m.mapping.channel[c] != submap:
			case heard[c]:
				channels = append(channels, b.spectra[c])
			default:
				channels = append(channels, nil)
			}
		}
		r.read(in, channels, n)
	}
	for i := len(m.mapping.coupling) - 1; i >= 0; i-- {
		uncouple(b.spectra[m.mapping.coupling[i][0]], b.spectra[m.mapping.coupling[i][1]])
	}
	for c := range d.channels {
		if points[c] == nil {
			clear(b.spectra[c])
			continue
		}
		m.mapping.floors[m.mapping.channel[c]].curve(points[c], b.spectra[c])
	}
	if d.channels == 2 {
		for i, v := range b.spectra[1] {
			b.spectra[0][i] = (b.spectra[0][i] + v) / 2
		}
	}
}

// uncouple makes two channels of their magnitude and angle (section 4.3.5).
func uncouple(magnitude, angle []float64) {
	for i, m := range magnitude {
		a := angle[i]
		switch {
		case m > 0 && a > 0:
			angle[i] = m - a
		case m > 0:
			magnitude[i], angle[i] = m+a, m
		case a > 0:
			angle[i] = m + a
		default:
			magnitude[i], angle[i] = m-a, m
		}
	}
}

// overlap adds the left half of a block, where it rises by a slope, to what the one before has left, and keeps the right half
// (section 4.3.8): from the middle of the block before to the middle of this one.
func (d *Decoder) overlap(x, left, right []float64) (out []float64) {
	half := len(x) / 2
	rise := make([]float64, half)
	flat := (half - len(left)) / 2 // silence before a short slope, and after it what is not changed
	for i := flat; i < half; i++ {
		if k := i - flat; k < len(left) {
			rise[i] = x[i] * left[k]
		} else {
			rise[i] = x[i]
		}
	}
	if d.last != nil {
		// The middle of a slope lies a quarter of the block's own length from the middle of each block.
		out = make([]float64, len(d.last)/2+half/2)
		copy(out, d.last[:min(len(d.last), len(out))])
		offset := len(out) - half // where this block's left half begins
		for i, v := range rise {
			if offset+i >= 0 {
				out[offset+i] += v
			}
		}
	}
	fall := make([]float64, half)
	flat = (half - len(right)) / 2
	for i := range flat + len(right) {
		fall[i] = x[half+i]
		if k := i - flat; k >= 0 {
			fall[i] *= right[len(right)-1-k]
		}
	}
	d.last = fall
	return out
}
