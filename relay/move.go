package relay

import "fmt"

// Move puts the leg on another shard, together with the legs that it is joined to by routes in either direction, so that
// no route ever crosses shards. No packet is lost: what arrives on the way waits in the ports. None of them may have a Sink,
// which belongs to the thread it is on; route it elsewhere first. A Tap, an Editor and the tickers of the legs move with them.
//
//	old shard: flush, detach ──► (on no shard) ──► new shard: attach, what waits is read
func (l *Leg) Move(shard int) error {
	r := l.relay
	r.topology.Lock()
	defer r.topology.Unlock()
	if shard < 0 || shard >= len(r.shards) {
		return fmt.Errorf("leg %s: move: shard %d of %d", l.id, shard, len(r.shards))
	}
	if shard == l.shard {
		return nil
	}
	old := l.shard
	var group []*Leg
	var err error
	if !l.doLocked(func(s *Shard) {
		group = l.joined()
		for _, g := range group {
			if g.route.Sink != nil {
				err = fmt.Errorf("leg %s: move: leg %s: %w", l.id, g.id, ErrHasSink)
				return
			}
		}
		for _, g := range group {
			s.settle(g)
		}
		for _, g := range group {
			s.detach(g)
		}
	}) {
		return fmt.Errorf("leg %s: move: %w", l.id, ErrClosed)
	}
	if err != nil {
		return err
	}
	if err = r.attachGroup(shard, group); err == nil {
		return nil
	}
	if back := r.attachGroup(old, group); back != nil {
		return fmt.Errorf("leg %s: move: %w; and back: %w", l.id, err, back)
	}
	return fmt.Errorf("leg %s: move: %w", l.id, err)
}

// attachGroup puts legs that are on no shard on one, all or none. topology is locked.
func (r *Relay) attachGroup(shard int, group []*Leg) (err error) {
	err = ErrClosed
	attach := func(s *Shard) {
		for i, g := range group {
			if err = s.attach(g); err != nil {
				for _, h := range group[:i] {
					s.detach(h)
				}
				return
			}
		}
	}
	if !r.do(shard, attach) {
		// The relay has stopped between the two; the legs need a place to be closed from.
		r.after(func() { attach(r.shards[shard]) })
	}
	if err != nil {
		return err
	}
	for _, g := range group {
		r.shards[g.shard].load.Add(-1)
		r.shards[shard].load.Add(1)
		g.shard = shard
	}
	return nil
}

// joined returns the leg and all legs joined to it by routes. On the shard's thread.
func (l *Leg) joined() []*Leg {
	group := []*Leg{l}
	seen := map[*Leg]bool{l: true}
	add := func(g *Leg) {
		if g != nil && !seen[g] {
			seen[g] = true
			group = append(group, g)
		}
	}
	for i := 0; i < len(group); i++ {
		add(group[i].route.To)
		for _, f := range group[i].from {
			add(f)
		}
	}
	return group
}

// doLocked runs fn on the leg's shard and waits; false when the leg is closed. topology is locked.
func (l *Leg) doLocked(fn func(s *Shard)) bool {
	open := false
	ran := l.relay.do(l.shard, func(s *Shard) {
		if open = l.on == s; open {
			fn(s)
		}
	})
	return ran && open
}
