package codecs

import (
	"sidetone/codecs/amr"
	"sidetone/codecs/clib"
	"sidetone/codecs/gsm"
	"sidetone/codecs/opus"
)

// Libraries are the C libraries of codecs that the system has. The zero value has none.
type Libraries struct {
	opus          *opus.Library
	narrow, wide  *amr.Library
	gsm           *gsm.Library
	opusMissing   error // why a library is not there
	narrowMissing error
	wideMissing   error // the decoder
	wideEncoder   error
	gsmMissing    error
}

// FindLibraries looks for libraries and loads what it finds; nothing is required. Once found, they stay
// as long as the program.
func FindLibraries() Libraries {
	loader, err := clib.NewLoader()
	if err != nil {
		return Libraries{opusMissing: err, narrowMissing: err, wideMissing: err, wideEncoder: err, gsmMissing: err}
	}
	var l Libraries
	l.opus, l.opusMissing = opus.Open(loader)
	l.narrow, l.narrowMissing = amr.OpenNarrow(loader)
	l.wide, l.wideEncoder, l.wideMissing = amr.OpenWide(loader)
	l.gsm, l.gsmMissing = gsm.Open(loader)
	return l
}

// Available gives the codecs of Extended and after them those that the libraries encode and decode.
func Available(l Libraries) Set {
	set := Extended()
	for _, c := range l.codecs() {
		if c.NewEncoder != nil {
			set = set.With(c)
		}
	}
	return set
}

// Decoders gives the codecs of Available and after them those that can only be decoded, whose NewEncoder is
// nil: for who listens and does not speak, as a recording.
func Decoders(l Libraries) Set { return Available(l).With(l.codecs()...) }

// codecs are those of the libraries, in order of preference, and Opus without one.
func (l Libraries) codecs() []Codec {
	var found []Codec
	if l.opusMissing == nil && l.opus != nil {
		found = append(found, opusCodec(l.opus, opus.Parameters{}, 48000))
	} else {
		found = append(found, opusPlain(48000))
	}
	if l.wideMissing == nil && l.wide != nil {
		found = append(found, amrCodec(l.wide, amr.Format{Wide: true}))
	}
	if l.narrowMissing == nil && l.narrow != nil {
		found = append(found, amrCodec(l.narrow, amr.Format{}))
	}
	if l.gsmMissing == nil && l.gsm != nil {
		found = append(found, gsmCodec(l.gsm))
	}
	return found
}
