package codecs

import (
	"sidetone/codecs/g711"
	"sidetone/codecs/pcm"
)

// Builtin gives the codecs that are part of every build.
func Builtin() Set {
	return Set{}.With(
		Codec{
			Format: Format{Name: "PCMA", ClockRate: 8000}, PayloadType: 8, SampleRate: 8000,
			NewEncoder: func() Encoder { return g711.ALaw{} },
			NewDecoder: func() Decoder { return g711.ALaw{} },
			Duration:   octets, EncodedLen: same,
		},
		Codec{
			Format: Format{Name: "PCMU", ClockRate: 8000}, PayloadType: 0, SampleRate: 8000,
			NewEncoder: func() Encoder { return g711.MuLaw{} },
			NewDecoder: func() Decoder { return g711.MuLaw{} },
			Duration:   octets, EncodedLen: same,
		},
		linear16(8000),
		linear16(16000),
		Codec{
			Format: Format{Name: "CN", ClockRate: 8000}, Kind: Noise, PayloadType: 13,
			Duration: noTime, EncodedLen: noSamples,
		},
		event(8000), event(16000), event(48000),
	)
}

// event is telephone-event at the clock rate of the audio it goes with.
func event(clockRate int) Codec {
	return Codec{
		Format: Format{Name: "telephone-event", ClockRate: clockRate}, Kind: Event, PayloadType: Dynamic,
		Duration: noTime, EncodedLen: noSamples,
	}
}

func linear16(rate int) Codec {
	return Codec{
		Format: Format{Name: "L16", ClockRate: rate}, PayloadType: Dynamic, SampleRate: rate,
		NewEncoder: func() Encoder { return pcm.L16{} },
		NewDecoder: func() Decoder { return pcm.L16{} },
		Duration:   func(payload []byte) int { return len(payload) / 2 },
		EncodedLen: func(samples int) int { return 2 * samples },
	}
}

func octets(payload []byte) int { return len(payload) }
func same(samples int) int      { return samples }
func noTime([]byte) int         { return 0 }
func noSamples(int) int         { return 0 }
