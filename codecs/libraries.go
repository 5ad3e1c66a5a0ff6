package codecs

import (
	"sidetone/codecs/clib"
	"sidetone/codecs/opus"
)

// Libraries are the C libraries of codecs that the system has. The zero value has none.
type Libraries struct {
	opus *opus.Library

	missing map[string]error // by format: why a library is not there
}

// FindLibraries looks for libraries and loads what it finds; nothing is required. Once found, they stay
// as long as the program.
func FindLibraries() Libraries {
	l := Libraries{missing: map[string]error{}}
	loader, err := clib.NewLoader()
	if err != nil {
		l.missing["opus"] = err
		return l
	}
	if l.opus, err = opus.Open(loader); err != nil {
		l.missing["opus"] = err
	}
	return l
}

// Available gives the codecs of Extended and after them those that the libraries encode and decode.
func Available(l Libraries) Set {
	set := Extended()
	if l.opus != nil {
		set = set.With(opusCodec(l.opus, opus.Parameters{}, 48000))
	}
	return set
}
