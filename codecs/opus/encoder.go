package opus

import (
	"encoding/binary"
	"fmt"

	"sidetone/codecs/clib"
)

// What an encoder is like when nobody asks for anything else.
const (
	defaultBitrate    = 32000
	defaultComplexity = 5
	defaultLoss       = 10 // percent, with FEC: libopus adds none for a network that loses nothing
)

// MaxPayload is the longest packet that an Encoder makes, octets.
const MaxPayload = maxFrame

// Config is what an Encoder does.
type Config struct {
	SampleRate   int  // of the samples: 8000, 12000, 16000, 24000 or 48000; 0 means 48000
	Bitrate      int  // bit/s, 6000 to 510000; 0 means 32000
	Complexity   int  // 1 to 10; 0 means 5
	MaxBandwidth int  // the highest sampling rate that the receiver plays, Hz; 0 means 48000
	FEC          bool // each packet says a little of the one before it
	Loss         int  // percent of packets that the FEC is made for; 0 means 10
	DTX          bool // silence is sent as a packet of one octet, and rarely
	CBR          bool // all packets have one length
	Music        bool // the sound is more than a voice
}

// The requests of opus_encoder_ctl (opus_defines.h).
const (
	setMaxBandwidth = 4004
	setBitrate      = 4002
	setVBR          = 4006
	setBandwidth    = 4008
	setComplexity   = 4010
	setFEC          = 4012
	setLoss         = 4014
	setDTX          = 4016
	setForceMode    = 11002 // of opus_private.h: stays within SILK, hybrid or CELT; opus_demo uses it

	auto             = -1000
	applicationVoIP  = 2048
	applicationAudio = 2049
	narrowband       = 1101
	modeSILK         = 1000
)

// Encoder makes the packets of one stream of one channel.
type Encoder struct {
	lib   *Library
	rate  int
	block *clib.Block
	state uintptr

	pcm    []byte // the samples of one packet, as C reads them
	pcmAt  uintptr
	out    []byte // one packet
	outAt  uintptr
	parts  []byte // the packets that are joined into one of 30 or 50 ms
	partAt uintptr
	joinAt uintptr // a repacketizer
}

// NewEncoder makes an encoder.
func (l *Library) NewEncoder(c Config) (*Encoder, error) {
	if c.SampleRate == 0 {
		c.SampleRate = 48000
	}
	sizes := l.NewBlock(0)
	size, joinSize := result(sizes.Call(l.encoderSize, 1)), result(sizes.Call(l.repackSize))
	if size <= 0 || size > 1<<20 || joinSize <= 0 || joinSize > 1<<16 {
		return nil, fmt.Errorf("%s wants %d octets for an encoder", l.Version, size)
	}
	samples := 2 * c.SampleRate * 60 / 1000
	e := &Encoder{lib: l, rate: c.SampleRate, block: l.NewBlock(size + samples + 6*maxFrame + joinSize + 256)}
	e.pcm, e.pcmAt = e.block.Alloc(samples)
	e.out, e.outAt = e.block.Alloc(maxFrame)
	e.parts, e.partAt = e.block.Alloc(5 * maxFrame)
	_, e.joinAt = e.block.Alloc(joinSize)
	e.block.StateBegins()
	_, e.state = e.block.Alloc(size)
	application := applicationVoIP
	if c.Music {
		application = applicationAudio
	}
	if r := result(e.block.Call(l.encoderInit, e.state, uintptr(c.SampleRate), 1, uintptr(application))); r != 0 {
		return nil, fmt.Errorf("encoder at %d Hz: %w", c.SampleRate, failure(r))
	}
	if c.FEC && c.Loss == 0 {
		c.Loss = defaultLoss
	}
	for _, s := range []struct{ request, value int }{
		{setBitrate, or(c.Bitrate, defaultBitrate)},
		{setComplexity, or(c.Complexity, defaultComplexity)},
		{setMaxBandwidth, bandwidth(or(c.MaxBandwidth, 48000))},
		{setFEC, flag(c.FEC)}, {setLoss, c.Loss}, {setDTX, flag(c.DTX)}, {setVBR, flag(!c.CBR)},
	} {
		if r := e.ctl(s.request, s.value); r != 0 {
			return nil, fmt.Errorf("encoder: setting %d to %d: %w", s.request, s.value, failure(r))
		}
	}
	e.block.Seal()
	if l.probe != nil {
		e.block.Adopt(l.probe.block)
	}
	return e, nil
}

func (e *Encoder) ctl(request, value int) int {
	return result(e.block.Call(e.lib.encoderCtl, e.state, uintptr(request), uintptr(value)))
}

// Encode makes one packet of 2.5 to 60 ms of samples, of as many as make whole frames, and gives its length.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) Encode(dst []byte, pcm []int16) int {
	unit := e.rate / 400 // 2.5 ms
	units := min(len(pcm)/unit, 24)
	frames := 1
	switch {
	case units == 20 || units == 12: // 50 or 30 ms are not a frame's length, and are five or three of 10 ms
		units, frames = 4, units/4
	case units == 3:
		units = 2
	case units > 3 && units < 8:
		units = 4
	case units > 7 && units < 16:
		units = 8
	case units > 15 && units < 24:
		units = 16
	}
	if units == 0 || len(dst) == 0 {
		return 0
	}
	for i, s := range pcm[:frames*units*unit] {
		binary.NativeEndian.PutUint16(e.pcm[2*i:], uint16(s))
	}
	n := 0
	if frames == 1 {
		n = e.frame(e.outAt, e.pcmAt, units*unit, min(len(dst), maxFrame))
	} else {
		n = e.join(frames, units*unit, min(len(dst), maxFrame))
	}
	return copy(dst, e.out[:max(n, 0)])
}

func (e *Encoder) frame(to, pcm uintptr, samples, most int) int {
	return result(e.block.Call(e.lib.encode, e.state, pcm, uintptr(samples), to, uintptr(most)))
}

// join makes one packet of several frames. They must be of one kind, so that what libopus chose for the
// first is held for the others.
func (e *Encoder) join(frames, samples, most int) int {
	share := max((most-2*frames)/frames, 1)
	e.block.Call(e.lib.repackInit, e.joinAt)
	for i := range frames {
		part := e.partAt + uintptr(i*maxFrame)
		n := e.frame(part, e.pcmAt+uintptr(2*i*samples), samples, share)
		if n <= 0 {
			break
		}
		if i == 0 {
			mode, band := kind(e.parts[0])
			e.ctl(setForceMode, mode)
			e.ctl(setBandwidth, band)
		}
		e.block.Call(e.lib.repackCat, e.joinAt, part, uintptr(n))
	}
	e.ctl(setForceMode, auto)
	e.ctl(setBandwidth, auto)
	return result(e.block.Call(e.lib.repackOut, e.joinAt, e.outAt, uintptr(most)))
}

// kind gives the mode and the bandwidth of a packet as libopus numbers them (RFC 6716 table 2).
func kind(toc byte) (mode, band int) {
	switch config := int(toc >> 3); {
	case config < 12:
		return modeSILK, narrowband + config>>2
	case config < 16:
		return modeSILK + 1, narrowband + 3 + (config-12)>>1
	case config < 20:
		return modeSILK + 2, narrowband
	default: // CELT has no medium band
		return modeSILK + 2, narrowband + 1 + (config-16)>>2
	}
}

// CopyState makes e go on exactly as from, of the same Library and Config, would.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) CopyState(from *Encoder) { e.block.CopyState(from.block) }

// SameState tells whether e and as will make the same packets of the same samples.
// hot path: no allocation, lock, clock or log.
func (e *Encoder) SameState(as *Encoder) bool { return e.block.SameState(as.block) }

// bandwidth gives libopus's number of the widest band that a receiver with this sampling rate plays.
func bandwidth(rate int) int {
	for i, most := range []int{8000, 12000, 16000, 24000} {
		if rate <= most {
			return narrowband + i
		}
	}
	return narrowband + 4
}

func or(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
