package codecs

import (
	"strings"
	"sync/atomic"
	"time"

	"sidetone/codecs/amr"
	"sidetone/codecs/g711"
	"sidetone/codecs/g726"
	"sidetone/codecs/resample"
)

// Transcoder turns the payloads of one format into payloads of another, packet by packet, keeping
// their duration, but for what is no whole number of the other's frames (Codec.Frame): that is kept for the next packet, see Framing. It
// belongs to one flow. Where the formats have two clock rates, a Timeline does for the timestamps what
// the Transcoder does for the payloads.
type Transcoder interface {
	// Transform writes the new payload to dst and gives its length in octets.
	// hot path: no allocation, lock, clock or log.
	Transform(dst, payload []byte) int
}

// longestPacket bounds what one packet can carry, in milliseconds.
const longestPacket = 120

// Transcoder gives a transcoder between two audio formats; false when there is none.
// The same format on both sides gives one that copies; AMR is repacked where only its packing differs, by any set. Samples of different
// rates are resampled.
func (s Set) Transcoder(from, to Format) (Transcoder, bool) {
	if t, ok := repacker(from, to); ok {
		return t, true
	}
	in, ok := s.Find(from)
	if !ok || in.Kind != Audio {
		return nil, false
	}
	out, ok := s.Find(to)
	if !ok || out.Kind != Audio {
		return nil, false
	}
	if in.Is(out.Format) {
		return duplicate{}, true
	}
	if in.NewDecoder == nil || out.NewEncoder == nil {
		return nil, false
	}
	in, out = in.near(out.SampleRate), out.near(in.SampleRate)
	decoder, encoder := in.NewDecoder(), out.NewEncoder()
	if t, ok := direct(decoder, encoder); ok {
		return t, true
	}
	t := &tandem{decoder: decoder, encoder: encoder, samples: make([]int16, longestPacket*in.SampleRate/1000),
		frame: 1, rate: out.SampleRate, clock: in.ClockRate}
	if out.Frame > 0 {
		t.frame = int(int64(out.Frame) * int64(out.SampleRate) / int64(time.Second))
		t.framing = make([]int16, t.frame+longestPacket*out.SampleRate/1000)
	}
	if c, ok := decoder.(Concealer); ok && in.Pauses != nil {
		t.concealer, t.pauses, t.decoded = c, in.Pauses, in.SampleRate
	}
	t.requester, _ = decoder.(Requester)
	t.follower, _ = encoder.(Follower)
	if in.SampleRate != out.SampleRate {
		resampler, err := resample.New(in.SampleRate, out.SampleRate)
		if err != nil {
			return nil, false
		}
		t.resampler, t.resampled = resampler, make([]int16, longestPacket*out.SampleRate/1000)
	}
	if t.pauses != nil {
		return pausing{t}, true
	}
	return t, true
}

// repacker gives the transcoder between two packings of AMR or AMR-WB.
func repacker(from, to Format) (Transcoder, bool) {
	wide := strings.EqualFold(from.Name, "AMR-WB")
	if !from.Is(to) || !wide && !strings.EqualFold(from.Name, "AMR") {
		return nil, false
	}
	in, err := amr.ParseFormat(wide, from.Fmtp)
	out, also := amr.ParseFormat(wide, to.Fmtp)
	if err != nil || also != nil || in.OctetAligned == out.OctetAligned {
		return nil, false
	}
	return amr.NewRepacker(in, out), true
}

// near gives the codec with samples of a rate, where it converts better than a resampler.
func (c Codec) near(sampleRate int) Codec {
	if c.At != nil {
		if at, ok := c.At(sampleRate); ok {
			return at
		}
	}
	return c
}

// direct gives the transcoders that do not go by linear samples.
func direct(decoder Decoder, encoder Encoder) (Transcoder, bool) {
	switch from := decoder.(type) {
	case g711.ALaw:
		switch to := encoder.(type) {
		case g711.MuLaw:
			return g711.AToMu{}, true
		case resumable[*g726.Encoder]:
			return toADPCM{to.encoder, g726.ALaw}, true
		}
	case g711.MuLaw:
		switch to := encoder.(type) {
		case g711.ALaw:
			return g711.MuToA{}, true
		case resumable[*g726.Encoder]:
			return toADPCM{to.encoder, g726.MuLaw}, true
		}
	case *g726.Decoder:
		switch encoder.(type) {
		case g711.ALaw:
			return fromADPCM{from, g726.ALaw}, true
		case g711.MuLaw:
			return fromADPCM{from, g726.MuLaw}, true
		}
	}
	return nil, false
}

// duplicate is the transcoder between a format and itself.
type duplicate struct{}

func (duplicate) Transform(dst, payload []byte) int { return copy(dst, payload) }

// toADPCM and fromADPCM go between G.711 and G.726 as G.726 has it, so that crossing any number of
// times costs no more than crossing once.
type (
	toADPCM struct {
		encoder *g726.Encoder
		law     g726.Law
	}
	fromADPCM struct {
		decoder *g726.Decoder
		law     g726.Law
	}
)

func (t toADPCM) Transform(dst, payload []byte) int { return t.encoder.EncodeLaw(dst, payload, t.law) }

func (t fromADPCM) Transform(dst, payload []byte) int {
	return t.decoder.DecodeLaw(dst, payload, t.law)
}

// EventTranscoder scales the duration in telephone-event payloads (RFC 4733 section 2.3) from one clock rate to another.
func EventTranscoder(from, to int) Transcoder { return eventDuration{uint64(from), uint64(to)} }

type eventDuration struct{ from, to uint64 }

// Transform scales the duration of every event in the payload; one too long for the field stays at its most.
func (e eventDuration) Transform(dst, payload []byte) int {
	n := copy(dst, payload)
	for p := dst[:n]; len(p) >= 4; p = p[4:] {
		d := min((uint64(p[2])<<8|uint64(p[3]))*e.to/e.from, 0xFFFF)
		p[2], p[3] = byte(d>>8), byte(d)
	}
	return n
}

// tandem decodes, resamples when the rates are not the same, and encodes.
type tandem struct {
	decoder   Decoder
	encoder   Encoder
	samples   []int16             // one packet
	resampler *resample.Resampler // nil between equal rates
	resampled []int16

	requester Requester // decoder, where it is one
	follower  Follower  // encoder, where it is one
	heard     *Wish     // that the decoder's side has
	follows   *Wish     // that the encoder's side has; nil = nobody knows

	concealer Concealer                 // decoder, where pauses is
	pauses    func(payload []byte) bool // Codec.Pauses; nil = never
	pause     int                       // samples decoded of a payload that a pause may follow, 0 = none may
	decoded   int                       // their rate, Hz

	frame       int     // samples that the encoder takes a whole number of
	framing     []int16 // what is kept, and room for a packet; nil where frame is 1
	before, now int     // samples that were kept before the last packet and after it
	rate, clock int     // of the samples encoded and of the RTP time decoded, Hz
}

// Wish is the mode in which one side of a call wants to be sent to: what is decoded of it says so, and what is encoded for it follows.
// The zero value is none. It may be used from anywhere.
type Wish struct{ mode atomic.Int32 } // one more than the mode

// Note takes the mode that was asked for last, -1 for none.
// hot path: no allocation, lock, clock or log.
func (w *Wish) Note(mode int) { w.mode.Store(int32(mode + 1)) }

// Mode is the one to follow, -1 for none.
// hot path: no allocation, lock, clock or log.
func (w *Wish) Mode() int { return int(w.mode.Load()) - 1 }

// Wishes lets a transcoder note what the side it decodes wishes and follow what the side it encodes for does, before its first Transform.
func Wishes(t Transcoder, from, to *Wish) {
	switch t := t.(type) {
	case *tandem:
		t.heard, t.follows = from, to
	case pausing:
		t.heard, t.follows = from, to
	}
}

func (t *tandem) Transform(dst, payload []byte) int {
	n, _ := t.decoder.Decode(t.samples, payload) // what could be decoded is sent on
	if t.requester != nil && t.heard != nil {
		t.heard.Note(t.requester.Requested())
	}
	if t.follower != nil && t.follows != nil {
		t.follower.Follow(t.follows.Mode())
	}
	t.pause = 0
	encoded := t.encode(dst, n)
	if t.pauses != nil && t.now == 0 && t.pauses(payload) {
		t.pause = n
	}
	return encoded
}

// encode makes a payload of so many samples that were decoded.
func (t *tandem) encode(dst []byte, n int) int {
	pcm := t.samples[:n]
	if t.resampler != nil {
		pcm = t.resampled[:t.resampler.Resample(t.resampled, pcm)]
	}
	t.before = t.now
	if t.now == 0 && len(pcm)%t.frame == 0 {
		return t.encoder.Encode(dst, pcm)
	}
	pcm = t.framing[:t.now+copy(t.framing[t.now:], pcm)]
	whole := len(pcm) / t.frame * t.frame
	n = t.encoder.Encode(dst, pcm[:whole])
	t.now = copy(t.framing, pcm[whole:])
	return n
}

// pausing is a tandem from a codec whose sender may send nothing while it is silent.
type pausing struct{ *tandem }

// Pause tells how long the last payload was if nothing may come after it for a while, in RTP time of the packets; else 0.
// hot path: no allocation, lock, clock or log.
func (t pausing) Pause() uint32 {
	if t.pause == 0 {
		return 0
	}
	return uint32(t.pause * t.clock / t.decoded)
}

// Fill writes the payload of what is heard in a pause, for as long as the last one was.
// hot path: no allocation, lock, clock or log.
func (t pausing) Fill(dst []byte) int {
	return t.encode(dst, t.concealer.Conceal(t.samples[:t.pause], nil))
}

// Framing tells how much earlier than its packet the last payload begins, and how much of the packet is kept for the next, in RTP time of
// the packets.
// hot path: no allocation, lock, clock or log.
func (t *tandem) Framing() (behind, kept uint32) {
	return uint32(t.before * t.clock / t.rate), uint32(t.now * t.clock / t.rate)
}
