package amr

import (
	"encoding/binary"

	"sidetone/codecs/clib"
)

// Decoder decodes the payloads of one stream.
type Decoder struct {
	lib    *Library
	format Format
	block  *clib.Block
	state  uintptr

	asked int // the mode that the last payload asked for, -1 for none

	pcm   []byte // one frame
	pcmAt uintptr
	in    []byte
	inAt  uintptr
}

// NewDecoder makes a decoder.
func (l *Library) NewDecoder(f Format) (*Decoder, error) {
	d := &Decoder{lib: l, format: f, block: l.Decoding.NewBlock(blockSize), asked: -1}
	d.pcm, d.pcmAt = d.block.Alloc(2 * f.samples())
	d.in, d.inAt = d.block.Alloc(maxOctets + 3)
	if d.state = d.block.Call(l.decoderInit); d.state == 0 {
		return nil, memoryError(l.Decoding)
	}
	d.block.Seal()
	return d, nil
}

// Decode gives the samples of the frames that dst has room for. A frame that its sender calls bad, or that
// is not there, is concealed.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Decode(dst []int16, payload []byte) (int, error) {
	r, ok := d.format.open(payload)
	if !ok {
		return 0, ErrMalformed
	}
	d.asked = d.format.Asked(payload)
	n := 0
	for len(dst)-n >= d.format.samples() {
		_, good, ok := r.next(d.in)
		if !ok {
			break
		}
		if !good {
			d.lose()
		}
		n += d.frame(dst[n:])
	}
	return n, nil
}

// Asked is the mode that the sender of a payload wants to be sent itself (CMR), -1 when it has no wish.
// hot path: no allocation, lock, clock or log.
func (f Format) Asked(payload []byte) int {
	if len(payload) == 0 || int(payload[0]>>4) >= f.modes() {
		return -1 // 15 is no wish, what is between is nothing (RFC 4867 section 4.3.1)
	}
	return int(payload[0] >> 4)
}

// Requested is the mode that the sender of the last payload wants to be sent itself (CMR), -1 when it has no wish.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Requested() int { return d.asked }

// Conceal gives samples in place of lost frames. What comes after does not help.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Conceal(dst []int16, _ []byte) int {
	n := 0
	for len(dst)-n >= d.format.samples() {
		d.lose()
		n += d.frame(dst[n:])
	}
	return n
}

// lose makes the next frame a lost one.
func (d *Decoder) lose() {
	clear(d.in)
	d.in[0] = typeNoData << 3
	if d.format.Wide {
		d.in[0] = typeLost << 3
	}
}

// frame decodes what is in d.in; dst has room for it.
func (d *Decoder) frame(dst []int16) int {
	d.block.Call(d.lib.decode, d.state, d.inAt, d.pcmAt, 0)
	for i := range dst[:d.format.samples()] {
		dst[i] = int16(binary.NativeEndian.Uint16(d.pcm[2*i:]))
	}
	return d.format.samples()
}
