package codecs

import "sidetone/codecs/opus"

// opusFormat is Opus in SDP: two channels at 48 kHz whatever is sent (RFC 7587 section 7).
var opusFormat = Format{Name: "opus", ClockRate: opus.ClockRate, Channels: 2}

// opusCodec makes Opus for another side that says peer of itself, with samples of a rate.
func opusCodec(l *opus.Library, peer opus.Parameters, rate int) Codec {
	config := peer.Config()
	config.SampleRate = rate
	return Codec{
		Format: opusFormat, PayloadType: Dynamic, SampleRate: rate,
		NewEncoder: func() Encoder { return resumable[*opus.Encoder]{made(l.NewEncoder(config))} },
		NewDecoder: func() Decoder { return made(l.NewDecoder(rate)) },
		Duration:   opus.Duration,
		Pauses:     opus.Pauses,
		EncodedLen: func(int) int { return opus.MaxPayload },
		Parameters: opus.Parameters{FEC: true, DTX: peer.DTX}.String(),
		Negotiate: func(fmtp string) (Codec, error) {
			return opusCodec(l, opus.ParseParameters(fmtp), rate), nil
		},
		At: func(sampleRate int) (Codec, bool) {
			switch sampleRate {
			case 8000, 12000, 16000, 24000, 48000:
				return opusCodec(l, peer, sampleRate), true
			}
			return Codec{}, false
		},
	}
}

// opusPlain makes Opus without libopus, which can only be decoded.
func opusPlain(rate int) Codec {
	return Codec{
		Format: opusFormat, PayloadType: Dynamic, SampleRate: rate,
		NewDecoder: func() Decoder { return made(opus.NewPlainDecoder(rate)) },
		Duration:   opus.Duration,
		EncodedLen: func(int) int { return opus.MaxPayload },
	}
}
