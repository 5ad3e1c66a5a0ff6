package mixer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"sidetone/codecs"
	"sidetone/jitter"
)

// DefaultMembers and MaxMembers are what a conference holds by default and at most.
const (
	DefaultMembers = 5
	MaxMembers     = 256
)

// ErrFull is returned by Add when the conference has all its members. Nothing changed for them.
var ErrFull = errors.New("conference is full")

// ConferenceConfig is what a Conference is made of.
type ConferenceConfig struct {
	Rate    int           // of the mix, Hz: 8000, 16000, 32000 or 48000; default 8000
	Members int           // how many it holds; default DefaultMembers, at most MaxMembers
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
	frame  int // samples a tick

	// owned by the shard
	members []*Participant // in the order they came
	leaving []*Participant // removed since the last tick; their voices fade out in the next
	samples uint64         // mixed so far, in time
	stats   ConferenceStats

	// this tick's; made with the first member
	sum     []int32
	mix     []int32 // scratch: the sum without one voice
	silence []int32
	out     []int16 // scratch: mix, limited
	scratch limiterScratch
	all     signal // what members hear who say nothing
	deaf    signal // what the deaf hear
}

// NewConference returns an empty conference.
func NewConference(c ConferenceConfig) *Conference {
	if c.Rate == 0 {
		c.Rate = 8000
	}
	if c.Members <= 0 {
		c.Members = DefaultMembers
	}
	c.Members = min(c.Members, MaxMembers)
	if c.Random == nil {
		c.Random = rand.Uint32
	}
	return &Conference{config: c, frame: c.Rate * int(tick/time.Millisecond) / 1000}
}

// furnish makes the memory that an empty conference does without.
func (c *Conference) furnish() {
	if c.sum != nil {
		return
	}
	c.sum, c.mix, c.silence = make([]int32, c.frame), make([]int32, c.frame), make([]int32, c.frame)
	c.out = make([]int16, c.frame)
	c.scratch = newLimiterScratch(c.config.Rate, c.frame)
	c.all, c.deaf = newSignal(c.config.Rate, c.frame), newSignal(c.config.Rate, c.frame)
}

// Add makes a new member, who hears and is heard from the next tick on. The error is ErrFull, or
// wraps ErrFormat when the format to send is not an audio codec at the room's rate, or ErrPtime. With an error, and
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
	if p.speak != 0 {
		p.muted = true
		c.leaving = append(c.leaving, p)
	}
}

// Len returns the number of members.
func (c *Conference) Len() int { return len(c.members) }

// Participants returns the members in the order they came.
func (c *Conference) Participants() []*Participant { return slices.Clone(c.members) }

// Rate returns the sampling rate of the mix in Hz.
func (c *Conference) Rate() int { return c.config.Rate }

// Tick mixes the next 20 ms and writes what packets that completes to the members' outputs. now is
// the shard's clock, for the jitter buffers. A late tick is caught up by calling Tick again.
//
// hot path: no allocation, lock, clock or log
func (c *Conference) Tick(now int64) {
	if len(c.members) == 0 && len(c.leaving) == 0 {
		return
	}
	c.samples += uint64(c.frame)
	c.stats.Ticks++
	c.listen(now)
	for _, p := range c.members {
		p.choose()
	}
	c.count(c.all.make(c.sum, &c.scratch))
	c.count(c.deaf.make(c.silence, &c.scratch))
	for _, p := range c.members {
		p.write()
	}
	if c.config.OnTalk != nil {
		c.tell()
	}
}

// listen pulls everyone's voice and sums those that are to be heard.
func (c *Conference) listen(now int64) {
	clear(c.sum)
	for _, p := range c.members {
		if p.listen(now) {
			add(c.sum, p.pcm)
		}
	}
	for i, p := range c.leaving {
		if p.listen(now) {
			add(c.sum, p.pcm)
		}
		c.leaving[i] = nil
	}
	c.leaving = c.leaving[:0]
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
