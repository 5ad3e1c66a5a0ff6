package mixer

// signal is a mix that several listeners hear: limited once, encoded once a codec and ptime. It
// does nothing in a tick in which nobody listens.
type signal struct {
	limiter   limiter
	pcm       []int16 // this tick's output
	encodings []*encoding
	listeners int
}

func newSignal(rate, frame int) signal {
	return signal{limiter: newLimiter(rate), pcm: make([]int16, frame)}
}

// like returns the signal's encoding of the same format and ptime as e.
func (s *signal) like(e *encoding) *encoding {
	for _, have := range s.encodings {
		if have.makes(e.codec.Format, e.ptime) {
			return have
		}
	}
	made := e.sibling()
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
			e.encode(s.pcm)
		}
	}
	return limited, bent
}

// take makes a listener that has a limiter and an encoding of its own, which have just done this tick with the signal's
// mix, share the signal's from the next tick on, where that can make no difference: the states are the same, or there
// was no other listener and the signal goes on from the listener's own.
//
// hot path: no allocation, lock, clock or log
func (s *signal) take(e *encoding, ownLimiter *limiter, own *encoding) bool {
	if !own.canCopy() {
		return false
	}
	if s.listeners > 0 && !s.limiter.sameState(ownLimiter) || e.listeners > 0 && !e.sameState(own) {
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
