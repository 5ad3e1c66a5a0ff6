package mixer

// Who is heard when more talk than a conference mixes: the loudest, by a level averaged over 80 ms. Who is in stays until
// another is twice as loud, and for pickStay at least, so that places do not flicker.
const (
	pickStay   = 15 // ticks: 300 ms
	pickLouder = 2  // times the mean square: 3 dB
)

// pick is whether a member is among those who are heard. It comes and goes within a tick.
type pick struct {
	in    bool
	gain  int32 // at the end of the last tick
	since int   // ticks it has been in
	moved bool  // gain has been set
}

// move gives the gain of this tick.
//
// hot path: no allocation, lock, clock or log
func (k *pick) move() span {
	to := int32(0)
	if k.in {
		to = unityGain
		k.since++
	}
	from := k.gain
	if !k.moved {
		from, k.moved = to, true
	}
	k.gain = to
	return span{from, to}
}

func (k *pick) set(in bool) {
	if k.in != in {
		k.in, k.since = in, 0
	}
}

// elect chooses who is heard in this tick.
//
// hot path: no allocation, lock, clock or log
func (c *Conference) elect() {
	most := c.config.Talkers
	if len(c.members) <= most {
		return
	}
	in := 0
	for _, p := range c.members {
		if p.competes() && p.pick.in {
			in++
		}
	}
	for ; in > most; in-- {
		c.faintest().pick.set(false)
	}
	for ; in < most; in++ {
		best := c.loudest()
		if best == nil {
			c.forgive()
			return
		}
		best.pick.set(true)
	}
	if best, worst := c.loudest(), c.faintest(); best != nil && worst.pick.since >= pickStay && best.talk.level > pickLouder*worst.talk.level {
		best.pick.set(true)
		worst.pick.set(false)
	}
}

// seat puts everybody in when there is a place for everybody: elect has nothing to choose then.
func (c *Conference) seat() {
	if len(c.members) <= c.config.Talkers {
		for _, p := range c.members {
			p.pick.set(true)
		}
	}
}

// competes: it has a voice in this tick that all would hear.
func (p *Participant) competes() bool {
	return p.live && !p.held && (p.voiceGain.gain != 0 || p.voiceGain.goal != 0)
}

// loudest is the loudest of those who are not in, nil when there is none.
func (c *Conference) loudest() (best *Participant) {
	for _, p := range c.members {
		if p.competes() && !p.pick.in && (best == nil || p.talk.level > best.talk.level) {
			best = p
		}
	}
	return best
}

// faintest is the faintest of those who are in.
func (c *Conference) faintest() (worst *Participant) {
	for _, p := range c.members {
		if p.competes() && p.pick.in && (worst == nil || p.talk.level < worst.talk.level) {
			worst = p
		}
	}
	return worst
}

// forgive puts those in who say nothing, while there is a place for everybody who does: their first word is then heard from
// its beginning.
func (c *Conference) forgive() {
	for _, p := range c.members {
		if !p.competes() {
			p.pick.set(true)
		}
	}
}
