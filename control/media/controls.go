package media

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sidetone/mixer"
	"sidetone/mixer/tone"
	"sidetone/relay"
)

// Errors of a room that a caller may want to tell apart.
var (
	ErrLocked   = errors.New("room is locked")
	ErrKicked   = errors.New("put out of the room")
	ErrNoMember = errors.New("not in the room")
)

// RoomEvent is something that happened in a room.
type RoomEvent struct {
	Room    string // RoomConfig.ID
	Leg     string // ID of the leg
	Talking bool   // it began to talk; else it ceased
}

// Member is what is known of one who is in a room.
type Member struct {
	Leg     string  // ID of the leg
	Level   float64 // of its voice, dBov; -127 is silence
	Talking bool
	Muted   bool
	Deaf    bool
	Gain    float64 // dB
}

// settings are what was asked for a leg. They outlast its being alone or mixed, and its leaving and coming back, as on hold, for as
// long as anybody is in.
type settings struct {
	muted, deaf, kicked bool
	gain                float64
	edges               map[string]float64 // dB of other legs, for it alone
}

// apply brings the settings to the participant. On the room's shard.
func (s *seat) apply() {
	p := s.participant
	p.SetMuted(s.set.muted)
	p.SetDeaf(s.set.deaf)
	p.SetGain(s.set.gain)
	for leg, dB := range s.set.edges {
		if from := s.room.seat(leg); from != nil && from.participant != nil {
			p.SetEdge(from.participant, dB)
		}
	}
}

// admit gives the settings of a leg that wants in.
func (r *Room) admit(leg string) (*settings, error) {
	if len(r.seats) == 0 && !r.locked {
		clear(r.known)
	}
	set := r.known[leg]
	switch {
	case set != nil && set.kicked:
		return nil, ErrKicked
	case set == nil && r.locked:
		return nil, ErrLocked
	case len(r.seats) >= r.limit:
		return nil, ErrFull
	case set == nil:
		if len(r.known) > 4*mixer.MaxMembers { // a room that has not been empty for very long
			maps.DeleteFunc(r.known, func(leg string, _ *settings) bool { return r.seat(leg) == nil })
		}
		set = &settings{}
		r.known[leg] = set
	}
	return set, nil
}

// Admit lets a leg in that is expected, into a locked room too; muted leaves its voice out from its first packet on, until SetMuted puts
// it in. In a room that is empty it has no effect.
func (r *Room) Admit(leg string, muted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[leg] == nil {
		r.known[leg] = &settings{muted: muted}
	}
}

// with does something to a seat, then brings it into force, with all edges to it.
func (r *Room) with(leg string, do func(*seat)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seat(leg)
	if s == nil {
		return fmt.Errorf("leg %s: %w", leg, ErrNoMember)
	}
	do(s)
	r.enforce(s)
	return nil
}

func (r *Room) seat(leg string) *seat {
	if i := slices.IndexFunc(r.seats, func(s *seat) bool { return s.talk.id == leg }); i >= 0 {
		return r.seats[i]
	}
	return nil
}

// enforce applies the settings of a seat and the edges that others have to it.
func (r *Room) enforce(s *seat) {
	if s.participant == nil {
		return // when it is mixed
	}
	r.engine.cfg.Relay.Do(r.shard, func(*relay.Shard) {
		s.apply()
		for _, o := range r.seats {
			if dB, ok := o.set.edges[s.talk.id]; ok && o.participant != nil {
				o.participant.SetEdge(s.participant, dB)
			}
		}
	})
}

// SetMuted takes a leg's voice out of what all hear, or puts it back, in 200 ms. Error: ErrNoMember, as with all that name a leg.
func (r *Room) SetMuted(leg string, on bool) error {
	return r.with(leg, func(s *seat) { s.set.muted = on })
}

// SetDeaf lets a leg hear silence, or the others again.
func (r *Room) SetDeaf(leg string, on bool) error {
	return r.with(leg, func(s *seat) { s.set.deaf = on })
}

// SetGain sets how loud a leg's voice is to all: -45 dB, which is silence, to +12.
func (r *Room) SetGain(leg string, dB float64) error {
	return r.with(leg, func(s *seat) { s.set.gain = dB })
}

// SetEdge lets one leg hear another at a gain of its own, whatever all others hear of that one: with -45 dB not at all.
func (r *Room) SetEdge(hearer, speaker string, dB float64) error {
	return r.edge(hearer, speaker, func(h, s *seat) {
		if h.set.edges == nil {
			h.set.edges = make(map[string]float64)
		}
		h.set.edges[s.talk.id] = dB
	})
}

// ClearEdge lets one leg hear another as all do.
func (r *Room) ClearEdge(hearer, speaker string) error {
	return r.edge(hearer, speaker, func(h, s *seat) {
		r.forget(h, s)
	})
}

// forget ends an edge, if there is one.
func (r *Room) forget(h, s *seat) {
	delete(h.set.edges, s.talk.id)
	if h.participant != nil && s.participant != nil {
		r.engine.cfg.Relay.Do(r.shard, func(*relay.Shard) { h.participant.ClearEdge(s.participant) })
	}
}

func (r *Room) edge(hearer, speaker string, do func(h, s *seat)) error {
	var missing error
	err := r.with(hearer, func(h *seat) {
		s := r.seat(speaker)
		if s == nil {
			missing = fmt.Errorf("leg %s: %w", speaker, ErrNoMember)
			return
		}
		do(h, s)
	})
	return errors.Join(err, missing)
}

// Whisper lets a coach be heard by one leg and nobody else, while it hears all.
func (r *Room) Whisper(coach, to string) error {
	return errors.Join(r.SetMuted(coach, true), r.SetEdge(to, coach, 0))
}

// Barge lets everybody hear a leg that was muted or whispered.
func (r *Room) Barge(coach string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seat(coach)
	if s == nil {
		return fmt.Errorf("leg %s: %w", coach, ErrNoMember)
	}
	s.set.muted = false
	r.enforce(s)
	for _, h := range r.seats {
		r.forget(h, s)
	}
	return nil
}

// Kick takes a leg out of the mix for good: it hears nothing and is not heard, and keeps no place. Its call is for the
// caller to end.
func (r *Room) Kick(leg string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seat(leg)
	if s == nil {
		return fmt.Errorf("leg %s: %w", leg, ErrNoMember)
	}
	s.set.kicked = true
	return r.remove(s)
}

// SetLocked lets nobody in any more who has not been in, or again everybody.
func (r *Room) SetLocked(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.locked = on
}

// Play mixes recorded audio in, for one leg or, with "", for all, at a gain in dB. While nobody is mixed there is nobody to hear it, and
// it is over. Errors: mixer.ErrBusy, ErrNoMember, a rate that cannot be converted.
func (r *Room) Play(pcm []int16, rate int, dB float64, to string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := mixer.Announcement{Source: mixer.NewClip(pcm), Rate: rate, Gain: dB}
	if to != "" {
		s := r.seat(to)
		if s == nil {
			return fmt.Errorf("leg %s: %w", to, ErrNoMember)
		}
		if a.To = s.participant; a.To == nil {
			return nil
		}
	}
	return r.play(a)
}

// play begins an announcement, unless nobody would hear it.
func (r *Room) play(a mixer.Announcement) (err error) {
	r.engine.cfg.Relay.Do(r.shard, func(*relay.Shard) {
		if r.conf.Len() > 0 {
			_, err = r.conf.Play(a)
		}
	})
	return err
}

// Members tells of everybody who is in, in order of arrival.
func (r *Room) Members() []Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Member, len(r.seats))
	r.engine.cfg.Relay.Do(r.shard, func(*relay.Shard) {
		for i, s := range r.seats {
			list[i] = Member{Leg: s.talk.id, Level: -127, Muted: s.set.muted, Deaf: s.set.deaf, Gain: s.set.gain}
			if s.participant != nil {
				list[i].Level, list[i].Talking = s.participant.Level(), s.participant.Talking()
			}
		}
	})
	return list
}

// tell is for mixer.ConferenceConfig: on the shard's thread, so it never waits.
func (r *Room) tell(p *mixer.Participant, talking bool) {
	select {
	case r.events <- RoomEvent{Room: r.id, Leg: p.ID(), Talking: talking}:
	default:
		r.missed.Add(1)
	}
}

// Missed counts the events that found the channel full.
func (r *Room) Missed() uint64 { return r.missed.Load() }

// The chimes of who comes and who goes: two notes up, two down.
var (
	chimeIn  = mustParse("!523/90,!784/140")
	chimeOut = mustParse("!784/90,!523/140")
)

const chimeDB = -6

func mustParse(cadence string) tone.Cadence {
	c, err := tone.Parse(cadence)
	if err != nil {
		panic(err)
	}
	return c
}

// chime is heard by all who are mixed; a room that has as much to say as it may leaves it out.
func (r *Room) chime(cadence tone.Cadence) {
	if !r.chimes {
		return
	}
	if g, err := tone.NewGenerator(cadence, ProgramRate); err == nil {
		_ = r.play(mixer.Announcement{Source: g, Rate: ProgramRate, Gain: chimeDB})
	}
}
