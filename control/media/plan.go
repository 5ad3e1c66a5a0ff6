package media

import (
	"slices"

	"sidetone/control/sdp"
)

// Plan says what a leg is for at this moment. The zero Plan is silence: what
// arrives is counted and dropped, nothing is sent.
type Plan struct {
	// To receives what this leg's phone says.
	To *Leg
	// AddDigits: keys may be sent to To with SendDigit meanwhile, in the stream of this leg.
	AddDigits bool
	// KeepDigits: telephone-events of this leg's phone do not reach To.
	KeepDigits bool
	// Hear is played to the leg's phone; nil when it hears another leg.
	Hear *Program
	// Pass is whose other sections get what this leg's bring, both ways or not.
	Pass *Leg
	// Room mixes the leg; To and Hear are then unused.
	Room *Room
}

// Connect gives two legs their plans at once; b may be nil. It brings the legs
// to one shard where a plan needs that, and changes only what differs from the
// present, so it may be called after every event.
func Connect(a, b *Leg, pa, pb Plan) error {
	first := a.retreat(pa)
	if b != nil {
		if err := b.retreat(pb); first == nil {
			first = err
		}
	}
	if err := a.advance(pa); first == nil {
		first = err
	}
	if b != nil {
		if err := b.advance(pb); first == nil {
			first = err
		}
		if err := b.route(pb.Pass); first == nil {
			first = err
		}
	}
	if err := a.route(pa.Pass); first == nil {
		first = err
	}
	return first
}

// retreat ends what the plan no longer has.
func (l *Leg) retreat(p Plan) error {
	var first error
	if l.seat != nil && l.seat.room != p.Room {
		first = l.seat.leave()
		l.seat = nil
	}
	if l.hearing != nil && (l.hearing.key.program != p.Hear || p.Room != nil || l.retuned) {
		l.hearing.stop()
		l.hearing = nil
	}
	if l.to != nil && (l.to != p.To || p.Room != nil) {
		if err := l.mute(); first == nil {
			first = err
		}
	}
	return first
}

// mute ends the pouring into another leg.
func (l *Leg) mute() error {
	l.to.splice.follow(nil)
	l.to.from, l.to = nil, nil
	return l.rewire()
}

// advance begins what the plan has and the leg has not.
func (l *Leg) advance(p Plan) error {
	if err := l.retune(); err != nil {
		return err
	}
	if p.Room != nil {
		return l.sit(p.Room)
	}
	if p.To != nil {
		if err := l.pour(p); err != nil {
			return err
		}
	}
	if p.Hear == nil || l.hearing != nil {
		return nil
	}
	h, err := l.engine.players.listen(p.Hear, l.relay.Shard(), l.talk().listener(l.relay))
	if err != nil {
		return err
	}
	l.hearing, l.retuned = h, false
	return nil
}

func (l *Leg) sit(r *Room) error {
	if l.seat == nil {
		s, err := r.join(l.relay, l.talk())
		if err != nil {
			return err
		}
		l.seat, l.retuned = s, false
		return nil
	}
	if !l.retuned {
		return nil
	}
	l.retuned = false
	return l.seat.change(l.talk())
}

// arriving is what the phone may send to the other leg. A voice codec that its answer left out does not come any more (RFC 3264,
// 7): where it would have to be transcoded it is left out too, as a transcoder takes up to 20 kB.
func (l *Leg) arriving(to *Leg) []sdp.Codec {
	return slices.DeleteFunc(slices.Clone(l.local), func(c sdp.Codec) bool {
		_, answered := sdp.Find(l.agreed.remote, c)
		_, same := sdp.Find(to.agreed.remote, c)
		return isVoice(c) && len(l.agreed.remote) > 0 && !answered && !same
	})
}

// pour routes what arrives at l to another leg, translated where they differ.
func (l *Leg) pour(p Plan) error {
	to := p.To
	spliced := !p.AddDigits && !p.KeepDigits || to.splice != nil
	from := l.arriving(to)
	if l.to == to && spliced && l.poured.silent == p.KeepDigits && sameCodecs(l.poured.local, from) && sameCodecs(l.poured.remote, to.agreed.remote) {
		return nil
	}
	if l.relay.Shard() != to.relay.Shard() {
		if l.hearing != nil {
			l.hearing.stop()
			l.hearing = nil
		}
		if err := l.relay.Move(to.relay.Shard()); err != nil {
			return err
		}
	}
	if !spliced {
		to.splice = newSplice(to.relay)
	}
	l.poured.local, l.poured.remote, l.poured.silent = from, to.agreed.remote, p.KeepDigits
	l.poured.how = translate(l.engine.cfg.Set, from, to.agreed.remote, &l.wish, &to.wish)
	before := l.to
	l.to = to
	if err := l.rewire(); err != nil {
		l.to = before
		return err
	}
	to.from = l
	return nil
}
