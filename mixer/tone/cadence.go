package tone

import (
	"strconv"
	"strings"
)

// The bounds Parse holds a cadence to.
const (
	MaxSegments     = 64    // after repeated groups are written out
	MaxParts        = 4     // frequencies sounding together
	MinFrequency    = 15    // Hz; ringing modulators are that low
	MaxFrequency    = 3999  // Hz; what the lowest sampling rate, 8 kHz, can carry
	MaxMilliseconds = 60000 // of one segment
	MinLevel        = -60   // dBm0
	MaxLevel        = 3     // dBm0; a full-scale sine is +3.14 dBm0 (G.711)
)

// DefaultLevel is the level in dBm0 of each frequency that states none. Two of them together are
// -15 dBm0, the lower end of what ITU-T E.180 section 5 allows for a continuous tone, and what handsets play
// without startling.
const DefaultLevel = -18

// Part is one frequency of a sound.
type Part struct {
	Frequency int // Hz
	Modulator int // Hz, sinusoidal amplitude modulation of Frequency; 0 = none
	Level     int // dBm0 of the part, modulation included
}

// Segment is a sound, or silence when it has no parts, of some duration.
type Segment struct {
	Parts        []Part
	Milliseconds int  // 0 = for ever (the last segment only)
	Once         bool // in the first round only
}

// Cadence is a parsed cadence: its segments in order, groups written out. The segments that are
// not Once are repeated for ever; when all are Once the tone has an end.
type Cadence struct {
	segments []Segment
}

// Segments returns a copy of the cadence's segments.
func (c Cadence) Segments() []Segment {
	return append([]Segment(nil), c.segments...)
}

// IsZero tells whether the cadence is empty, the value Parse returns beside an error.
func (c Cadence) IsZero() bool { return len(c.segments) == 0 }

// Endless tells whether the tone has no end.
func (c Cadence) Endless() bool {
	for _, s := range c.segments {
		if !s.Once || s.Milliseconds == 0 {
			return true
		}
	}
	return false
}

// String writes the cadence in the grammar of the package comment, groups written out and default
// levels left out. Parse reads it back to an equal cadence.
func (c Cadence) String() string {
	var b strings.Builder
	for i, s := range c.segments {
		if i > 0 {
			b.WriteByte(',')
		}
		s.write(&b)
	}
	return b.String()
}

func (s Segment) write(b *strings.Builder) {
	if s.Once {
		b.WriteByte('!')
	}
	if len(s.Parts) == 0 {
		b.WriteByte('0')
	}
	for i, p := range s.Parts {
		if i > 0 {
			b.WriteByte('+')
		}
		b.WriteString(strconv.Itoa(p.Frequency))
		if p.Modulator != 0 {
			b.WriteByte('*')
			b.WriteString(strconv.Itoa(p.Modulator))
		}
		if p.Level != DefaultLevel {
			b.WriteByte('@')
			b.WriteString(strconv.Itoa(p.Level))
		}
	}
	if s.Milliseconds != 0 {
		b.WriteByte('/')
		b.WriteString(strconv.Itoa(s.Milliseconds))
	}
}
