package mixer

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

// tick is the time between two ticks, and the length of a frame.
const (
	tick           = 20 * time.Millisecond
	ticksPerSecond = int(time.Second / tick)
)

// Errors of Add that a caller may want to tell apart.
var (
	ErrFormat = errors.New("format cannot be sent")
	ErrPtime  = errors.New("ptime is not 10, 20, 30, 40, 50 or 60 ms")
)

// mostReady is how many packets a tick can complete: two of 10 ms.
const mostReady = 2

// encoding turns the frames of one signal into the payloads of one codec and ptime, resampled where the codec has another
// rate than the signal. All listeners to that signal share it: each writes its own header in front of the payload and hands
// the packet on.
type encoding struct {
	codec   codecs.Codec
	ptime   time.Duration
	encoder codecs.Encoder
	stable  bool // the encoder has no memory, so that any may go on where another stopped

	follower codecs.Follower // the encoder, where it has modes
	asked    int             // one more than the lowest mode that a listener has asked for since the last frame

	out       *converter // to the codec's rate
	samples   int        // of a frame at the codec's rate
	nextOut   *converter // from the rate that the conference changes to
	rehearsed []int16    // this tick's frame, made at the rate that the conference changes from
	fades     bool       // rehearsed is of this tick

	pending    []int16 // the packet being filled, fill samples of it there
	fill       int
	partial    bool // the packet being filled lacks its beginning and will not be made
	packets    [mostReady]packet
	ready      int    // packets completed in this tick
	encodes    uint64 // for Stats
	tickTime   uint32 // RTP time a tick
	packetTime uint32 // RTP time a packet

	pendingTime uint32 // RTP time of fill samples
	listeners   int
}

// packet is a buffer with room for the header in front of n octets of payload.
type packet struct {
	buf []byte
	n   int
}

// resumable is an encoder with memory that can go on where another of its kind stopped, which is
// what lets a listener leave the shared encoder for its own and come back without a seam. An encoder that has memory and is not
// resumable is shared by the listeners of a Player, and not in a conference.
type resumable interface {
	CopyState(from codecs.Encoder)
	SameState(as codecs.Encoder) bool
}

// newEncoding makes an encoding of a signal of the given rate, with a converter late by wait.
func newEncoding(set codecs.Set, format codecs.Format, ptime time.Duration, rate int, wait time.Duration) (*encoding, error) {
	codec, ok := set.Find(format)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %v is not among the codecs", ErrFormat, format)
	case codec.Kind != codecs.Audio:
		return nil, fmt.Errorf("%w: %v is not audio", ErrFormat, format)
	}
	ptime = packetTime(ptime)
	if ptime < 10*time.Millisecond || ptime > 60*time.Millisecond || ptime%(10*time.Millisecond) != 0 {
		return nil, fmt.Errorf("%w: %v", ErrPtime, ptime)
	}
	out, err := newConverter(rate, codec.SampleRate, wait)
	if err != nil {
		return nil, fmt.Errorf("%w: %v: %w", ErrFormat, format, err)
	}
	return makeEncoding(codec, ptime, out), nil
}

// sibling makes another encoding of the same format and ptime, of a conference's signal.
func (e *encoding) sibling(rate int) *encoding {
	out, _ := newConverter(rate, e.codec.SampleRate, conversion)
	return makeEncoding(e.codec, e.ptime, out)
}

func makeEncoding(codec codecs.Codec, ptime time.Duration, out *converter) *encoding {
	samples := int(ptime * time.Duration(codec.SampleRate) / time.Second)
	e := &encoding{codec: codec, ptime: ptime, encoder: codec.NewEncoder(), out: out,
		samples: samplesPerTick(codec.SampleRate), pending: make([]int16, samples)}
	e.stable = reflect.TypeOf(e.encoder).Size() == 0
	e.follower, _ = e.encoder.(codecs.Follower)
	e.tickTime = uint32(tick * time.Duration(codec.ClockRate) / time.Second)
	e.packetTime = uint32(ptime * time.Duration(codec.ClockRate) / time.Second)
	for i := range e.packets {
		e.packets[i].buf = make([]byte, rtp.HeaderSize+codec.EncodedLen(samples))
	}
	return e
}

// widen prepares the change to a signal of another rate.
func (e *encoding) widen(rate int) {
	e.nextOut, _ = newConverter(rate, e.codec.SampleRate, conversion) // the mix has rates that can be converted
	e.rehearsed = make([]int16, e.samples)
}

// frame gives the place for the signal's next frame.
//
// hot path: no allocation, lock, clock or log
func (e *encoding) frame() []int16 { return e.out.frame() }

// rehearse takes the frame, which is at the old rate, for the next encode to fade from.
//
// hot path: no allocation, lock, clock or log
func (e *encoding) rehearse() {
	copy(e.rehearsed, e.out.convert())
	e.fades = true
}

// rise goes over to the new rate.
func (e *encoding) rise() { e.out, e.nextOut = e.nextOut, nil }

// packetTime gives the ptime asked for, or the usual one.
func packetTime(ptime time.Duration) time.Duration {
	if ptime == 0 {
		return tick
	}
	return ptime
}

// makes tells whether e makes packets of that format and ptime.
func (e *encoding) makes(format codecs.Format, ptime time.Duration) bool {
	return e.codec.Makes(format) && e.ptime == packetTime(ptime)
}

// start begins anew, in step with a signal that has run for so many ticks: packets of one ptime begin
// together wherever they are made, and the first is the first to begin from now on.
func (e *encoding) start(ticks uint64) {
	e.encoder = e.codec.NewEncoder()
	e.follower, _ = e.encoder.(codecs.Follower)
	e.out.reset()
	e.fill = int(ticks * uint64(e.samples) % uint64(len(e.pending)))
	e.partial = e.fill > 0
	e.ready = 0
}

// ask says which mode a listener wants, -1 when it has no wish: the next frame is made in the lowest that any asks for.
//
// hot path: no allocation, lock, clock or log
func (e *encoding) ask(mode int) {
	if mode >= 0 && (e.asked == 0 || mode < e.asked-1) {
		e.asked = mode + 1
	}
}

// encode takes the frame and makes what packets it completes.
//
// hot path: no allocation, lock, clock or log
func (e *encoding) encode() {
	frame := e.out.convert()
	if e.fades {
		crossfade(frame, e.rehearsed)
		e.fades = false
	}
	if e.follower != nil {
		e.follower.Follow(e.asked - 1)
		e.asked = 0
	}
	e.ready = 0
	for len(frame) > 0 {
		var whole []int16
		if n := len(e.pending); e.fill == 0 && len(frame) >= n {
			whole, frame = frame[:n], frame[n:]
		} else {
			n := copy(e.pending[e.fill:], frame)
			frame = frame[n:]
			if e.fill += n; e.fill < len(e.pending) {
				break
			}
			whole, e.fill = e.pending, 0
		}
		if e.partial {
			e.partial = false
			continue
		}
		p := &e.packets[e.ready]
		p.n = e.encoder.Encode(p.buf[rtp.HeaderSize:], whole)
		e.ready++
		e.encodes++
	}
	e.pendingTime = uint32(uint64(e.fill) * uint64(e.packetTime) / uint64(len(e.pending)))
}

// canCopy tells whether copyState and sameState work.
func (e *encoding) canCopy() bool {
	if e.stable {
		return true
	}
	_, ok := e.encoder.(resumable)
	return ok
}

// copyState makes e go on exactly as from, of the same codec and ptime, would.
func (e *encoding) copyState(from *encoding) {
	copy(e.pending, from.pending[:from.fill])
	e.out.copyState(from.out)
	e.fill, e.partial = from.fill, from.partial
	if !e.stable {
		e.encoder.(resumable).CopyState(from.encoder)
	}
}

// sameState tells whether e and with will make the same packets of the same signal.
func (e *encoding) sameState(with *encoding) bool {
	return e.inStep(with) && (e.stable || e.encoder.(resumable).SameState(with.encoder))
}

// inStep tells whether the encoders of e and with will be given the same frames of the same signal.
func (e *encoding) inStep(with *encoding) bool {
	return e.fill == with.fill && e.partial == with.partial && slices.Equal(e.pending[:e.fill], with.pending[:with.fill]) &&
		e.out.sameState(with.out)
}
