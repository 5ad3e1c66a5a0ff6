package ng

import (
	"slices"
	"time"
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

// stop ends the dialogue's timers.
func (d *dialogue) stop() {
	for _, t := range [...]*time.Timer{d.pending, d.deletion} {
		if t != nil {
			t.Stop()
		}
	}
}

// keep calls off a deletion that was delayed.
func (d *dialogue) keep() {
	if d.deletion != nil {
		d.deletion.Stop()
		d.deletion = nil
	}
}

// legs are those that are open.
func (d *dialogue) legs() (all []Leg) {
	for _, s := range d.sections {
		for _, l := range s.legs {
			if l != nil {
				all = append(all, l)
			}
		}
	}
	return all
}

// silent reports whether every section that lives is without media. One that was and is no longer is
// noted so.
func (d *dialogue) silent(cfg *Config, now time.Time) bool {
	for _, s := range d.sections {
		if s.live() && !s.stopped {
			return false
		}
	}
	silent := true
	for _, s := range d.sections {
		if !s.live() {
			continue
		}
		for _, stats := range cfg.Relay.Stats(s.legs[:]) {
			s.stopped = s.stopped && now.Sub(stats.LastPacket) >= s.patience(cfg)
		}
		silent = silent && s.stopped
	}
	return silent
}
