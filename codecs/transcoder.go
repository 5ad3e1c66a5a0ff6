package codecs

import "sidetone/codecs/g711"

// Transcoder turns the payloads of one format into payloads of another, packet by packet, keeping
// their duration. It belongs to one flow.
type Transcoder interface {
	// Transform writes the new payload to dst and gives its length in octets.
	// hot path: no allocation, lock, clock or log.
	Transform(dst, payload []byte) int
}

// longestPacket bounds what one packet can carry: 120 ms at 48 kHz.
const longestPacket = 120 * 48

// Transcoder gives a transcoder between two audio formats of one sample rate; false when there is none.
// The same format on both sides gives one that copies.
func (s Set) Transcoder(from, to Format) (Transcoder, bool) {
	in, ok := s.Find(from)
	if !ok || in.Kind != Audio {
		return nil, false
	}
	out, ok := s.Find(to)
	if !ok || out.Kind != Audio || out.SampleRate != in.SampleRate || out.ClockRate != in.ClockRate {
		return nil, false
	}
	if in.Is(out.Format) {
		return duplicate{}, true
	}
	decoder, encoder := in.NewDecoder(), out.NewEncoder()
	switch decoder.(type) {
	case g711.ALaw:
		if _, ok := encoder.(g711.MuLaw); ok {
			return g711.AToMu{}, true
		}
	case g711.MuLaw:
		if _, ok := encoder.(g711.ALaw); ok {
			return g711.MuToA{}, true
		}
	}
	return &tandem{decoder, encoder, make([]int16, longestPacket)}, true
}

// duplicate is the transcoder between a format and itself.
type duplicate struct{}

func (duplicate) Transform(dst, payload []byte) int { return copy(dst, payload) }

// tandem decodes and encodes.
type tandem struct {
	decoder Decoder
	encoder Encoder
	samples []int16 // one packet
}

func (t *tandem) Transform(dst, payload []byte) int {
	n, _ := t.decoder.Decode(t.samples, payload) // what could be decoded is sent on
	return t.encoder.Encode(dst, t.samples[:n])
}
