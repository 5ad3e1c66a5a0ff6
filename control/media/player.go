package media

import (
	"sync"

	"sidetone/codecs"
	"sidetone/mixer"
	"sidetone/relay"
)

// players holds the one mixer.Player of each (program, shard) that somebody
// hears, which resamples for the codecs that have another rate than the program. A player exists from its first listener to its last.
type players struct {
	relay *relay.Relay
	set   codecs.Set

	mu     sync.Mutex
	active map[playerKey]*activePlayer
}

type playerKey struct {
	program *Program
	shard   int
}

type activePlayer struct {
	player    *mixer.Player
	listeners int
}

// listening is one leg's place at a player.
type listening struct {
	players  *players
	key      playerKey
	listener *mixer.Listener
}

// listen makes out hear a program from the next tick of its shard on.
func (ps *players) listen(p *Program, shard int, to mixer.ListenerConfig) (*listening, error) {
	key := playerKey{p, shard}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	a := ps.active[key]
	fresh := a == nil
	if fresh {
		source, err := p.open()
		if err != nil {
			return nil, err
		}
		a = &activePlayer{player: mixer.NewPlayer(mixer.PlayerConfig{Source: source, Rate: p.rate, Set: ps.set})}
	}
	var l *mixer.Listener
	var err error
	ps.relay.Do(shard, func(s *relay.Shard) {
		if l, err = a.player.Add(to); err == nil && fresh {
			s.AddTicker(a.player)
		}
	})
	if err != nil {
		return nil, err
	}
	a.listeners++
	ps.active[key] = a
	return &listening{players: ps, key: key, listener: l}, nil
}

// stop ends the hearing; after it no packet of the player reaches the leg.
func (l *listening) stop() {
	ps := l.players
	ps.mu.Lock()
	defer ps.mu.Unlock()
	a := ps.active[l.key]
	a.listeners--
	last := a.listeners == 0
	if last {
		delete(ps.active, l.key)
	}
	ps.relay.Do(l.key.shard, func(s *relay.Shard) {
		a.player.Remove(l.listener)
		if last {
			s.RemoveTicker(a.player)
		}
	})
}
