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

	mode   int // of the next frame
	target int // that is being gone to
	since  int // frames since the mode changed
}

// NewEncoder makes an encoder of the highest mode of a format.
func (l *Library) NewEncoder(f Format) (*Encoder, error) {
	e := &Encoder{lib: l, format: f, block: l.Encoding.NewBlock(blockSize), mode: f.mode(), target: f.mode()}
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
	bits := e.format.entry() + e.format.room(e.format.speech(max(e.mode, e.target)))
	whole = max(min(whole, (8*len(dst)-e.format.header())/bits), 0)
	for i := range whole {
		for j, s := range pcm[i*size:][:size] {
			binary.NativeEndian.PutUint16(e.pcm[2*j:], uint16(s))
		}
		e.step()
		e.block.Call(e.lib.encode, e.state, uintptr(e.mode), e.pcmAt, e.outAt, 0)
		copy(e.frames[i*maxOctets:][:maxOctets], e.out)
	}
	return e.format.pack(dst, e.frames[:whole*maxOctets], maxOctets)
}

// Follow lets the encoder go to the highest mode of its format that is not above the one asked for (the CMR of RFC 4867 section 3.3), or
// the lowest there is; -1 is no wish.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) Follow(mode int) { e.target = e.format.modeUpTo(mode) }

// step goes a mode nearer to the target, every other frame at most, as every receiver can take it (mode-change-period and
// mode-change-neighbor, RFC 4867 section 8.1).
func (e *Encoder) step() {
	e.since++
	if e.mode == e.target || e.since < 2 {
		return
	}
	e.since = 0
	for up := e.target > e.mode; ; {
		if up {
			e.mode++
		} else {
			e.mode--
		}
		if e.format.has(e.mode) {
			return
		}
	}
}

// CopyState makes e go on exactly as from, of the same Library and Format, would.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) CopyState(from *Encoder) {
	e.block.CopyState(from.block)
	e.mode, e.target, e.since = from.mode, from.target, from.since
}

// SameState tells whether e and as will make the same payloads of the same samples.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) SameState(as *Encoder) bool {
	return e.mode == as.mode && e.target == as.target && e.block.SameState(as.block)
}
