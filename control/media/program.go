package media

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"sidetone/codecs"
	"sidetone/mixer"
	"sidetone/mixer/moh"
	"sidetone/mixer/tone"
)

// ProgramRate is the sample rate of tones and prompts in Hz, MusicRate the most that music and announcements have unless a class
// asks for another.
const (
	ProgramRate = 8000
	MusicRate   = 16000
)

// A Program is something a leg can hear that no other leg says: a tone or a
// class of music. Every leg of a shard that hears the same Program shares one
// mixer.Player, so that it is read and encoded once for all of them.
type Program struct {
	name string
	rate int // of the source, Hz
	open func() (mixer.Source, error)
}

// String is the program's name as operators know it, such as "tone hold".
func (p *Program) String() string {
	if p == nil {
		return "silence"
	}
	return p.name
}

// Programs is what this system can play, made once at start.
type Programs struct {
	// Hold, Ringback, Busy and Congestion are the tones of the country set.
	Hold, Ringback, Busy, Congestion *Program

	library *moh.Library
	music   map[string]*Program
	streams []*stream
}

// MusicClass is one class of music-on-hold: its name and its files. Without
// files the built-in melody is played.
type MusicClass struct {
	Name    string
	Files   []string // WAV, FLAC, MP3, Ogg
	Shuffle bool
	// Stream is where RTP is received that is played instead of the files, as long as it comes: a multicast group, or an address of
	// ours; the zero value is none. Codec is what its dynamic payload types are, the zero Format nothing.
	Stream netip.AddrPort
	Codec  codecs.Format
	Rate   int // most that it is sampled at, Hz; default MusicRate
}

// LoadPrograms reads the tone set of a country ("us", "de", ...; ITU-T E.180)
// and the headers of every class of music; until Load has read the files, the
// built-in melody is played. Errors name the class and the file.
func LoadPrograms(country string, classes []MusicClass) (*Programs, error) {
	library := moh.NewLibrary(moh.LibraryConfig{})
	set, err := tone.Lookup(country)
	if err != nil {
		return nil, err
	}
	p := &Programs{
		Hold:       toneProgram("hold", set.Hold),
		Ringback:   toneProgram("ringback", set.Ringback),
		Busy:       toneProgram("busy", set.Busy),
		Congestion: toneProgram("congestion", set.Congestion),
		library:    library,
		music:      make(map[string]*Program, len(classes)),
	}
	for _, c := range classes {
		rate := cmp.Or(c.Rate, MusicRate)
		var list *moh.Playlist
		if !c.Stream.IsValid() {
			rate, err = moh.Needed(rate, c.Files...)
		}
		if err == nil {
			list, err = library.Playlist(rate, c.Files...)
		}
		if err != nil {
			return nil, fmt.Errorf("music %s: %w", c.Name, err)
		}
		if c.Shuffle {
			list = list.Shuffled(rand.Uint64())
		}
		if c.Stream.IsValid() {
			s := &stream{class: c.Name, from: c.Stream, codec: c.Codec, live: moh.NewLive(list)}
			p.streams = append(p.streams, s)
			p.music[c.Name] = &Program{name: "music " + c.Name, rate: rate, open: func() (mixer.Source, error) { return s.live.Cursor(), nil }}
			continue
		}
		p.music[c.Name] = &Program{name: "music " + c.Name, rate: list.Rate(), open: func() (mixer.Source, error) { return list.Cursor(), nil }}
	}
	return p, nil
}

// Load decodes the files of all classes, which may take minutes when they are
// hours long; each is played from then on. The error names those that are broken.
func (p *Programs) Load(ctx context.Context) error { return p.library.Load(ctx) }

func toneProgram(name string, cadence tone.Cadence) *Program {
	return &Program{name: "tone " + name, rate: ProgramRate, open: func() (mixer.Source, error) { return tone.NewGenerator(cadence, ProgramRate) }}
}

// Music is a class of music by its name, nil when there is none.
func (p *Programs) Music(class string) *Program { return p.music[class] }

// Waiting is what a held party hears for a station's music class; an empty or
// unknown class gives the hold tone.
func (p *Programs) Waiting(class string) *Program {
	if m, ok := p.music[class]; ok {
		return m
	}
	return p.Hold
}
