package codecs

import (
	"sidetone/codecs/g722"
	"sidetone/codecs/g726"
)

// Extended gives the codecs of Builtin and after them the wideband and the ADPCM ones: G.722, and
// G.726 at four rates in the packing of RTP and in that of AAL2.
func Extended() Set {
	set := Builtin().With(Codec{
		Format: Format{Name: "G722", ClockRate: g722.ClockRate}, PayloadType: 9, SampleRate: g722.SampleRate,
		NewEncoder: func() Encoder { return resumable[*g722.Encoder]{g722.NewEncoder(g722.Mode1)} },
		NewDecoder: func() Decoder { return g722.NewDecoder(g722.Mode1) },
		Duration:   octets,
		EncodedLen: func(samples int) int { return samples / 2 },
	})
	for _, rate := range []g726.Rate{g726.Rate32, g726.Rate40, g726.Rate24, g726.Rate16} {
		set = set.With(adpcm("G726-", rate, g726.RTP), adpcm("AAL2-G726-", rate, g726.AAL2))
	}
	return set
}

func adpcm(prefix string, rate g726.Rate, packing g726.Packing) Codec {
	return Codec{
		Format: Format{Name: prefix + rate.String(), ClockRate: g726.SampleRate}, PayloadType: Dynamic, SampleRate: g726.SampleRate,
		NewEncoder: func() Encoder { return resumable[*g726.Encoder]{g726.NewEncoder(rate, packing)} },
		NewDecoder: func() Decoder { return g726.NewDecoder(rate, packing) },
		Duration:   func(payload []byte) int { return 8 * len(payload) / rate.Bits() },
		EncodedLen: func(samples int) int { return samples * rate.Bits() / 8 },
	}
}
