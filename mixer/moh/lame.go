package moh

import "encoding/binary"

// infoFrame is what encoders write into an otherwise empty first MP3 frame: "Xing" or "Info", how many frames follow
// and, by LAME and those who do as it does, how many samples before and behind the audio are none of it
// (Mp3 Info Tag rev 1, gabriel.mp3-tech.org).
type infoFrame struct {
	frames         int64 // that follow
	samples        int64 // a frame
	lame           bool  // delay and padding are known
	delay, padding int64 // samples
}

// lameTagEnd is the most octets from the start of the frame to the end of what is read of it.
const lameTagEnd = 4 + 32 + 8 + 4 + 4 + 100 + 4 + 24

// isMP3Frame tells whether four octets are the header of a layer III frame.
func isMP3Frame(b []byte) bool {
	return len(b) >= 4 && b[0] == 0xff && b[1]&0xe0 == 0xe0 && b[1]>>3&3 != 1 && b[1]>>1&3 == 1 && b[2]>>4 != 15 && b[2]>>2&3 != 3
}

// parseInfoFrame reads the first frame; ok is false when it is audio like the others.
func parseInfoFrame(b []byte) (f infoFrame, ok bool) {
	if !isMP3Frame(b) {
		return f, false
	}
	mpeg1, mono := b[1]>>3&3 == 3, b[3]>>6 == 3
	f.samples = 576
	if mpeg1 {
		f.samples = 1152
	}
	side := 17 // octets of side information
	switch {
	case mpeg1 && !mono:
		side = 32
	case !mpeg1 && mono:
		side = 9
	}
	if len(b) < 4+side+8 {
		return f, false
	}
	b = b[4+side:]
	if name := string(b[:4]); name != "Xing" && name != "Info" {
		return f, false
	}
	flags := binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	for _, field := range []struct {
		flag uint32
		size int
	}{{1, 4}, {2, 4}, {4, 100}, {8, 4}} { // frames, octets, table of contents, quality
		if flags&field.flag == 0 {
			continue
		}
		if len(b) < field.size {
			return f, true
		}
		if field.flag == 1 {
			f.frames = int64(binary.BigEndian.Uint32(b))
		}
		b = b[field.size:]
	}
	if len(b) < 24 || flags&1 == 0 || b[0] == 0 {
		return f, true
	}
	f.lame = true
	f.delay = int64(b[21])<<4 | int64(b[22])>>4
	f.padding = int64(b[22]&0x0f)<<8 | int64(b[23])
	return f, true
}
