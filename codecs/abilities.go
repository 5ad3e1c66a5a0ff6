package codecs

import (
	"errors"
	"io/fs"

	"sidetone/codecs/clib"
	"sidetone/codecs/opus"
)

// Ability is what this machine can do with a format. Any format is passed through between two that share
// it, untouched, so that is not said.
type Ability struct {
	Format     Format
	SampleRate int // of the samples in and out, Hz; 0 when it has none
	Encode     bool
	Decode     bool
	Encoder    string // by what: "built in", or a library's version and file; empty when not at all
	Decoder    string
	Missing    []string // what would do more: what to install, or why nothing helps
}

const (
	builtIn   = "built in"
	plainOpus = opus.PlainName
)

// Abilities tells of every codec this program knows, in order of preference, those last that it can only
// pass through.
func Abilities(l Libraries) []Ability {
	var all []Ability
	for _, c := range Extended().Codecs() {
		a := Ability{Format: c.Format, SampleRate: c.SampleRate}
		if c.Kind == Audio {
			a.Encode, a.Decode, a.Encoder, a.Decoder = true, true, builtIn, builtIn
		}
		all = append(all, a)
	}
	opus := Ability{Format: opusFormat, SampleRate: 48000}
	if l.opusMissing == nil && l.opus != nil {
		opus.by(l.opus.Version+", "+l.opus.Path, nil)
	} else {
		opus.Decode, opus.Decoder = true, builtIn+" ("+plainOpus+")"
		opus.Missing = missing(l.opusMissing, "libopus", "libopus0")
	}
	wide := Ability{Format: Format{Name: "AMR-WB", ClockRate: 16000}, SampleRate: 16000}
	if l.wideMissing == nil && l.wide != nil {
		wide.Decode, wide.Decoder = true, l.wide.Decoding.Path
		if l.wide.Encoding != nil {
			wide.Encode, wide.Encoder = true, l.wide.Encoding.Path
		} else {
			wide.Missing = missing(l.wideEncoder, "vo-amrwbenc", "libvo-amrwbenc0")
		}
	} else {
		wide.by("", missing(l.wideMissing, "opencore-amr and vo-amrwbenc", "libopencore-amrwb0 libvo-amrwbenc0"))
	}
	narrow := Ability{Format: Format{Name: "AMR", ClockRate: 8000}, SampleRate: 8000}
	if l.narrowMissing == nil && l.narrow != nil {
		narrow.by(l.narrow.Decoding.Path, nil)
	} else {
		narrow.by("", missing(l.narrowMissing, "opencore-amr", "libopencore-amrnb0"))
	}
	gsm := Ability{Format: Format{Name: "GSM", ClockRate: 8000}, SampleRate: 8000}
	if l.gsmMissing == nil && l.gsm != nil {
		gsm.by(l.gsm.Path, nil)
	} else {
		gsm.by("", missing(l.gsmMissing, "libgsm", "libgsm1"))
	}
	all = append(all, opus, wide, narrow, gsm)
	for _, only := range []struct {
		Format
		why string
	}{
		{Format{Name: "G729", ClockRate: 8000}, "the free library for it has a licence (GPL) that does not allow this program to load it"},
		{Format{Name: "G723", ClockRate: 8000}, "no free library for it is used"},
		{Format{Name: "G7221", ClockRate: 16000}, "no free library for it is used"},
		{Format{Name: "iLBC", ClockRate: 8000}, "no library for it is used"},
		{Format{Name: "speex", ClockRate: 8000}, "no library for it is used; Opus has replaced it"},
		{Format{Name: "speex", ClockRate: 16000}, "no library for it is used; Opus has replaced it"},
	} {
		all = append(all, Ability{Format: only.Format, Missing: []string{only.why}})
	}
	return all
}

// by is for who has one library for both ways, or none.
func (a *Ability) by(what string, missing []string) {
	a.Encode, a.Decode = what != "", what != ""
	a.Encoder, a.Decoder, a.Missing = what, what, missing
}

// missing says what to do when a library could not be loaded.
func missing(err error, library, packages string) []string {
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return []string{"install " + library + " (Debian, Ubuntu: apt-get install " + packages + ")"}
	case errors.Is(err, clib.ErrUnsupported):
		return []string{err.Error()}
	default:
		return []string{library + " cannot be used: " + err.Error()}
	}
}
