package gsm

import (
	"encoding/binary"
	"errors"
	"fmt"

	"sidetone/codecs/clib"
)

// ErrMalformed is a payload that is not whole frames of GSM 06.10.
var ErrMalformed = errors.New("gsm: malformed payload")

// magic is the first half octet of every frame.
const magic = 0xD0

// Duration gives the length of a payload in units of 8 kHz, 0 for what is no whole number of frames.
// hot path: no allocation, lock, clock or log.
func Duration(payload []byte) int {
	if len(payload)%octets != 0 {
		return 0
	}
	return len(payload) / octets * samples
}

// EncodedLen gives the octets that whole frames of so many samples take.
func EncodedLen(n int) int { return n / samples * octets }

// coder is what both ways have.
type coder struct {
	lib   *Library
	block *clib.Block
	state uintptr
	pcm   []byte
	pcmAt uintptr
	code  []byte
	at    uintptr
}

func (l *Library) newCoder() (*coder, error) {
	c := &coder{lib: l, block: l.NewBlock(blockSize)}
	c.pcm, c.pcmAt = c.block.Alloc(2 * samples)
	c.code, c.at = c.block.Alloc(octets)
	c.block.StateBegins()
	if c.state = c.block.Call(l.create); c.state == 0 {
		return nil, fmt.Errorf("%s: %w", l.Path, errMemory)
	}
	c.block.Seal()
	return c, nil
}

// Encoder makes the payloads of one stream.
type Encoder struct{ coder *coder }

// NewEncoder makes an encoder.
func (l *Library) NewEncoder() (*Encoder, error) {
	c, err := l.newCoder()
	return &Encoder{c}, err
}

// Encode makes as many frames of the samples as there are whole and as dst has room for.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) Encode(dst []byte, pcm []int16) int {
	c, n := e.coder, 0
	for len(pcm) >= samples && len(dst)-n >= octets {
		for i, s := range pcm[:samples] {
			binary.NativeEndian.PutUint16(c.pcm[2*i:], uint16(s))
		}
		c.block.Call(c.lib.encode, c.state, c.pcmAt, c.at)
		n += copy(dst[n:], c.code)
		pcm = pcm[samples:]
	}
	return n
}

// CopyState makes e go on exactly as from, of the same Library, would.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) CopyState(from *Encoder) { e.coder.block.CopyState(from.coder.block) }

// SameState tells whether e and as will make the same payloads of the same samples.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) SameState(as *Encoder) bool { return e.coder.block.SameState(as.coder.block) }

// Decoder decodes the payloads of one stream.
type Decoder struct{ coder *coder }

// NewDecoder makes a decoder.
func (l *Library) NewDecoder() (*Decoder, error) {
	c, err := l.newCoder()
	return &Decoder{c}, err
}

// Decode gives the samples of the frames that dst has room for, up to the first that is none.
// hot path: no allocation, lock, clock or log.
func (d *Decoder) Decode(dst []int16, payload []byte) (int, error) {
	c, n := d.coder, 0
	for ; len(payload) >= octets && len(dst)-n >= samples; payload = payload[octets:] {
		if payload[0]&0xF0 != magic {
			return n, ErrMalformed
		}
		copy(c.code, payload)
		c.block.Call(c.lib.decode, c.state, c.at, c.pcmAt)
		for i := range samples {
			dst[n+i] = int16(binary.NativeEndian.Uint16(c.pcm[2*i:]))
		}
		n += samples
	}
	if len(payload)%octets != 0 {
		return n, ErrMalformed
	}
	return n, nil
}
