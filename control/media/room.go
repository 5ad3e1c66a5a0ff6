package media

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sidetone/mixer"
	"sidetone/relay"
)

// ErrFull is returned when a room has all the members it may have.
var ErrFull = errors.New("room is full")

// ErrEmpty is returned for the recording of a room that nobody is in.
var ErrEmpty = errors.New("room is empty")

// ptime is what rooms and players send in one packet.
const ptime = 20 * time.Millisecond

// Room is a conference: one mixer.Conference on one shard and the legs in it.
// A member that is alone hears the waiting program instead of silence. It may
// be used from any goroutine.
type Room struct {
	engine *Engine
	id     string
	limit  int
	alone  *Program
	events chan<- RoomEvent
	missed atomic.Uint64 // events
	chimes bool

	mu      sync.Mutex
	shard   int // where it is mixed: that of the first leg in
	conf    *mixer.Conference
	seats   []*seat
	ticking bool
	locked  bool
	known   map[string]*settings // by leg: who is or has been in since the room was empty
	tape    *tape                // nil while it is not recorded
}

// seat is one leg's place in a room. What it needs to know of the leg is
// copied here, because the leg belongs to another actor than its neighbours.
type seat struct {
	room *Room
	leg  *relay.Leg
	talk talk
	set  *settings

	// Guarded by room.mu. One of the two is set: a participant is mixed, a
	// listening one is alone.
	participant *mixer.Participant
	listening   *listening
}

// RoomConfig is what a room is opened with.
type RoomConfig struct {
	// ID names the room in events.
	ID string
	// Members is the most that may be in it at once.
	Members int
	// Alone is what a member hears while nobody else is in; nil is silence.
	Alone *Program
	// Talkers is how many are heard at once, the loudest; default mixer.DefaultTalkers.
	Talkers int
	// Chimes are heard when somebody comes or goes.
	Chimes bool
	// Events is told who begins and ceases to talk; default nobody. What finds it full is counted and lost.
	Events chan<- RoomEvent
}

// OpenRoom makes an empty room. While it is empty it costs no tick.
func (e *Engine) OpenRoom(cfg RoomConfig) *Room {
	r := &Room{engine: e, id: cfg.ID, alone: cfg.Alone, limit: cfg.Members, events: cfg.Events, chimes: cfg.Chimes, known: make(map[string]*settings)}
	c := mixer.ConferenceConfig{Rate: ProgramRate, Members: cfg.Members + 1, Talkers: cfg.Talkers, Set: e.cfg.Set, Jitter: e.cfg.Jitter}
	if r.events != nil {
		c.OnTalk = r.tell
	}
	r.conf = mixer.NewConference(c)
	return r
}

// Len is how many are mixed or waiting in the room now.
func (r *Room) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seats)
}

var (
	_ relay.Player = (*mixer.Participant)(nil) // as the route's Sink: VoIP metrics tell of its jitter buffer
	_ relay.Read   = (*mixer.Participant)(nil) // and its leg fails with the room
)

// join puts a leg into the mix: it hears and is heard from the next tick on.
// ErrFull, ErrLocked and ErrKicked leave the others undisturbed.
func (r *Room) join(leg *relay.Leg, t talk) (*seat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set, err := r.admit(t.id)
	if err != nil {
		return nil, err
	}
	if len(r.seats) == 0 {
		r.shard = leg.Shard()
	}
	if err = leg.Move(r.shard); err != nil {
		return nil, err
	}
	s := &seat{room: r, leg: leg, talk: t, set: set}
	r.seats = append(r.seats, s)
	if err := r.settle(); err != nil {
		r.drop(s)
		return nil, errors.Join(err, r.settle())
	}
	r.chime(chimeIn)
	return s, nil
}

// leave takes a leg out of the mix; a single one left hears the waiting
// program again.
func (s *seat) leave() error {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.remove(s)
}

// remove ends a seat; one that has ended is left alone.
func (r *Room) remove(s *seat) error {
	if !r.drop(s) {
		return nil
	}
	if len(r.seats) == 0 {
		r.untape()
	}
	err := errors.Join(r.vacate(s), r.settle())
	r.chime(chimeOut)
	return err
}

// change gives a seated leg other codecs or payload types; the stream it hears
// goes on under its SSRC.
func (s *seat) change(t talk) error {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	hears := s.talk.send == t.send && s.talk.sendPT == t.sendPT && s.talk.ptime == t.ptime // as before
	s.talk = t
	switch {
	case !slices.Contains(r.seats, s):
		return nil // kicked
	case s.participant == nil && hears:
		return s.leg.SetRoute(relay.Route{Tap: t.tap})
	case s.participant == nil:
		return errors.Join(r.vacate(s), r.settle())
	}
	var err error
	r.engine.cfg.Relay.Do(r.shard, func(*relay.Shard) {
		s.participant.SetReceive(t.receive)
		err = s.participant.SetSend(t.send, t.sendPT, t.ptime)
	})
	return errors.Join(err, s.leg.SetRoute(relay.Route{Sink: s.participant, Tap: t.tap}))
}

// drop takes a seat off the list; false when it is not on it.
func (r *Room) drop(s *seat) bool {
	i := slices.Index(r.seats, s)
	if i < 0 {
		return false
	}
	r.seats = slices.Delete(slices.Clone(r.seats), i, i+1)
	return true
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
	if s.listening, err = r.engine.players.listen(r.alone, r.shard, s.talk.listener(s.leg)); err != nil {
		return err
	}
	return s.leg.SetRoute(relay.Route{Tap: s.talk.tap})
}

func (r *Room) mix(s *seat) error {
	var p *mixer.Participant
	var err error
	as := s.talk.participant(s.leg)
	as.Muted, as.Deaf = s.set.muted, s.set.deaf // from its first packet on, not by a fade
	r.engine.cfg.Relay.Do(r.shard, func(sh *relay.Shard) {
		if p, err = r.conf.Add(as); err == nil && !r.ticking {
			r.ticking = true
			sh.AddTicker(r.conf)
		}
	})
	if err != nil {
		return err
	}
	s.participant = p
	r.enforce(s)
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
		if r.events != nil && s.participant.Talking() {
			r.tell(s.participant, false)
		}
		r.conf.Remove(s.participant)
		r.rest(sh)
	})
	s.participant = nil
	return err
}

// rest stops the ticks of a room that mixes nobody.
func (r *Room) rest(sh *relay.Shard) {
	if r.conf.Len() == 0 && r.ticking {
		r.ticking = false
		sh.RemoveTicker(r.conf)
	}
}
