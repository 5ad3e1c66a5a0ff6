package mixer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"sidetone/codecs"
	"sidetone/jitter"
)

// DefaultMembers and MaxMembers are what a conference holds by default and at most, DefaultTalkers how many are heard at once.
const (
	DefaultMembers = 5
	MaxMembers     = 256
	DefaultTalkers = 16
)

// ErrFull is returned by Add when the conference has all its members. Nothing changed for them.
var ErrFull = errors.New("conference is full")

// ConferenceConfig is what a Conference is made of.
type ConferenceConfig struct {
	Rate    int           // of the mix at least, Hz: 8000, 16000, 32000 or 48000; default 8000
	MaxRate int           // of the mix at most; default 48000, at least Rate
	Members int           // how many it holds; default DefaultMembers, at most MaxMembers
	Talkers int           // how many are heard at once, the loudest; default DefaultTalkers
	Set     codecs.Set    // to decode and encode with
	Jitter  jitter.Config // for every member's receive side; its ClockRate is ignored
	Random  func() uint32 // for SSRCs, first sequence numbers and timestamps; default math/rand/v2

	// OnTalk is told, on the shard thread at the end of a tick, when a member begins and ceases to talk. It
	// must not block, nor call the conference. Default none.
	OnTalk func(p *Participant, talking bool)
}

// Conference is a room: its members hear the sum of all the others. It has no thread and no timer; an
// empty one is a few hundred bytes and costs a comparison a tick.
//
// All methods are for the shard thread that ticks it.
type Conference struct {
	// immutable after NewConference
	config ConferenceConfig

	// owned by the shard
	members []*Participant // in the order they came
	leaving []*Participant // removed since the last tick; their voices fade out in the next
	playing []*Playing
	ticks   uint64 // so far
	stats   ConferenceStats
	words   uint64 // what fetch has read

	*bus        // nil until the first member comes
	next *bus   // that the next tick changes to
	all  signal // what members hear who say nothing
	deaf signal // what the deaf hear
}

// NewConference returns an empty conference.
func NewConference(c ConferenceConfig) *Conference {
	if c.Rate == 0 {
		c.Rate = 8000
	}
	if c.MaxRate == 0 {
		c.MaxRate = 48000
	}
	c.MaxRate = max(c.MaxRate, c.Rate)
	if c.Members <= 0 {
		c.Members = DefaultMembers
	}
	c.Members = min(c.Members, MaxMembers)
	if c.Talkers <= 0 {
		c.Talkers = DefaultTalkers
	}
	if c.Random == nil {
		c.Random = rand.Uint32
	}
	return &Conference{config: c}
}

// furnish makes the memory that an empty conference does without, at the least rate again.
func (c *Conference) furnish() {
	if c.bus != nil && (len(c.members) > 0 || c.bus.rate == c.config.Rate && c.next == nil) {
		return
	}
	c.bus, c.next, c.leaving = newBus(c.config.Rate), nil, nil
	c.all, c.deaf = signal{stage: newStage(c.config.Rate)}, signal{stage: newStage(c.config.Rate)}
	for _, a := range c.playing {
		a.widen(c.config.Rate)
		a.rise()
	}
}

// Add makes a new member, who hears and is heard from the next tick on. The error is ErrFull, or
// wraps ErrFormat when the format to send is not an audio codec of the set, or ErrPtime. With an error, and
// without, nothing changes in what the other members are sent before the next tick.
func (c *Conference) Add(config ParticipantConfig) (*Participant, error) {
	if len(c.members) >= c.config.Members {
		return nil, fmt.Errorf("add %s: %w (%d members)", config.ID, ErrFull, len(c.members))
	}
	c.furnish()
	p, err := newParticipant(c, config)
	if err != nil {
		return nil, fmt.Errorf("add %s: %w", config.ID, err)
	}
	c.members = append(c.members, p)
	p.widen()
	c.fitRate()
	return p, nil
}

// Remove takes a member out. Nothing is written to its Output any more; the others hear it fade out within the next
// tick. Removing it again does nothing.
func (c *Conference) Remove(p *Participant) {
	i := slices.Index(c.members, p)
	if i < 0 {
		return
	}
	c.members = slices.Delete(c.members, i, i+1)
	p.unshare()
	p.gone = true
	if len(c.members) == 0 {
		c.playing = nil // there is nobody to hear it
	}
	c.seat()
	if p.here != 0 {
		c.leaving = append(c.leaving, p)
	}
}

// Len returns the number of members.
func (c *Conference) Len() int { return len(c.members) }

// Participants returns the members in the order they came.
func (c *Conference) Participants() []*Participant { return slices.Clone(c.members) }

// Rate returns the sampling rate of the mix in Hz. It is the second highest of the members' codecs, so that two who could hear
// more of each other do, and never falls while anybody is in.
func (c *Conference) Rate() int {
	switch {
	case c.next != nil:
		return c.next.rate
	case c.bus != nil:
		return c.bus.rate
	}
	return c.config.Rate
}

// Tick mixes the next 20 ms and writes what packets that completes to the members' outputs. now is
// the shard's clock, for the jitter buffers. A late tick is caught up by calling Tick again.
//
// hot path: no allocation, lock, clock or log
func (c *Conference) Tick(now int64) {
	if len(c.members) == 0 && len(c.leaving) == 0 {
		return
	}
	c.ticks++
	c.stats.Ticks++
	c.fetch()
	c.listen(now)
	c.elect()
	for _, p := range c.members {
		p.move()
	}
	for _, p := range c.leaving {
		p.move()
	}
	for _, p := range c.members {
		p.choose()
	}
	if c.next != nil {
		c.rise()
	}
	c.sumUp()
	c.count(c.all.make(c.sum, &c.scratch))
	c.count(c.deaf.make(c.silence, &c.scratch))
	for _, p := range c.members {
		p.write()
	}
	clear(c.leaving)
	c.leaving = c.leaving[:0]
	c.endPlaying()
	if c.config.OnTalk != nil {
		c.tell()
	}
}

// listen takes this tick's voices and announcements.
func (c *Conference) listen(now int64) {
	for _, p := range c.members {
		p.listen(now)
	}
	for _, p := range c.leaving {
		p.listen(now)
	}
	for _, a := range c.playing {
		a.read()
	}
}

// sumUp brings the voices and announcements to the rate of the bus and sums those that all hear.
func (c *Conference) sumUp() {
	clear(c.sum)
	for _, p := range c.members {
		p.enter(c.sum)
	}
	for _, p := range c.leaving {
		p.enter(c.sum)
	}
	for _, a := range c.playing {
		a.pcm = a.in.convert()
		if a.to == nil {
			a.contribute(c.sum)
		}
	}
}

// tell reports who began and ceased to talk.
func (c *Conference) tell() {
	for _, p := range c.members {
		if p.turned {
			c.config.OnTalk(p, p.talk.talking)
		}
	}
}

func (c *Conference) count(limited, bent int) {
	if limited > 0 {
		c.stats.LimitedSamples += uint64(limited)
		c.stats.BentSamples += uint64(bent)
	}
}

// ConferenceStats is a snapshot of a conference's counters.
type ConferenceStats struct {
	Members        int
	Ticks          uint64 // with a member present
	Encodes        uint64 // packets encoded, for however many members
	LimitedSamples uint64 // of all distinct outputs, below unity gain
	BentSamples    uint64 // beyond the reach of the gain
}

// Stats returns the conference's counters; Encodes counts members that are there.
func (c *Conference) Stats() ConferenceStats {
	s := c.stats
	s.Members = len(c.members)
	for _, shared := range [][]*encoding{c.all.encodings, c.deaf.encodings} {
		for _, e := range shared {
			s.Encodes += e.encodes
		}
	}
	for _, p := range c.members {
		s.Encodes += p.encoding.encodes
	}
	return s
}
