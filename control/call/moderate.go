package call

import (
	"errors"
	"fmt"
	"slices"

	"sidetone/codecs/dtmf"
	"sidetone/control/media"
	"sidetone/control/prompt"
)

// What a room's members may do with their keys, and operators by the API.
//
//	*1  I am muted, or heard again                  anybody, also whom the moderator has muted
//	*2  the room is locked, or open again           the moderator
//	*3  all others are muted, or heard again        the moderator
//	*4  who came in last is put out                 the moderator
//	*5  the conference ends for all                 the moderator
//
// The moderator is the owner of a conference while it is in; else who has been in for longest. A locked room lets nobody in but whom it
// calls itself, until the last one has left.

// ErrNoMember is returned for who is not in the room.
var ErrNoMember = media.ErrNoMember

// moderator is the leg that may do everything; nil when no station is in: nobody behind a trunk commands a room.
func (r *Room) moderator() *Leg {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.legs {
		if r.Owner != "" && l.tel == r.Owner {
			return l
		}
	}
	for _, l := range r.legs {
		if l.outside == nil {
			return l
		}
	}
	return nil
}

// member finds who is in by the ID of its leg or its number.
func (r *Room) member(name string) (*Leg, error) {
	legs := r.Legs()
	i := slices.IndexFunc(legs, func(l *Leg) bool { return l.id == name })
	if i < 0 {
		i = slices.IndexFunc(legs, func(l *Leg) bool { return l.tel == name })
	}
	if i < 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrNoMember)
	}
	return legs[i], nil
}

// Locked: nobody else may come in.
func (r *Room) Locked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.locked
}

// SetLocked lets nobody else in, or again everybody.
func (r *Room) SetLocked(on bool) {
	r.mu.Lock()
	r.locked = on
	r.mu.Unlock()
	r.media.SetLocked(on)
	r.changed()
}

// SetMuted takes a member's voice out of what all hear, or puts it back; it is named by its leg's ID or its number.
func (r *Room) SetMuted(name string, on bool) error {
	return r.set(name, func(leg string) error { return r.media.SetMuted(leg, on) })
}

// SetDeaf lets a member hear silence, or the others again.
func (r *Room) SetDeaf(name string, on bool) error {
	return r.set(name, func(leg string) error { return r.media.SetDeaf(leg, on) })
}

// SetGain sets how loud a member's voice is, -45 to 12 dB.
func (r *Room) SetGain(name string, dB float64) error {
	return r.set(name, func(leg string) error { return r.media.SetGain(leg, dB) })
}

// Whisper lets a member be heard by another one only, while it hears all: a coach.
func (r *Room) Whisper(name, to string) error {
	l, err := r.member(to)
	if err != nil {
		return err
	}
	return r.set(name, func(leg string) error { return r.media.Whisper(leg, l.id) })
}

// Barge lets all hear a member that was muted or whispered.
func (r *Room) Barge(name string) error { return r.set(name, r.media.Barge) }

func (r *Room) set(name string, do func(leg string) error) error {
	l, err := r.member(name)
	if err != nil {
		return err
	}
	return do(l.id)
}

// Kick puts a member out and ends its call.
func (r *Room) Kick(name string) error {
	l, err := r.member(name)
	if err != nil {
		return err
	}
	if err := r.media.Kick(l.id); err != nil && !errors.Is(err, ErrNoMember) { // one on hold is not mixed
		return err
	}
	l.Do(func(c *Call) { c.Release(l, "put out of the room") }, nil)
	return nil
}

// End ends the conference for all who are in.
func (r *Room) End() {
	for _, l := range r.Legs() {
		l.Do(func(c *Call) { c.Release(l, "conference over") }, nil)
	}
}

// Announce plays samples at media.MusicRate to all who are in.
func (r *Room) Announce(pcm []int16) error { return r.media.Play(pcm, media.MusicRate, 0, "") }

// keyed takes a key of a member's phone: a star and a digit are a command.
func (r *Room) keyed(c *Call, l *Leg, k dtmf.Press) {
	star := l.keypad.star
	l.keypad.star = k.Key == '*'
	if !star || k.Key == '*' {
		return
	}
	var words string
	moderates := r.moderator() == l
	switch {
	case r.page != nil:
		return
	case k.Key == '1':
		on := !r.muted(l)
		c.check(r.media.SetMuted(l.id, on))
		words = map[bool]string{true: "muted", false: "heard"}[on]
	case k.Key < '2' || k.Key > '5':
		words = "not-a-choice"
	case !moderates:
		words = "moderator-only"
	case k.Key == '2':
		on := !r.Locked()
		r.SetLocked(on)
		words = map[bool]string{true: "locked", false: "unlocked"}[on]
	case k.Key == '3':
		words = map[bool]string{true: "all-muted", false: "all-heard"}[r.hush(l)]
	case k.Key == '4':
		if legs := r.Legs(); legs[len(legs)-1] != l {
			c.check(r.Kick(legs[len(legs)-1].id))
		}
	case k.Key == '5':
		r.End()
	}
	c.x.cfg.Logger.Info("room key", "call_id", c.id, "room", r.ID, "from", l.tel, "key", string(k.Key), "moderator", moderates)
	if words != "" {
		pcm, err := prompt.Say(words)
		c.check(errors.Join(err, r.media.Play(pcm, prompt.Rate, 0, l.id)))
	}
}

func (r *Room) muted(l *Leg) bool {
	return slices.ContainsFunc(r.media.Members(), func(m media.Member) bool { return m.Leg == l.id && m.Muted })
}

// hush mutes all but one, or lets all be heard again; it returns which.
func (r *Room) hush(but *Leg) bool {
	r.mu.Lock()
	r.quiet = !r.quiet
	on, legs := r.quiet, slices.Clone(r.legs)
	r.mu.Unlock()
	for _, l := range legs {
		if l != but {
			_ = r.media.SetMuted(l.id, on) // ErrNoMember: it is on hold, and not heard anyway
		}
	}
	return on
}
