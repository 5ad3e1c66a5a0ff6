package codecs

import "slices"

// Set is the codecs of a build, in order of preference. It is a value: With gives a larger one.
type Set struct {
	codecs []Codec
}

// With gives a set that has the codecs of s and then these; a format that s has already is replaced.
func (s Set) With(more ...Codec) Set {
	joined := slices.Clone(s.codecs)
	for _, c := range more {
		if i := index(joined, c.Format); i >= 0 {
			joined[i] = c
		} else {
			joined = append(joined, c)
		}
	}
	return Set{joined}
}

// Codecs gives the codecs in order of preference; the slice is the caller's.
func (s Set) Codecs() []Codec { return slices.Clone(s.codecs) }

// Lookup finds the one-channel codec of an encoding name (without regard to case) and clock rate.
func (s Set) Lookup(name string, clockRate int) (Codec, bool) {
	return s.Find(Format{Name: name, ClockRate: clockRate})
}

// Find finds the codec of a format, as the format's Fmtp wants it; false also when it cannot be like that.
func (s Set) Find(f Format) (Codec, bool) {
	i := index(s.codecs, f)
	if i < 0 {
		return Codec{}, false
	}
	c := s.codecs[i]
	if c.Negotiate == nil || f.Fmtp == "" {
		return c, true
	}
	c, err := c.Negotiate(f.Fmtp)
	c.Fmtp = f.Fmtp
	return c, err == nil
}

// Static finds the codec of a static payload type (RFC 3551 section 6).
func (s Set) Static(payloadType uint8) (Codec, bool) {
	for _, c := range s.codecs {
		if c.PayloadType == payloadType && payloadType != Dynamic {
			return c, true
		}
	}
	return Codec{}, false
}

func index(codecs []Codec, f Format) int {
	return slices.IndexFunc(codecs, func(c Codec) bool { return c.Is(f) })
}
