package ng

import (
	"slices"
	"strconv"
	"time"

	"sidetone/relay"
)

// maxForks is how many tags may answer one offer.
const maxForks = 16

// dialogue is two sides that exchange descriptions, and the media between them. A call has one for each
// branch that it was forked to by the proxy; tags that answered the same offer share one, and the media
// is with the one that answered last.
//
//	side 0                                                        side 1
//	the first offerer ◄──► legs[0] ◄── section ──► legs[1] ◄──► the first answerer
type dialogue struct {
	sides    [2]side
	branch   string // via-branch of the first offer
	answered bool   // at least one offer was
	sections []*section
	created  time.Time

	pending  *time.Timer // ends it when it is never answered
	deletion *time.Timer // ends it when its deletion was delayed
}

// side is one party of a dialogue.
type side struct {
	tag     string // "" as long as it is unknown
	forks   []string
	label   string
	created time.Time
	iface   string // of the legs towards it
	rewrite lineage
}

// knows reports whether the tag is the side's, or of a fork of it.
func (s *side) knows(tag string) bool { return s.tag == tag || slices.Contains(s.forks, tag) }

// become makes tag the side's current one and keeps the former among its forks.
func (s *side) become(tag string, now time.Time) {
	if s.tag == tag {
		return
	}
	s.forks = slices.DeleteFunc(s.forks, func(t string) bool { return t == tag })
	if s.tag != "" {
		if len(s.forks) == maxForks {
			s.forks = slices.Delete(s.forks, 0, 1)
		}
		s.forks = append(s.forks, s.tag)
	}
	s.tag, s.created = tag, now
}

// stop ends the dialogue's timers and gives its legs back.
func (d *dialogue) stop() {
	for _, t := range [...]*time.Timer{d.pending, d.deletion} {
		if t != nil {
			t.Stop()
		}
	}
	for _, s := range d.sections {
		s.close()
	}
}

// keep calls off a deletion that was delayed.
func (d *dialogue) keep() {
	if d.deletion != nil {
		d.deletion.Stop()
		d.deletion = nil
	}
}

// silent reports whether every section that lives is without media. One that was and is no longer is
// noted so.
func (d *dialogue) silent(cfg *Config, now time.Time) bool {
	for _, s := range d.sections {
		if !s.live() {
			continue
		}
		for _, l := range s.legs {
			if s.stopped && now.Sub(l.Stats().LastPacket) < s.patience(cfg) {
				s.stopped = false
			}
		}
		if !s.stopped {
			return false
		}
	}
	return true
}

// open makes sure that a section has both legs where they are wanted. What was opened is noted, so
// that the caller can undo it.
func (c *call) open(d *dialogue, p intent, index, from int, o *options, u *undo) error {
	s := p.section
	for i := range s.legs {
		if s.legs[i] != nil && s.at[i] == p.places[i] {
			continue
		}
		leg, err := c.engine.cfg.Relay.OpenLeg(LegConfig{
			ID:        c.id + "/" + strconv.Itoa(index) + string("ab"[i]),
			Interface: p.places[i].iface, IPv6: p.places[i].v6, Shard: c.shard,
			Latching: c.engine.latching(o, i == from), NoRebind: o.StrictSource && !o.MediaHandover, NoMedia: s.patience(&c.engine.cfg),
			TimedOut: func(reason string) { c.mediaStopped(d, s, reason) },
		})
		if err != nil {
			return err
		}
		u.opened = append(u.opened, change{s, i, s.legs[i], s.at[i], s.remote[i], s.routed})
		c.shard = leg.Shard()
		s.legs[i], s.at[i], s.remote[i], s.routed = leg, p.places[i], relay.Remote{}, false
	}
	return nil
}

// undo is what a request has changed in the legs so far.
type undo struct{ opened []change }

// change is one leg in the place of another, or of none.
type change struct {
	section *section
	side    int
	leg     Leg
	at      place
	remote  relay.Remote
	routed  bool
}

// back closes what was opened and puts back what was there.
func (u *undo) back() {
	for _, ch := range slices.Backward(u.opened) {
		ch.section.legs[ch.side].Close()
		ch.section.legs[ch.side], ch.section.at[ch.side] = ch.leg, ch.at
		ch.section.remote[ch.side], ch.section.routed = ch.remote, ch.routed
	}
}

// done closes what was replaced.
func (u *undo) done() {
	for _, ch := range u.opened {
		if ch.leg != nil {
			ch.leg.Close()
		}
	}
}
