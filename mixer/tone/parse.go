package tone

import (
	"fmt"
	"slices"
)

// ParseError says what is wrong with a cadence string and where.
type ParseError struct {
	Input  string
	Column int // of the offending character, counted from 1; len(Input)+1 is the end
	Reason string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("tone %q: column %d: %s", e.Input, e.Column, e.Reason)
}

// Parse reads a cadence string in the grammar of the package comment. The error is a *ParseError.
func Parse(s string) (Cadence, error) {
	p := parser{in: s}
	segments := p.cadence()
	if p.err != nil {
		return Cadence{}, p.err
	}
	return Cadence{segments: segments}, nil
}

// parser is a cursor over the string; after the first error it stays where it is.
type parser struct {
	in  string
	at  int
	err *ParseError
}

func (p *parser) cadence() []Segment {
	var all []Segment
	for {
		start := p.at
		all = append(all, p.item()...)
		if p.err != nil {
			return nil
		}
		if len(all) > MaxSegments {
			return p.fail(start, fmt.Sprintf("more than %d segments", MaxSegments))
		}
		if p.at == len(p.in) {
			return all
		}
		if p.peek() != ',' {
			return p.fail(p.at, "expected ',' or the end")
		}
		if all[len(all)-1].Milliseconds == 0 {
			return p.fail(p.at, "nothing may follow a segment without a duration")
		}
		p.take(',')
		p.take(' ')
	}
}

func (p *parser) item() []Segment {
	once := p.take('!')
	var out []Segment
	if p.peek() == '(' {
		out = p.group()
	} else {
		out = p.segment(nil)
	}
	for i := range out {
		out[i].Once = once
	}
	return out
}

func (p *parser) group() []Segment {
	p.take('(')
	var out []Segment
	for {
		start := p.at
		out = p.segment(out)
		if p.err != nil {
			return nil
		}
		if out[len(out)-1].Milliseconds == 0 {
			return p.fail(p.at, "a segment in a group needs a duration")
		}
		if len(out) > MaxSegments {
			return p.fail(start, fmt.Sprintf("more than %d segments", MaxSegments))
		}
		if p.take(')') {
			break
		}
		if !p.take(',') {
			return p.fail(p.at, "expected ',' or ')'")
		}
		p.take(' ')
	}
	if !p.take('*') {
		return out
	}
	start := p.at
	count := p.number(1, MaxSegments, "a repeat count")
	if p.err != nil {
		return nil
	}
	if count*len(out) > MaxSegments {
		return p.fail(start, fmt.Sprintf("more than %d segments", MaxSegments))
	}
	return slices.Repeat(out, count)
}

func (p *parser) segment(out []Segment) []Segment {
	var s Segment
	if p.peek() == '0' && !digitAt(p.in, p.at+1) {
		p.at++
	} else {
		s.Parts = p.parts()
	}
	if p.err == nil && p.take('/') {
		s.Milliseconds = p.number(1, MaxMilliseconds, "a duration in milliseconds")
	}
	return append(out, s)
}

func (p *parser) parts() []Part {
	var parts []Part
	for {
		if len(parts) == MaxParts {
			p.fail(p.at, fmt.Sprintf("more than %d frequencies at once", MaxParts))
			return nil
		}
		start := p.at
		part := Part{Level: DefaultLevel}
		part.Frequency = p.number(MinFrequency, MaxFrequency, "a frequency in Hz")
		if p.err == nil && p.take('*') {
			part.Modulator = p.number(MinFrequency, MaxFrequency, "a modulating frequency in Hz")
		}
		if p.err == nil && p.take('@') {
			part.Level = p.level()
		}
		if p.err != nil {
			return nil
		}
		for _, q := range parts {
			if q.Frequency == part.Frequency && q.Modulator == part.Modulator {
				p.fail(start, "the same frequency twice")
				return nil
			}
		}
		parts = append(parts, part)
		if !p.take('+') {
			return parts
		}
	}
}

func (p *parser) level() int {
	start := p.at
	sign := 1
	if p.take('-') {
		sign = -1
	}
	n := sign * p.number(0, 99, "a level in dBm0")
	if p.err == nil && (n < MinLevel || n > MaxLevel) {
		p.fail(start, fmt.Sprintf("expected a level in dBm0 from %d to %d", MinLevel, MaxLevel))
	}
	return n
}

// number reads decimal digits without a leading zero.
func (p *parser) number(low, high int, what string) int {
	start, n := p.at, 0
	for digitAt(p.in, p.at) && n <= high {
		n = n*10 + int(p.in[p.at]-'0')
		p.at++
	}
	switch {
	case p.at == start:
		p.fail(start, "expected "+what)
	case p.in[start] == '0' && p.at > start+1:
		p.fail(start, "a number may not begin with 0")
	case n < low || n > high:
		p.fail(start, fmt.Sprintf("expected %s from %d to %d", what, low, high))
	}
	return n
}

func (p *parser) peek() byte {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) fail(at int, reason string) []Segment {
	if p.err == nil {
		p.err = &ParseError{Input: p.in, Column: at + 1, Reason: reason}
	}
	return nil
}

func digitAt(s string, i int) bool {
	return i < len(s) && s[i] >= '0' && s[i] <= '9'
}
