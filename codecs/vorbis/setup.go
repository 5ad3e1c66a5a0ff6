package vorbis

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrBroken is what the errors of headers wrap that break the rules of the specification.
var ErrBroken = errors.New("broken Vorbis")

// IsHead tells whether a packet is the first of a Vorbis stream.
func IsHead(packet []byte) bool { return len(packet) >= 7 && string(packet[:7]) == "\x01vorbis" }

// mapping says what belongs to each channel (section 4.2.4).
type mapping struct {
	coupling [][2]int // magnitude, angle
	channel  []int    // by channel: the submap
	floors   []*floor // by submap
	residues []*residue
}

type mode struct {
	long    bool
	mapping *mapping
}

// New makes a decoder of the stream with these three header packets (section 4.2).
func New(head, comment, setup []byte) (*Decoder, error) {
	d, err := readHead(head)
	if err != nil {
		return nil, err
	}
	if len(comment) < 7 || string(comment[:7]) != "\x03vorbis" || len(setup) < 7 || string(setup[:7]) != "\x05vorbis" {
		return nil, fmt.Errorf("%w: its headers are others", ErrBroken)
	}
	return d, d.readSetup(&bits{data: setup[7:]})
}

func readHead(b []byte) (*Decoder, error) {
	if !IsHead(b) || len(b) < 30 || binary.LittleEndian.Uint32(b[7:]) != 0 {
		return nil, fmt.Errorf("%w: its first packet is of another version", ErrBroken)
	}
	d := &Decoder{channels: int(b[11]), rate: int(binary.LittleEndian.Uint32(b[12:]))}
	if d.channels != 1 && d.channels != 2 {
		return nil, fmt.Errorf("%d channels: only mono and stereo are read", d.channels)
	}
	short, long := b[28]&15, b[28]>>4
	if short < 6 || long < short || long > 13 || d.rate <= 0 {
		return nil, fmt.Errorf("%w: blocks of 2^%d and 2^%d at %d Hz", ErrBroken, short, long, d.rate)
	}
	for i, n := range [...]int{1 << short, 1 << long} {
		d.blocks[i] = newBlock(n)
	}
	return d, nil
}

func (d *Decoder) readSetup(b *bits) error {
	books := make([]*codebook, b.read(8)+1)
	total := 0
	for i := range books {
		c, err := readCodebook(b)
		if err != nil {
			return err
		}
		if total += len(c.vectors) + len(c.tree); total > 4*mostValues {
			return fmt.Errorf("%w: codebooks of more than %d values", ErrBroken, 4*mostValues)
		}
		books[i] = c
	}
	for range b.read(6) + 1 {
		if b.read(16) != 0 {
			return fmt.Errorf("%w: a time domain transform", ErrBroken)
		}
	}
	floors := make([]*floor, b.read(6)+1)
	var err error
	for i := range floors {
		if floors[i], err = readFloor(b, books); err != nil {
			return err
		}
	}
	residues := make([]*residue, b.read(6)+1)
	for i := range residues {
		if residues[i], err = readResidue(b, books); err != nil {
			return err
		}
	}
	mappings := make([]*mapping, b.read(6)+1)
	for i := range mappings {
		if mappings[i], err = readMapping(b, d.channels, floors, residues); err != nil {
			return err
		}
	}
	d.modes = make([]mode, b.read(6)+1)
	for i := range d.modes {
		d.modes[i].long = b.flag()
		kinds := b.read(32)
		m := int(b.read(8))
		if kinds != 0 || m >= len(mappings) {
			return fmt.Errorf("%w: a mode of mapping %d", ErrBroken, m)
		}
		d.modes[i].mapping = mappings[m]
	}
	if !b.flag() || b.over {
		return fmt.Errorf("%w: its set-up has no end", ErrBroken)
	}
	return nil
}

func readMapping(b *bits, channels int, floors []*floor, residues []*residue) (*mapping, error) {
	if kind := b.read(16); kind != 0 {
		return nil, fmt.Errorf("%w: a mapping of type %d", ErrBroken, kind)
	}
	m := &mapping{channel: make([]int, channels)}
	submaps := 1
	if b.flag() {
		submaps = int(b.read(4)) + 1
	}
	if b.flag() {
		for range b.read(8) + 1 {
			size := width(channels - 1)
			c := [2]int{int(b.read(size)), int(b.read(size))}
			if c[0] == c[1] || c[0] >= channels || c[1] >= channels {
				return nil, fmt.Errorf("%w: channels %d and %d are coupled", ErrBroken, c[0], c[1])
			}
			m.coupling = append(m.coupling, c)
		}
	}
	if b.read(2) != 0 {
		return nil, fmt.Errorf("%w: a mapping of a later version", ErrBroken)
	}
	if submaps > 1 {
		for i := range m.channel {
			if m.channel[i] = int(b.read(4)); m.channel[i] >= submaps {
				return nil, fmt.Errorf("%w: a channel of submap %d", ErrBroken, m.channel[i])
			}
		}
	}
	for range submaps {
		b.read(8)
		f, r := int(b.read(8)), int(b.read(8))
		if f >= len(floors) || r >= len(residues) {
			return nil, fmt.Errorf("%w: a submap of floor %d and residue %d", ErrBroken, f, r)
		}
		m.floors, m.residues = append(m.floors, floors[f]), append(m.residues, residues[r])
	}
	return m, nil
}
