package mixer

import "slices"

// edge is what one member hears of another, where that is not what all hear of it: the other's gain for all does not
// count for him. A coach whose gain for all is silence and who has an edge to one whispers to him.
type edge struct {
	from  *Participant
	fader fader
	ends  bool // on its way back to what all hear
	last  bool // the other has left and is heard a last time
	gain  span // this tick's
}

// SetEdge makes p hear from at a gain of its own, dB, whatever from's gain for all the others is. Gains go to -45 dB, which is
// silence, and +12; they move by less than 0.5 dB a millisecond. Both must be members of one conference.
func (p *Participant) SetEdge(from *Participant, dB float64) {
	if from == p || from.gone || from.conference != p.conference {
		return
	}
	e := p.edge(from)
	if e == nil {
		p.edges = append(p.edges, edge{from: from, fader: fixed(from.voiceGain.gain)})
		e = &p.edges[len(p.edges)-1]
	}
	e.fader.set(gainOf(dB))
	e.ends = false
}

// ClearEdge makes p hear from as all do.
func (p *Participant) ClearEdge(from *Participant) {
	if e := p.edge(from); e != nil {
		e.ends = true
	}
}

// Edge returns the gain set by SetEdge, linear, if there is one.
func (p *Participant) Edge(from *Participant) (gain float64, ok bool) {
	if e := p.edge(from); e != nil && !e.ends {
		return float64(e.fader.goal) / unityGain, true
	}
	return 0, false
}

func (p *Participant) edge(from *Participant) *edge {
	for i := range p.edges {
		if p.edges[i].from == from {
			return &p.edges[i]
		}
	}
	return nil
}

// moveEdges works out this tick's gains and tells whether any makes p hear something else than all do.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) moveEdges() (differs bool) {
	for i := 0; i < len(p.edges); {
		e := &p.edges[i]
		if e.last {
			p.edges = slices.Delete(p.edges, i, i+1)
			continue
		}
		e.last = e.from.gone
		common := &e.from.voiceGain
		if e.ends {
			e.fader.set(common.goal)
		}
		e.gain = e.fader.move().times(e.from.presence)
		if e.ends && e.fader.gain == common.gain && e.gain == e.from.gain {
			p.edges = slices.Delete(p.edges, i, i+1)
			continue
		}
		differs = differs || e.from.live && e.gain != e.from.gain
		i++
	}
	return differs
}

// bendEdges makes of a mix that all hear the one that p hears.
//
// hot path: no allocation, lock, clock or log
func (p *Participant) bendEdges(mix []int32) {
	for i := range p.edges {
		e := &p.edges[i]
		if !e.from.live || e.gain == e.from.gain {
			continue
		}
		e.from.contribute(mix, -1)
		if e.gain != mutedSpan {
			addScaled(mix, e.from.end.pcm, e.gain, 1)
		}
	}
}
