package amr

import "errors"

// ErrMalformed is a payload that breaks a rule of RFC 4867 section 4.
var ErrMalformed = errors.New("amr: malformed payload")

// reader goes through the frames of a payload.
type reader struct {
	payload []byte
	format  Format
	frames  int // that are left
	toc     int // the bit where the next entry of the table of contents begins
	speech  int // the bit where its speech begins
}

// header and entry are the bits of what precedes the table of contents, and of an entry: F, FT, Q and
// what fills an octet.
func (f Format) header() int {
	if f.OctetAligned {
		return 8
	}
	return 4
}

func (f Format) entry() int {
	if f.OctetAligned {
		return 8
	}
	return 6
}

// room gives the bits that a frame takes in a payload.
func (f Format) room(bits int) int {
	if f.OctetAligned {
		return (bits + 7) &^ 7
	}
	return bits
}

// open checks a payload: its table of contents, and that what it announces is there.
func (f Format) open(payload []byte) (reader, bool) {
	r := reader{payload: payload, format: f, toc: f.header()}
	speech := 0
	for more, at := true, r.toc; more; at += f.entry() {
		if r.frames == maxFrames || at+6 > 8*len(payload) {
			return reader{}, false
		}
		bits := f.speech(int(r.field(at+1, 4)))
		if bits < 0 {
			return reader{}, false
		}
		more = r.field(at, 1) != 0
		speech += f.room(bits)
		r.speech = at + f.entry()
		r.frames++
	}
	return r, r.speech+speech <= 8*len(payload)
}

// field reads up to eight bits.
func (r *reader) field(at, n int) byte {
	var b [1]byte
	copyBits(b[:], 8-n, r.payload, at, n)
	return b[0]
}

// next writes the next frame as it is stored in files (section 5.3): an octet with its type and whether it
// is good, then its bits. It gives its type; ok is false after the last.
func (r *reader) next(frame []byte) (frameType int, good, ok bool) {
	if r.frames == 0 {
		return 0, false, false
	}
	frameType, good = int(r.field(r.toc+1, 4)), r.field(r.toc+5, 1) != 0
	bits := r.format.speech(frameType)
	clear(frame)
	frame[0] = byte(frameType << 3)
	if good {
		frame[0] |= 4
	}
	copyBits(frame, 8, r.payload, r.speech, bits)
	r.frames--
	r.toc += r.format.entry()
	r.speech += r.format.room(bits)
	return frameType, good, true
}

// Duration gives the length of a payload in units of ClockRate, 0 for what is malformed.
// hot path: no allocation, lock, clock or log.
func (f Format) Duration(payload []byte) int {
	r, ok := f.open(payload)
	if !ok {
		return 0
	}
	return r.frames * f.samples()
}

// pack writes the payload of frames as they are stored in files, each in size octets, without asking the
// other side for a mode. It gives its length, 0 when dst is too short.
func (f Format) pack(dst, frames []byte, size int) int {
	n := len(frames) / size
	bits := f.header() + n*f.entry()
	for i := range n {
		bits += f.room(f.speech(int(frames[i*size] >> 3 & 15)))
	}
	length := (bits + 7) / 8
	if n == 0 || length > len(dst) {
		return 0
	}
	clear(dst[:length])
	dst[0] = 15 << 4 // CMR: any mode
	toc, speech := f.header(), f.header()+n*f.entry()
	for i := range n {
		frame := frames[i*size : (i+1)*size]
		entry := [1]byte{frame[0] & 0x7C} // F 0, FT, Q
		if i < n-1 {
			entry[0] |= 0x80
		}
		copyBits(dst, toc, entry[:], 0, 6)
		room := f.speech(int(frame[0] >> 3 & 15))
		copyBits(dst, speech, frame, 8, room)
		toc += f.entry()
		speech += f.room(room)
	}
	return length
}
