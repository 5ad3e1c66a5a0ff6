package opus

import (
	pion "github.com/pion/opus"
)

// PlainName says what a PlainDecoder is.
const PlainName = "pion/opus"

// PlainDecoder decodes to one channel without libopus: all modes, within 46 dB of what libopus gives or
// better. It has no FEC, and conceals nothing.
type PlainDecoder struct {
	decoder pion.Decoder
	rate    int
	pcm     []int16 // 120 ms
}

// NewPlainDecoder makes a decoder that gives samples at 8000, 12000, 16000, 24000 or 48000 Hz.
func NewPlainDecoder(sampleRate int) (*PlainDecoder, error) {
	d := &PlainDecoder{decoder: pion.NewDecoder(), rate: sampleRate}
	if err := d.decoder.Init(sampleRate, 1); err != nil {
		return nil, err
	}
	d.pcm = make([]int16, sampleRate*120/1000)
	return d, nil
}

// Decode gives the samples of one packet. What is malformed gives none. Packets of several frames cost a
// few allocations, others none.
func (d *PlainDecoder) Decode(dst []int16, payload []byte) (n int, err error) {
	if Duration(payload) == 0 {
		return 0, ErrMalformed
	}
	defer func() {
		if recover() != nil { // whatever a stranger's packet makes of the decoder stays here
			n, err = 0, ErrMalformed
			_ = d.decoder.Init(d.rate, 1)
		}
	}()
	n, err = d.decoder.DecodeToInt16(payload, d.pcm)
	if err != nil {
		return 0, ErrMalformed
	}
	return copy(dst, d.pcm[:min(n, len(d.pcm))]), nil
}
