package offline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"sidetone/codecs"
	"sidetone/codecs/pcm"
	"sidetone/jitter"
	"sidetone/mixer"
	"sidetone/relay/rtp"
)

// Party is one who speaks: packets of a capture, or a file.
type Party struct {
	Name string

	formats map[uint8]codecs.Format
	packets []datagram // in the order in which they came
	pcm     []int16    // instead of packets
}

// Everyone is the name of the last listener, who says nothing and so hears all.
const Everyone = "everyone"

// Sink takes what a listener hears, in 16-bit samples.
type Sink interface {
	Write(pcm []int16) error
}

// Config says how to mix.
type Config struct {
	Rate   int // of the mix, Hz; default HighestRate
	Set    codecs.Set
	Jitter jitter.Config
	// Open makes the sink of listener n, counted from 0: the parties in their order, and then Everyone.
	Open func(n int, name string) (Sink, error)
}

// The mix runs on for so long after the last packet, as packets still wait in the jitter buffers.
const (
	tick  = 20 * time.Millisecond
	after = 400 * time.Millisecond
)

// HighestRate returns the highest sampling rate in Hz that any of the parties' packets speak at; 8000 when there are none.
func HighestRate(parties []Party, set codecs.Set) int {
	rate := 8000
	for _, p := range parties {
		for _, f := range p.formats {
			if c, ok := set.Find(f); ok && c.Kind == codecs.Audio {
				rate = max(rate, min(c.SampleRate, 48000))
			}
		}
	}
	return rate
}

// listener collects what a member is sent and what becomes of its voice.
type listener struct {
	member *mixer.Participant
	rate   int // of its voice
	sink   Sink
	err    error
	pcm    []int16
	energy float64 // of what it hears
	heard  int     // samples
	peak   int
	voice  float64 // energy of the level while it talks
	talked int     // ticks
	delays time.Duration
	worst  time.Duration
	timed  int
	turns  []Turn
}

// WriteRTP takes a packet of linear samples.
func (l *listener) WriteRTP(p []byte) {
	payload := rtp.Payload(p)
	l.pcm = l.pcm[:0]
	for ; len(payload) >= 2; payload = payload[2:] {
		v := int16(binary.BigEndian.Uint16(payload))
		l.pcm = append(l.pcm, v)
		l.energy += float64(v) * float64(v)
		l.peak = max(l.peak, int(v), -int(v))
	}
	l.heard += len(l.pcm)
	if l.err == nil {
		l.err = l.sink.Write(l.pcm)
	}
}

// linear is 16-bit samples at the rate of the mix, so that nothing is lost on the way to a sink.
func linear(rate int) codecs.Codec {
	return codecs.Codec{
		Format: codecs.Format{Name: "L16", ClockRate: rate}, PayloadType: codecs.Dynamic, SampleRate: rate,
		NewEncoder: func() codecs.Encoder { return pcm.L16{} }, NewDecoder: func() codecs.Decoder { return pcm.L16{} },
		Duration:   func(payload []byte) int { return len(payload) / 2 },
		EncodedLen: func(samples int) int { return 2 * samples },
	}
}

// Mix lets the parties confer, from when the first packet came, and returns what was heard of it.
func Mix(ctx context.Context, parties []Party, c Config) (*Summary, error) {
	if len(parties) == 0 {
		return nil, errors.New("nobody speaks")
	}
	if len(parties) > MostParties {
		return nil, fmt.Errorf("%d parties: at most %d are mixed", len(parties), MostParties)
	}
	if c.Rate == 0 {
		c.Rate = HighestRate(parties, c.Set)
	}
	random := rand.New(rand.NewPCG(1, 1))
	now := int64(0)
	start, end := span(parties, c.Rate)
	listeners := map[*mixer.Participant]*listener{}
	output := linear(c.Rate)
	room := mixer.NewConference(mixer.ConferenceConfig{
		Rate: c.Rate, MaxRate: c.Rate, Members: len(parties) + 1, Set: c.Set.With(output), Jitter: c.Jitter, Random: random.Uint32,
		OnTalk: func(p *mixer.Participant, talking bool) { listeners[p].turn(talking, time.Duration(now-start)) },
	})
	var all []*listener
	for n, p := range append(slices.Clone(parties), Party{Name: Everyone}) {
		l := &listener{rate: HighestRate([]Party{p}, c.Set)}
		config := mixer.ParticipantConfig{ID: p.Name, Receive: p.formats, Send: output.Format, SendPayloadType: 96, Output: l}
		if p.packets == nil {
			config.Voice, config.VoiceRate = &recording{p.pcm}, c.Rate
		}
		var err error
		if l.member, err = room.Add(config); err != nil {
			return nil, err
		}
		if l.sink, err = c.Open(n, p.Name); err != nil {
			return nil, err
		}
		listeners[l.member] = l
		all = append(all, l)
	}
	next := make([]int, len(parties))
	for now = start; now < end; now += int64(tick) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for i, p := range parties {
			for ; next[i] < len(p.packets) && p.packets[next[i]].at <= now; next[i]++ {
				all[i].member.ReceiveRTP(p.packets[next[i]].payload, p.packets[next[i]].at)
			}
		}
		room.Tick(now)
		for _, l := range all {
			if l.watch(); l.err != nil {
				return nil, l.err
			}
		}
	}
	return summarize(parties, all, c.Rate, time.Duration(end-start)), nil
}

// span returns when to begin and to end, in ns; files begin when the first packet does.
func span(parties []Party, rate int) (start, end int64) {
	start = math.MaxInt64
	var files int64
	for _, p := range parties {
		if len(p.packets) > 0 {
			start, end = min(start, p.packets[0].at), max(end, p.packets[len(p.packets)-1].at+int64(after))
		}
		files = max(files, int64(len(p.pcm))*int64(time.Second)/int64(rate))
	}
	if start == math.MaxInt64 {
		start = 0
	}
	return start, max(end, start+files)
}

// turn notes that the member begins or ceases to talk.
func (l *listener) turn(talking bool, at time.Duration) {
	if talking {
		l.turns = append(l.turns, Turn{From: at.Seconds(), To: -1})
	} else if n := len(l.turns); n > 0 {
		l.turns[n-1].To = at.Seconds()
	}
}

// watch measures the member after a tick.
func (l *listener) watch() {
	if l.member.Talking() {
		l.talked++
		l.voice += math.Pow(10, l.member.Level()/10)
	}
	if d := l.member.Received().Jitter.Delay; d > 0 {
		l.timed++
		l.delays += d
		l.worst = max(l.worst, d)
	}
}
