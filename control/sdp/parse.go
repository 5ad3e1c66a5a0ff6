package sdp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The limits of a description; phones stay far below them.
const (
	MaxSize  = 64 << 10 // bytes
	MaxLines = 2048     // lines of any kind
	MaxMedia = 32       // m= sections
)

// What Parse refuses.
var (
	ErrTooLarge = errors.New("sdp: description too large")
	ErrNotSDP   = errors.New("sdp: not a session description")
	ErrMedia    = errors.New("sdp: bad m= line")
)

// Parse reads a description. It wants no more than a v= line first and m= lines that name kind, port
// and protocol; missing, unknown and misplaced lines, bare line feeds and carriage returns, and a missing last line end are
// accepted and kept. The errors wrap ErrTooLarge, ErrNotSDP or ErrMedia.
func Parse(b []byte) (*Session, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), MaxSize)
	}
	s := &Session{}
	section := &s.Section
	rest, versioned := string(b), false
	for n := 1; rest != ""; n++ {
		if n > MaxLines {
			return nil, fmt.Errorf("%w: more than %d lines", ErrTooLarge, MaxLines)
		}
		var l line
		l, rest = cutLine(rest)
		if !versioned && strings.TrimSpace(l.raw) != "" {
			if l.letter != 'v' {
				return nil, fmt.Errorf("%w: line %d is not v=", ErrNotSDP, n)
			}
			versioned = true
		}
		if l.letter == 'm' {
			if len(s.Media) == MaxMedia {
				return nil, fmt.Errorf("%w: more than %d media sections", ErrTooLarge, MaxMedia)
			}
			m, err := parseMedia(s, l)
			if err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrMedia, n, err)
			}
			s.Media = append(s.Media, m)
			section = &m.Section
		}
		section.lines = append(section.lines, l)
	}
	if !versioned {
		return nil, fmt.Errorf("%w: empty", ErrNotSDP)
	}
	return s, nil
}

// cutLine takes the first line, with its terminator, off the text. A carriage return ends one too: what we took for the rest of a
// line, and passed on as it is, a phone could take for an m= line with an address of its own.
func cutLine(text string) (line, string) {
	end := strings.IndexAny(text, "\r\n") + 1
	switch {
	case end == 0:
		end = len(text)
	case strings.HasPrefix(text[end-1:], "\r\n"):
		end++
	}
	l := line{raw: text[:end]}
	if len(l.raw) >= 2 && l.raw[1] == '=' {
		l.letter, l.value = l.raw[0], strings.TrimRight(l.raw[2:], " \t\r\n")
	}
	return l, text[end:]
}

// parseMedia reads "audio 49170/2 RTP/AVP 0 8 101".
func parseMedia(s *Session, l line) (*Media, error) {
	f := strings.Fields(l.value)
	if len(f) < 3 {
		return nil, errors.New("kind, port and protocol wanted")
	}
	if slices.ContainsFunc(f, func(s string) bool { return strings.ContainsFunc(s, isControl) }) {
		return nil, errors.New("control character")
	}
	port, count, counted := strings.Cut(f[1], "/")
	m := &Media{session: s, Kind: f[0], Proto: f[2], Formats: f[3:], PortCount: 1}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, errors.New("port is no number up to 65535")
	}
	m.Port = uint16(p)
	if counted {
		if m.PortCount, err = strconv.Atoi(count); err != nil || m.PortCount < 1 {
			return nil, errors.New("bad number of ports")
		}
	}
	m.asParsed = m.head()
	return m, nil
}
