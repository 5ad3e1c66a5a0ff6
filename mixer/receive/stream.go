package receive

import (
	"time"

	"sidetone/codecs"
	"sidetone/codecs/cn"
	"sidetone/codecs/plc"
	"sidetone/codecs/resample"
	"sidetone/jitter"
)

// Config is what a Stream is made for.
type Config struct {
	Set    codecs.Set
	Jitter jitter.Config // ClockRate is taken from Formats, PayloadBytes is what they need at least; Tick is the length of a Pull, default 20 ms
	// SampleRate of the audio pulled, Hz: 8000, 16000, 32000 or 48000; default 8000. Best that of the codec that is expected: losses are
	// concealed at this rate, and what has another is resampled to it.
	SampleRate int
	// Formats are the negotiated payload types. Those that Set cannot decode are ignored like unknown ones.
	Formats map[uint8]codecs.Format
}

// Stream is the receiving half of one party.
type Stream struct {
	set    codecs.Set
	config jitter.Config
	rate   int // samples a second
	tick   int // samples of one Pull

	formats []format
	byType  [128]uint8 // payload type: one more than the index in formats; 0 is unknown
	clock   int        // RTP clock rate of the buffer
	decoded []int16    // scratch: a packet at a codec's own rate

	buffer  jitter.Buffer // here and not elsewhere, as what is close together is fetched together
	conceal plc.Concealer
	noise   cn.Generator
	queue   queue
	filler  filler
	stats   Stats

	heard    int  // samples of the queue up to the last that is not silence
	sounding bool // what was queued last was not silence
	blend    bool // noise begins where sound was: fade from one to the other
	tries    int  // ticks since a stretch was wanted and none was found

	spoken uint8 // payload type of the audio played last
	helped int   // samples that its decoder has made up since
	quiet  bool  // the last of them are no louder than a background

	wish int // one more than the mode that the party asks for
}

// format is what a payload type stands for.
type format struct {
	kind      codecs.Kind
	decoder   codecs.Decoder
	concealer codecs.Concealer    // decoder, where it is one
	requester codecs.Requester    // and this
	rate      int                 // of its samples
	resampler *resample.Resampler // to the stream's rate, nil where that is the same
	clock     int                 // of its timestamps and durations
	timeline  *codecs.Timeline    // to the stream's clock, nil where that is the same
	duration  func(payload []byte) int
	frame     time.Duration // that concealer makes whole numbers of
	format    codecs.Format
}

// filler is what the stream is filled with while there is no packet.
type filler uint8

const (
	nothing       filler = iota // no packet was heard yet: silence, and nothing to fade
	concealment                 // the last packet's sound goes on and fades
	comfortNoise                // the sender said what its silence sounds like
	silenceForNow               // a telephone event is going on
)

// longest is the longest packet that is played.
const longest = 120 * time.Millisecond

// longestSamples is that at the highest sampling rate.
const longestSamples = 48 * int(longest/time.Millisecond)

// New makes a stream and all the memory it will use.
func New(c Config) *Stream {
	s := &Stream{set: c.Set, config: c.Jitter.WithDefaults(), rate: c.SampleRate}
	if s.rate <= 0 {
		s.rate = 8000
	}
	s.tick = s.span(int64(s.config.Tick))
	s.conceal = *plc.New(s.rate)
	s.config.Max -= time.Duration(s.time(s.conceal.Delay())) // spent there
	s.queue = newQueue(jitter.StretchContext(s.rate), 2*s.span(int64(longest))+2*s.tick)
	s.decoded = make([]int16, longestSamples)
	s.SetFormats(c.Formats)
	return s
}

// SetFormats replaces the negotiated payload types, as after a new offer and answer. The stream plays
// on; a decoder whose format stays under its payload type keeps its state.
func (s *Stream) SetFormats(formats map[uint8]codecs.Format) {
	old := *s
	s.formats, s.byType = nil, [128]uint8{}
	clock := s.clockOf(formats)
	for pt := range uint8(128) {
		c, ok := s.set.Find(formats[pt])
		if !ok {
			continue
		}
		f := format{kind: c.Kind, duration: c.Duration, format: c.Format, clock: c.ClockRate, rate: c.SampleRate}
		if c.Kind == codecs.Audio {
			if before := old.find(pt); before != nil && before.format == c.Format && clock == s.clock {
				f = *before
			} else if f.start(c, s.rate, clock) != nil {
				continue
			}
		}
		s.formats = append(s.formats, f)
		s.byType[pt] = uint8(len(s.formats))
	}
	if room := s.room(formats); clock != s.clock || room > s.config.PayloadBytes {
		s.clock, s.config.ClockRate = clock, clock
		s.config.PayloadBytes = max(room, s.config.PayloadBytes)
		s.buffer = *jitter.New(s.config)
	}
}

// room gives the octets of the longest payload of a set of formats: 60 ms of what can be decoded.
func (s *Stream) room(formats map[uint8]codecs.Format) (octets int) {
	for _, f := range formats {
		if c, ok := s.set.Find(f); ok && c.Kind == codecs.Audio {
			octets = max(octets, c.EncodedLen(c.SampleRate*60/1000))
		}
	}
	return octets
}

// clockOf gives the RTP clock rate of a set of formats: that of the lowest payload type with the stream's sampling rate, else
// of the lowest that can be decoded.
func (s *Stream) clockOf(formats map[uint8]codecs.Format) int {
	any := 0
	for pt := range uint8(128) {
		c, ok := s.set.Find(formats[pt])
		if !ok || c.Kind != codecs.Audio {
			continue
		}
		if c.SampleRate == s.rate {
			return c.ClockRate
		}
		if any == 0 {
			any = c.ClockRate
		}
	}
	if any == 0 {
		any = s.rate
	}
	return any
}

// start makes what the payloads of an audio codec go through on their way to a stream of a sampling rate and clock. The error is
// resample.ErrRate.
func (f *format) start(c codecs.Codec, rate, clock int) (err error) {
	f.decoder = c.NewDecoder()
	f.concealer, _ = f.decoder.(codecs.Concealer)
	f.requester, _ = f.decoder.(codecs.Requester)
	f.frame = max(c.Frame, 10*time.Millisecond)
	if c.SampleRate != rate {
		f.resampler, err = resample.New(c.SampleRate, rate)
	}
	if c.ClockRate != clock {
		f.timeline = codecs.NewTimeline(c.ClockRate, clock)
	}
	return err
}

// find gives what a payload type stands for, nil when it is unknown.
func (s *Stream) find(payloadType uint8) *format {
	if i := s.byType[payloadType&0x7F]; i > 0 {
		return &s.formats[i-1]
	}
	return nil
}

// span gives how many samples a time in nanoseconds has.
func (s *Stream) span(ns int64) int { return int(ns * int64(s.rate) / int64(time.Second)) }

// time gives how long samples last, in nanoseconds.
func (s *Stream) time(samples int) int64 { return int64(samples) * int64(time.Second) / int64(s.rate) }
