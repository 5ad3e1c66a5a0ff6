package amr

import (
	"encoding/binary"

	"sidetone/codecs/clib"
)

// Encoder makes the payloads of one stream.
type Encoder struct {
	lib    *Library
	format Format
	block  *clib.Block
	state  uintptr

	pcm    []byte // one frame
	pcmAt  uintptr
	out    []byte // one frame, as the library writes it
	outAt  uintptr
	frames [maxFrames * maxOctets]byte
}

// NewEncoder makes an encoder of the highest mode of a format.
func (l *Library) NewEncoder(f Format) (*Encoder, error) {
	e := &Encoder{lib: l, format: f, block: l.Encoding.NewBlock(blockSize)}
	e.pcm, e.pcmAt = e.block.Alloc(2 * f.samples())
	e.out, e.outAt = e.block.Alloc(maxOctets + 3)
	e.block.StateBegins()
	if e.state = e.block.Call(l.encoderInit, 0); e.state == 0 { // AMR: 0 is no DTX
		return nil, memoryError(l.Encoding)
	}
	e.block.Seal()
	if l.probe != nil {
		e.block.Adopt(l.probe.block)
	}
	return e, nil
}

// Encode makes a payload of the whole frames of 20 ms among the samples, of as many as dst has room for.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) Encode(dst []byte, pcm []int16) int {
	size := e.format.samples()
	whole := min(len(pcm)/size, maxFrames)
	bits := e.format.entry() + e.format.room(e.format.speech(e.format.mode()))
	whole = max(min(whole, (8*len(dst)-e.format.header())/bits), 0)
	for i := range whole {
		for j, s := range pcm[i*size:][:size] {
			binary.NativeEndian.PutUint16(e.pcm[2*j:], uint16(s))
		}
		e.block.Call(e.lib.encode, e.state, uintptr(e.format.mode()), e.pcmAt, e.outAt, 0)
		copy(e.frames[i*maxOctets:][:maxOctets], e.out)
	}
	return e.format.pack(dst, e.frames[:whole*maxOctets], maxOctets)
}

// CopyState makes e go on exactly as from, of the same Library and Format, would.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) CopyState(from *Encoder) { e.block.CopyState(from.block) }

// SameState tells whether e and as will make the same payloads of the same samples.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) SameState(as *Encoder) bool { return e.block.SameState(as.block) }
