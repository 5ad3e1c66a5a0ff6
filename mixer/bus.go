package mixer

// bus is the memory that a conference mixes in at one rate.
type bus struct {
	rate, frame int
	sum         []int32
	mix         []int32 // scratch: what one member hears
	silence     []int32
	scratch     limiterScratch
}

func newBus(rate int) *bus {
	frame := samplesPerTick(rate)
	return &bus{rate: rate, frame: frame, sum: make([]int32, frame), mix: make([]int32, frame), silence: make([]int32, frame),
		scratch: newLimiterScratch(rate, frame)}
}

// end is a member's end of a bus: its voice on the way in, the limiter of what only it hears on the way out.
type end struct {
	in      *converter // from the voice's rate
	pcm     []int16    // this tick's voice, in in
	limiter limiter
}

func newEnd(voice, rate int) (*end, error) {
	in, err := newConverter(voice, rate, conversion)
	if err != nil {
		return nil, err
	}
	return &end{in: in, limiter: newLimiter(rate)}, nil
}

// needed gives the rate at which nothing is lost that one member could hear of another: the second highest of
// their codecs' rates, between the least and the most the conference may have.
func (c *Conference) needed() int {
	first, second := 0, 0
	for _, p := range c.members {
		if r := p.encoding.codec.SampleRate; r > first {
			first, second = r, first
		} else if r > second {
			second = r
		}
	}
	return max(c.config.Rate, min(second, c.config.MaxRate))
}

// fitRate prepares the change to a higher rate when the members need one. Never to a lower one while anybody is in:
// a room whose members' codecs come and go would change for ever.
func (c *Conference) fitRate() {
	rate := c.needed()
	if rate <= c.bus.rate || c.next != nil && rate <= c.next.rate {
		return
	}
	c.next = newBus(rate)
	for _, p := range c.members {
		p.widen()
	}
	for _, p := range c.leaving {
		p.widen()
	}
	for _, a := range c.playing {
		a.widen(rate)
	}
	for _, s := range []*signal{&c.all, &c.deaf} {
		s.next = newStage(rate)
		for _, e := range s.encodings {
			e.widen(rate)
		}
	}
}

// widen prepares a member for the next rate.
func (p *Participant) widen() {
	if next := p.conference.next; next != nil {
		p.nextEnd, _ = newEnd(p.voiceRate, next.rate) // the rates were checked when it came
		p.encoding.widen(next.rate)
	}
}

// rise does one tick at the old rate and at the new one, and fades from the one to the other at the ears, in front of the
// encoders: by then both carry the same, at the same time. From there on the new rate counts.
//
// hot path: no allocation, lock, clock or log
func (c *Conference) rise() {
	c.sumUp()
	c.all.rehearse(c.sum, &c.scratch)
	c.deaf.rehearse(c.silence, &c.scratch)
	for _, p := range c.members {
		if !p.held && p.shared == nil {
			p.end.limiter.process(p.encoding.frame(), p.mix(), &c.scratch)
			p.encoding.rehearse()
		}
	}
	c.bus, c.next = c.next, nil
	for _, p := range c.members {
		p.rise()
	}
	for _, p := range c.leaving {
		p.rise()
	}
	for _, a := range c.playing {
		a.rise()
	}
	c.all.rise()
	c.deaf.rise()
}

func (p *Participant) rise() {
	p.nextEnd.limiter.resume(&p.end.limiter)
	raw := p.nextEnd.in.frame()
	copy(raw, p.raw)
	p.raw = raw
	p.end, p.nextEnd = p.nextEnd, nil
	p.encoding.rise()
}
