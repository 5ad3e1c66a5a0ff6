package media

import (
	"errors"
	"sync"
	"time"

	"sidetone/mixer"
	"sidetone/relay"
)

// ErrFull is returned when a room has all the members it may have.
var ErrFull = errors.New("room is full")

// ptime is what rooms and players send in one packet.
const ptime = 20 * time.Millisecond

// Room is a conference: one mixer.Conference on one shard and the legs in it.
// A member that is alone hears the waiting program instead of silence. It may
// be used from any goroutine.
type Room struct {
	engine *Engine
	limit  int
	alone  *Program

	mu      sync.Mutex
	shard   int // where it is mixed: that of the first leg in
	conf    *mixer.Conference
	seats   []*seat
	ticking bool
}

// seat is one leg's place in a room. What it needs to know of the leg is
// copied here, because the leg belongs to another actor than its neighbours.
type seat struct {
	room *Room
	leg  *relay.Leg
	talk talk

	// Guarded by room.mu. One of the two is set: a participant is mixed, a
	// listening one is alone.
	participant *mixer.Participant
	listening   *listening
}

// RoomConfig is what a room is opened with.
type RoomConfig struct {
	// Members is the most that may be in it at once.
	Members int
	// Alone is what a member hears while nobody else is in; nil is silence.
	Alone *Program
}

// OpenRoom makes an empty room. While it is empty it costs no tick.
func (e *Engine) OpenRoom(cfg RoomConfig) *Room {
	return &Room{
		engine: e, alone: cfg.Alone, limit: cfg.Members,
		conf: mixer.NewConference(mixer.ConferenceConfig{Rate: ProgramRate, Members: cfg.Members, Set: e.cfg.Set, Jitter: e.cfg.Jitter}),
	}
}

// Len is how many are mixed or waiting in the room now.
func (r *Room) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seats)
}

// join puts a leg into the mix: it hears and is heard from the next tick on.
// ErrFull leaves the others undisturbed.
func (r *Room) join(leg *relay.Leg, t talk) (*seat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seats) >= r.limit {
		return nil, ErrFull
	}
	if len(r.seats) == 0 {
		r.shard = leg.Shard()
	}
	if err := leg.Move(r.shard); err != nil {
		return nil, err
	}
	s := &seat{room: r, leg: leg, talk: t}
	r.seats = append(r.seats, s)
	if err := r.settle(); err != nil {
		r.drop(s)
		return nil, errors.Join(err, r.settle())
	}
	return s, nil
}

// leave takes a leg out of the mix; a single one left hears the waiting
// program again.
func (s *seat) leave() error {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(s)
	return errors.Join(r.vacate(s), r.settle())
}

// change gives a seated leg other codecs or payload types; the stream it hears
// goes on under its SSRC.
func (s *seat) change(t talk) error {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	s.talk = t
	if s.participant == nil {
		return errors.Join(r.vacate(s), r.settle())
	}
	var err error
	r.engine.cfg.Relay.Do(r.shard, func(*relay.Shard) {
		s.participant.SetReceive(t.receive)
		err = s.participant.SetSend(t.send, t.sendPT, t.ptime)
	})
	return errors.Join(err, s.leg.SetRoute(relay.Route{Sink: s.participant, Tap: t.tap}))
}

func (r *Room) drop(s *seat) {
	for i, m := range r.seats {
		if m == s {
			r.seats = append(r.seats[:i:i], r.seats[i+1:]...)
			return
		}
	}
}

// settle makes every seat what it should be: alone with the waiting program,
// or mixed.
func (r *Room) settle() error {
	alone := len(r.seats) == 1 && r.alone != nil
	var errs error
	for _, s := range r.seats {
		switch {
		case alone && s.listening == nil:
			errs = errors.Join(errs, r.vacate(s), r.amuse(s))
		case !alone && s.participant == nil:
			errs = errors.Join(errs, r.vacate(s), r.mix(s))
		}
	}
	return errs
}

func (r *Room) amuse(s *seat) (err error) {
	s.listening, err = r.engine.players.listen(r.alone, r.shard, s.talk.listener(s.leg))
	return err
}

func (r *Room) mix(s *seat) error {
	var p *mixer.Participant
	var err error
	r.engine.cfg.Relay.Do(r.shard, func(sh *relay.Shard) {
		if p, err = r.conf.Add(s.talk.participant(s.leg)); err == nil && !r.ticking {
			r.ticking = true
			sh.AddTicker(r.conf)
		}
	})
	if err != nil {
		return err
	}
	s.participant = p
	return s.leg.SetRoute(relay.Route{Sink: p, Tap: s.talk.tap})
}

// vacate stops whatever the seat hears and says.
func (r *Room) vacate(s *seat) error {
	if s.listening != nil {
		s.listening.stop()
		s.listening = nil
	}
	if s.participant == nil {
		return nil
	}
	err := s.leg.SetRoute(relay.Route{Tap: s.talk.tap})
	r.engine.cfg.Relay.Do(r.shard, func(sh *relay.Shard) {
		r.conf.Remove(s.participant)
		if r.conf.Len() == 0 && r.ticking {
			r.ticking = false
			sh.RemoveTicker(r.conf)
		}
	})
	s.participant = nil
	return err
}
