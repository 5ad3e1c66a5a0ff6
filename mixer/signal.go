package mixer

// signal is a mix that several listeners hear: limited once, encoded once a codec and ptime. It
// does nothing in a tick in which nobody listens.
type signal struct {
	*stage
	next      *stage // at the rate the conference changes to
	encodings []*encoding
	listeners int
}

// stage is the part of a signal that has the rate of the mix.
type stage struct {
	limiter limiter
	pcm     []int16 // this tick's output
}

func newStage(rate int) *stage {
	return &stage{limiter: newLimiter(rate), pcm: make([]int16, samplesPerTick(rate))}
}

// like returns the signal's encoding of the same format and ptime as e.
func (s *signal) like(e *encoding) *encoding {
	for _, have := range s.encodings {
		if have.makes(e.codec.Format, e.ptime) {
			return have
		}
	}
	made := e.sibling(len(s.pcm) * ticksPerSecond)
	if s.next != nil {
		made.widen(len(s.next.pcm) * ticksPerSecond)
	}
	s.encodings = append(s.encodings, made)
	return made
}

// make makes this tick's output and packets of the mix.
//
// hot path: no allocation, lock, clock or log
func (s *signal) make(mix []int32, scratch *limiterScratch) (limited, bent int) {
	if s.listeners == 0 {
		return 0, 0
	}
	limited, bent = s.limiter.process(s.pcm, mix, scratch)
	for _, e := range s.encodings {
		if e.listeners > 0 {
			copy(e.frame(), s.pcm)
			e.encode()
		}
	}
	return limited, bent
}

// rehearse makes this tick's output at the old rate, for rise to fade from.
//
// hot path: no allocation, lock, clock or log
func (s *signal) rehearse(mix []int32, scratch *limiterScratch) {
	if s.listeners == 0 {
		return
	}
	s.limiter.process(s.pcm, mix, scratch)
	for _, e := range s.encodings {
		if e.listeners > 0 {
			copy(e.frame(), s.pcm)
			e.rehearse()
		}
	}
}

// rise goes over to the new rate.
func (s *signal) rise() {
	s.next.limiter.resume(&s.limiter)
	s.stage, s.next = s.next, nil
	for _, e := range s.encodings {
		e.rise()
	}
}

// take makes a listener that has a limiter and an encoding of its own, which have just done this tick with the signal's
// mix, share the signal's from the next tick on, where that can make no difference: the states are the same, or there
// was no other listener and the signal goes on from the listener's own; or none that is heard: the mix is in a lull (see lull).
//
// hot path: no allocation, lock, clock or log
func (s *signal) take(e *encoding, ownLimiter *limiter, own *encoding, lull bool) bool {
	if !own.canCopy() {
		return false
	}
	if s.listeners > 0 && !s.limiter.sameState(ownLimiter) || e.listeners > 0 && !e.sameState(own) && !(lull && e.inStep(own)) {
		return false
	}
	if s.listeners == 0 {
		s.limiter.copyState(ownLimiter)
	}
	if e.listeners == 0 {
		e.copyState(own)
	}
	s.listeners++
	e.listeners++
	return true
}

// leave ends the sharing.
func (s *signal) leave(e *encoding) {
	s.listeners--
	e.listeners--
}
