package sdp

import (
	"iter"
	"slices"
	"strings"
)

// line is one line of a description: the letter before the equals sign (0 when the line has not that
// shape), the value behind it without trailing blanks, and the line as it came with its terminator.
type line struct {
	letter byte
	value  string
	raw    string
}

// newLine builds a line of our own. Control characters, which a peer may have put into a name that is
// passed on, could start a line of their own and are dropped.
func newLine(letter byte, value string) line {
	if strings.ContainsFunc(value, isControl) {
		bytes := slices.DeleteFunc([]byte(value), func(b byte) bool { return isControl(rune(b)) })
		value = string(bytes)
	}
	return line{letter: letter, value: value, raw: string(letter) + "=" + value + "\r\n"}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// appendLine writes the line; only the very last line of a description may lack its terminator.
func appendLine(b []byte, l line, last bool) []byte {
	b = append(b, l.raw...)
	if !last && !strings.HasSuffix(l.raw, "\n") && !strings.HasSuffix(l.raw, "\r") {
		b = append(b, "\r\n"...)
	}
	return b
}

// Section is the lines of one level of a description: the session's, or one media section's.
type Section struct {
	lines []line
}

// Value returns the value of the first line with the letter.
func (s *Section) Value(letter byte) (string, bool) {
	for _, l := range s.lines {
		if l.letter == letter {
			return l.value, true
		}
	}
	return "", false
}

// Attribute returns the value of the first a= line of that name: "" for a property attribute
// (a=rtcp-mux), the text behind the colon otherwise. Names are compared without regard to case.
func (s *Section) Attribute(name string) (string, bool) {
	for v := range s.Attributes(name) {
		return v, true
	}
	return "", false
}

// Attributes ranges over the values of all a= lines of that name, in order.
func (s *Section) Attributes(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, l := range s.lines {
			if n, v, ok := l.attribute(); ok && strings.EqualFold(n, name) && !yield(v) {
				return
			}
		}
	}
}

// AddAttribute appends "a=name:value", or "a=name" when the value is empty.
func (s *Section) AddAttribute(name, value string) {
	if value != "" {
		name += ":" + value
	}
	s.lines = append(s.lines, newLine('a', name))
}

// SetAttribute makes one line of all those of that name, in the place of the first.
func (s *Section) SetAttribute(name, value string) {
	text := name
	if value != "" {
		text += ":" + value
	}
	for i, l := range s.lines {
		if n, _, ok := l.attribute(); ok && strings.EqualFold(n, name) {
			s.lines[i] = newLine('a', text)
			rest := Section{lines: s.lines[i+1:]}
			rest.RemoveAttribute(name)
			s.lines = append(s.lines[:i+1], rest.lines...)
			return
		}
	}
	s.lines = append(s.lines, newLine('a', text))
}

// RemoveAttribute removes all a= lines of that name.
func (s *Section) RemoveAttribute(name string) {
	s.lines = slices.DeleteFunc(s.lines, func(l line) bool {
		n, _, ok := l.attribute()
		return ok && strings.EqualFold(n, name)
	})
}

// setValue replaces the first line with the letter, or inserts one where RFC 8866 section 5 wants
// it: behind the last line whose letter comes no later in order.
func (s *Section) setValue(letter byte, value, order string) {
	at := 0
	for i, l := range s.lines {
		if l.letter == letter {
			s.lines[i] = newLine(letter, value)
			return
		}
		if p := strings.IndexByte(order, l.letter); p >= 0 && p < strings.IndexByte(order, letter) {
			at = i + 1
		}
	}
	s.lines = slices.Insert(s.lines, at, newLine(letter, value))
}

// attribute splits an a= line into name and value.
func (l line) attribute() (name, value string, ok bool) {
	if l.letter != 'a' {
		return "", "", false
	}
	name, value, _ = strings.Cut(l.value, ":")
	return strings.TrimSpace(name), strings.TrimSpace(value), true
}
