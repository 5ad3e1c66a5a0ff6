package mixer

import (
	"errors"
	"fmt"
	"slices"
)

// maxPlaying bounds what plays into a conference at once.
const maxPlaying = 16

// ErrBusy is returned by Play when as much as may be plays already.
var ErrBusy = errors.New("too many announcements at once")

// Announcement is something to be played into a conference: a tone, a file, music.
type Announcement struct {
	Source Source       // of 20 ms at Rate at each call; it ends with a FiniteSource, or by Stop
	Rate   int          // Hz; default 8000
	Gain   float64      // dB, -45 to +12
	To     *Participant // who hears it; nil = all
}

// Playing is an announcement under way.
type Playing struct {
	conference *Conference
	source     Source
	to         *Participant
	gain       fader
	stopping   bool
	move       span // this tick's gain

	rate       int
	raw        []int16 // of this tick, in in
	in, nextIn *converter
	pcm        []int16 // raw at the rate of the bus
	last       bool    // the source has ended: what is in the converter is all
}

// Play begins an announcement with the next tick. While nobody is in the conference it waits. Errors: ErrBusy, or a rate that cannot be converted.
func (c *Conference) Play(a Announcement) (*Playing, error) {
	if len(c.playing) >= maxPlaying {
		return nil, ErrBusy
	}
	if a.Rate == 0 {
		a.Rate = 8000
	}
	c.furnish()
	in, err := newConverter(a.Rate, c.bus.rate, conversion)
	if err != nil {
		return nil, fmt.Errorf("play: %w", err)
	}
	p := &Playing{conference: c, source: a.Source, to: a.To, gain: fixed(gainOf(a.Gain)), rate: a.Rate, in: in}
	if c.next != nil {
		p.widen(c.next.rate)
	}
	if a.To != nil {
		a.To.private++
	}
	c.playing = append(c.playing, p)
	return p, nil
}

// Stop fades the announcement out. Stopping it again, or after its end, does nothing.
func (a *Playing) Stop() {
	a.stopping = true
	a.gain.set(0)
}

// Done tells whether it is over.
func (a *Playing) Done() bool { return !slices.Contains(a.conference.playing, a) }

func (a *Playing) widen(rate int) {
	a.nextIn, _ = newConverter(a.rate, rate, conversion) // both have been seen to be convertible
}

func (a *Playing) rise() {
	raw := a.nextIn.frame()
	copy(raw, a.raw)
	a.raw, a.in, a.nextIn = raw, a.nextIn, nil
}

// read takes this tick's samples.
//
// hot path: no allocation, lock, clock or log
func (a *Playing) read() {
	a.move = a.gain.move()
	a.raw = a.in.frame()
	if f, ok := a.source.(FiniteSource); ok && f.Ended() {
		a.last = true
		clear(a.raw)
		return
	}
	a.source.Read(a.raw)
}

// contribute adds it to a mix.
//
// hot path: no allocation, lock, clock or log
func (a *Playing) contribute(mix []int32) {
	if a.move == unitySpan {
		add(mix, a.pcm)
		return
	}
	addScaled(mix, a.pcm, a.move, 1)
}

// addPrivate adds what is announced to one member alone.
//
// hot path: no allocation, lock, clock or log
func (c *Conference) addPrivate(mix []int32, to *Participant) {
	if to.private == 0 {
		return
	}
	for _, a := range c.playing {
		if a.to == to {
			a.contribute(mix)
		}
	}
}

// endPlaying takes away what is over.
//
// hot path: no allocation, lock, clock or log
func (c *Conference) endPlaying() {
	for i := 0; i < len(c.playing); {
		a := c.playing[i]
		if !a.last && !(a.stopping && a.gain.gain == 0) && (a.to == nil || !a.to.gone) {
			i++
			continue
		}
		if a.to != nil {
			a.to.private--
		}
		c.playing = slices.Delete(c.playing, i, i+1)
	}
}
