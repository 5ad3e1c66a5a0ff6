package codecs

import "time"

// Encoder turns samples of one stream into payloads.
type Encoder interface {
	// Encode writes the payload of one frame to dst and gives its length in octets. dst has room for
	// Codec.EncodedLen(len(pcm)) octets; with less, whole samples that fit are encoded.
	// hot path: no allocation, lock, clock or log.
	Encode(dst []byte, pcm []int16) int
}

// Decoder turns payloads of one stream, in playout order, into samples.
type Decoder interface {
	// Decode writes the samples of one payload to dst and gives their number. A payload of any
	// content and length is allowed; with an error the samples given are still usable.
	// hot path: no allocation, lock, clock or log.
	Decode(dst []int16, payload []byte) (int, error)
}

// Concealer is a Decoder that makes up for lost packets itself, better than a stranger to the codec could.
type Concealer interface {
	Decoder
	// Conceal writes len(dst) samples (fewer when that is not a whole number of the codec's frames) in
	// place of lost packets, and gives their number. next is the packet after the gap when it is there
	// already, else nil: what it knows of the gap's end is used. It is decoded afterwards as always.
	// hot path: no allocation, lock, clock or log.
	Conceal(dst []int16, next []byte) int
}

// Requester is a Decoder of a codec with modes (AMR), whose payloads say in which one their sender wants to be sent to.
type Requester interface {
	// Requested is the mode that the last payload asked for, -1 when it had no wish.
	// hot path: no allocation, lock, clock or log.
	Requested() int
}

// Follower is an Encoder of a codec with modes.
type Follower interface {
	// Follow says which mode is asked for; -1 is no wish.
	// hot path: no allocation, lock, clock or log.
	Follow(mode int)
}

// Dynamic is the PayloadType of a codec that has no static one (RFC 3551 section 6).
const Dynamic = 255

// Kind says what a payload of a format carries.
type Kind uint8

const (
	Audio Kind = iota // samples; NewEncoder and NewDecoder are set
	Noise             // a description of background noise (RFC 3389)
	Event             // telephone events and tones (RFC 4733)
)

// Codec describes one format and makes encoders and decoders for it. It is immutable. In a set of
// Decoders an Audio codec may have no NewEncoder.
type Codec struct {
	Format
	Kind        Kind
	PayloadType uint8 // static payload type (RFC 3551 section 6), or Dynamic
	SampleRate  int   // of the samples in and out, Hz; 0 when the kind is not Audio

	// Frame is what the time of a packet must be a whole number of; 0: any whole number of 10 ms up to 60.
	Frame time.Duration

	NewEncoder func() Encoder // nil when the kind is not Audio
	NewDecoder func() Decoder // nil when the kind is not Audio

	// Duration gives the length of a payload in units of ClockRate, 0 when it spans no time of its
	// own (noise, events). It reads no state and never panics.
	Duration func(payload []byte) int
	// Asked gives the mode in which the sender of a payload wants to be sent to, -1 for no wish, of a codec with modes; nil: it has none.
	// It reads no state and never panics. hot path: no allocation, lock, clock or log.
	Asked func(payload []byte) int
	// Pauses reports whether the sender of a payload may send nothing after it for a while, being silent (DTX); nil: it always sends.
	// It reads no state and never panics. hot path: no allocation, lock, clock or log.
	Pauses func(payload []byte) bool
	// EncodedLen gives the octets that a frame of so many samples needs at most.
	EncodedLen func(samples int) int

	// Parameters is what an offer of the format says as the value of a=fmtp; most say nothing.
	Parameters string
	// Negotiate gives the codec as it is when the other side says this as the value of a=fmtp, with the
	// Parameters of an answer. An error means that it cannot be like that. nil: the format has no parameters.
	Negotiate func(fmtp string) (Codec, error)
	// At gives the codec with samples of another rate, when it can convert better than a resampler, else
	// false. nil: SampleRate is the only one.
	At func(sampleRate int) (Codec, bool)
}

// Makes reports whether the codec is what Set.Find gives for a format.
func (c Codec) Makes(f Format) bool { return c.Is(f) && (c.Negotiate == nil || c.Fmtp == f.Fmtp) }
