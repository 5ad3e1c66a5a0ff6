package mixer

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sidetone/codecs"
)

// PlayerConfig is what a Player is made of.
type PlayerConfig struct {
	Source Source
	Rate   int           // of the source, Hz; default 8000
	Set    codecs.Set    // to encode with
	Random func() uint32 // for SSRCs, first sequence numbers and timestamps; default math/rand/v2
}

// Player plays one source to any number of listeners: the source is read once a tick and encoded
// once a tick for each codec and ptime, and every listener has an RTP stream of its own. While nobody listens
// the source stands still and a tick costs nothing.
//
// All methods are for the shard thread that ticks it.
type Player struct {
	// immutable after NewPlayer
	source Source
	set    codecs.Set
	rate   int
	random func() uint32

	// owned by the shard
	frame     []int16
	ticks     uint64 // read from the source so far
	encodings []*encoding
	listeners []*Listener
	wishing   int // listeners with a wish
}

// ListenerConfig is what a listener is to be sent.
type ListenerConfig struct {
	Send            codecs.Format
	SendPayloadType uint8
	Ptime           time.Duration // 10 to 60 ms in steps of 10; default 20 ms
	Output          Output
	// Wish is the mode of its codec that it wants to be sent in; nil is none. Of listeners that share an encoder the lowest counts.
	Wish *codecs.Wish
}

// Listener is one RTP stream out of a Player.
type Listener struct {
	sender   sender
	encoding *encoding
	wish     *codecs.Wish // nil where the codec has no modes
	index    int          // in the player's listeners; -1 after Remove
}

// NewPlayer returns a player without listeners.
func NewPlayer(c PlayerConfig) *Player {
	if c.Rate == 0 {
		c.Rate = 8000
	}
	if c.Random == nil {
		c.Random = rand.Uint32
	}
	return &Player{source: c.Source, set: c.Set, rate: c.Rate, random: c.Random,
		frame: make([]int16, samplesPerTick(c.Rate))}
}

// Add starts a stream to a listener with the next tick. The error wraps ErrFormat when the format
// is not an audio codec of the set, or ErrPtime.
func (p *Player) Add(c ListenerConfig) (*Listener, error) {
	e, err := p.encodingFor(c)
	if err != nil {
		return nil, fmt.Errorf("add listener: %w", err)
	}
	if e.listeners == 0 {
		e.start(p.ticks)
	}
	e.listeners++
	l := &Listener{sender: newSender(c.Output, c.SendPayloadType, p.random), encoding: e, index: len(p.listeners)}
	if e.follower != nil && c.Wish != nil {
		l.wish = c.Wish
		p.wishing++
	}
	p.listeners = append(p.listeners, l)
	return l, nil
}

func (p *Player) encodingFor(c ListenerConfig) (*encoding, error) {
	for _, e := range p.encodings {
		if e.makes(c.Send, c.Ptime) {
			return e, nil
		}
	}
	e, err := newEncoding(p.set, c.Send, c.Ptime, p.rate, 0)
	if err == nil {
		p.encodings = append(p.encodings, e)
	}
	return e, err
}

// Remove ends the stream to a listener; nothing is written to its Output any more. Removing it
// again does nothing.
func (p *Player) Remove(l *Listener) {
	if l.index < 0 {
		return
	}
	last := len(p.listeners) - 1
	p.listeners[l.index] = p.listeners[last]
	p.listeners[l.index].index = l.index
	p.listeners[last] = nil
	p.listeners = p.listeners[:last]
	l.encoding.listeners--
	if l.wish != nil {
		p.wishing--
	}
	l.index = -1
}

// Len returns the number of listeners.
func (p *Player) Len() int { return len(p.listeners) }

// Ended tells whether the source is a FiniteSource that has been read to its end.
func (p *Player) Ended() bool {
	f, ok := p.source.(FiniteSource)
	return ok && f.Ended()
}

// Tick plays the next 20 ms. It takes the time only to be a ticker like the others: the media's
// own time is the number of ticks.
//
// hot path: no allocation, lock, clock or log
func (p *Player) Tick(int64) {
	if len(p.listeners) == 0 {
		return
	}
	if p.wishing > 0 {
		p.askAll()
	}
	p.source.Read(p.frame)
	p.ticks++
	for _, e := range p.encodings {
		if e.listeners > 0 {
			copy(e.frame(), p.frame)
			e.encode()
		}
	}
	for _, l := range p.listeners {
		l.sender.send(l.encoding)
	}
}

// askAll brings the listeners' wishes to the encoders.
//
// hot path: no allocation, lock, clock or log
func (p *Player) askAll() {
	for _, l := range p.listeners {
		if l.wish != nil {
			l.encoding.ask(l.wish.Mode())
		}
	}
}

// PlayerStats is a snapshot of a player's counters.
type PlayerStats struct {
	Listeners int
	Encodes   uint64 // packets encoded, for however many listeners
	Played    time.Duration
}

// Stats returns the player's counters.
func (p *Player) Stats() PlayerStats {
	s := PlayerStats{Listeners: len(p.listeners)}
	for _, e := range p.encodings {
		s.Encodes += e.encodes
	}
	s.Played = time.Duration(p.ticks) * tick
	return s
}

// Sent returns what the listener has been sent.
func (l *Listener) Sent() SenderStats { return l.sender.stats() }
