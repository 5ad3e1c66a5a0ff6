package codecs

import (
	"time"

	"sidetone/codecs/gsm"
)

func gsmCodec(l *gsm.Library) Codec {
	return Codec{
		Format: Format{Name: "GSM", ClockRate: gsm.SampleRate}, PayloadType: 3, SampleRate: gsm.SampleRate,
		NewEncoder: func() Encoder { return resumable[*gsm.Encoder]{made(l.NewEncoder())} },
		NewDecoder: func() Decoder { return made(l.NewDecoder()) },
		Frame:      20 * time.Millisecond,
		Duration:   gsm.Duration,
		EncodedLen: gsm.EncodedLen,
	}
}

// made gives a coder of a library that has made one before: only memory could be missing.
func made[C any](coder C, err error) C {
	if err != nil {
		panic(err)
	}
	return coder
}
