package codecs

import (
	"time"

	"sidetone/codecs/amr"
)

// amrCodec makes AMR or AMR-WB; NewEncoder is nil when there is no library for it.
func amrCodec(l *amr.Library, f amr.Format) Codec {
	c := Codec{
		Format: Format{Name: "AMR", ClockRate: f.ClockRate()}, PayloadType: Dynamic, SampleRate: f.ClockRate(),
		NewDecoder: func() Decoder { return made(l.NewDecoder(f)) },
		Frame:      20 * time.Millisecond,
		Duration:   f.Duration,
		Asked:      f.Asked,
		EncodedLen: f.EncodedLen,
		Parameters: f.String(),
		Negotiate: func(fmtp string) (Codec, error) {
			asked, err := amr.ParseFormat(f.Wide, fmtp)
			if err != nil {
				return Codec{}, err
			}
			return amrCodec(l, asked), nil
		},
	}
	if f.Wide {
		c.Name = "AMR-WB"
	}
	if l.Encoding != nil {
		c.NewEncoder = func() Encoder { return modal{resumable[*amr.Encoder]{made(l.NewEncoder(f))}} }
	}
	return c
}

// modal is an encoder of AMR with its modes.
type modal struct{ resumable[*amr.Encoder] }

// CopyState makes m go on exactly as from, an encoder of the same Codec, would.
// hot path: no allocation, lock, clock or log.
func (m modal) CopyState(from Encoder) { m.resumable.CopyState(from.(modal).resumable) }

// SameState tells whether m and as, an encoder of the same Codec, will make the same payloads of the same samples.
// hot path: no allocation, lock, clock or log.
func (m modal) SameState(as Encoder) bool { return m.resumable.SameState(as.(modal).resumable) }

// Follow is for Follower.
// hot path: no allocation, lock, clock or log.
func (m modal) Follow(mode int) { m.encoder.Follow(mode) }
