package receive

import (
	"time"

	"sidetone/codecs"
	"sidetone/codecs/cn"
	"sidetone/codecs/plc"
	"sidetone/jitter"
)

// Config is what a Stream is made for.
type Config struct {
	Set    codecs.Set
	Jitter jitter.Config // ClockRate is taken from Formats; Tick is the length of a Pull, default 20 ms
	// SampleRate of the audio pulled, Hz; default 8000.
	SampleRate int
	// Formats are the negotiated payload types. Those that Set cannot decode at SampleRate, or whose
	// clock is not that of the lowest payload type it can decode, are ignored like unknown ones.
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
	clock   int        // RTP clock rate

	buffer  *jitter.Buffer
	conceal *plc.Concealer
	noise   cn.Generator
	queue   queue
	filler  filler
	stats   Stats

	heard    int  // samples of the queue up to the last that is not silence
	sounding bool // what was queued last was not silence
	blend    bool // noise begins where sound was: fade from one to the other
	tries    int  // ticks since a stretch was wanted and none was found
}

// format is what a payload type stands for.
type format struct {
	kind     codecs.Kind
	decoder  codecs.Decoder
	duration func(payload []byte) int
	format   codecs.Format
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

// New makes a stream and all the memory it will use.
func New(c Config) *Stream {
	s := &Stream{set: c.Set, config: c.Jitter.WithDefaults(), rate: c.SampleRate}
	if s.rate <= 0 {
		s.rate = 8000
	}
	s.tick = s.span(int64(s.config.Tick))
	s.conceal = plc.New(s.rate)
	s.config.Max -= time.Duration(s.time(s.conceal.Delay())) // spent there
	s.queue = newQueue(jitter.StretchContext(s.rate), 2*s.span(int64(longest))+2*s.tick)
	s.SetFormats(c.Formats)
	return s
}

// SetFormats replaces the negotiated payload types, as after a new offer and answer. The stream plays
// on; a decoder whose format stays under its payload type keeps its state.
func (s *Stream) SetFormats(formats map[uint8]codecs.Format) {
	old := *s
	s.formats, s.byType = nil, [128]uint8{}
	clock := 0
	for pt := range uint8(128) {
		c, ok := s.set.Find(formats[pt])
		if !ok || c.Kind == codecs.Audio && (c.SampleRate != s.rate || clock != 0 && c.ClockRate != clock) {
			continue
		}
		f := format{kind: c.Kind, duration: c.Duration, format: c.Format}
		if c.Kind == codecs.Audio {
			clock = c.ClockRate
			if before := old.find(pt); before != nil && before.format.Is(c.Format) {
				f.decoder = before.decoder
			} else {
				f.decoder = c.NewDecoder()
			}
		}
		s.formats = append(s.formats, f)
		s.byType[pt] = uint8(len(s.formats))
	}
	if clock == 0 {
		clock = s.rate
	}
	if clock != s.clock {
		s.clock, s.config.ClockRate = clock, clock
		s.buffer = jitter.New(s.config)
	}
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
