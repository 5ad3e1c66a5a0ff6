package sdp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Session is one parsed description: the session's lines and the media sections in their order. It is
// not safe for concurrent use.
type Session struct {
	Section
	Media []*Media
}

// Bytes writes the description. Lines that were parsed and not touched come back as they were.
func (s *Session) Bytes() []byte {
	var b []byte
	for i, l := range s.lines {
		b = appendLine(b, l, len(s.Media) == 0 && i == len(s.lines)-1)
	}
	for n, m := range s.Media {
		for i, l := range m.lines {
			if i == 0 && m.head() != m.asParsed {
				l = newLine('m', m.head())
			}
			b = appendLine(b, l, n == len(s.Media)-1 && i == len(m.lines)-1)
		}
	}
	return b
}

// Audio returns the first audio section that was not refused (port 0), or nil.
func (s *Session) Audio() *Media {
	for _, m := range s.Media {
		if m.IsAudio() && !m.Rejected() {
			return m
		}
	}
	return nil
}

// Address returns the session's own connection address, or the zero Addr.
func (s *Session) Address() netip.Addr {
	v, _ := s.Value('c')
	return parseConnection(v)
}

// SetAddress writes the session's c= line.
func (s *Session) SetAddress(a netip.Addr) { s.setValue('c', connection(a), "vosiuepcbtrzka") }

// Origin is the o= line (RFC 8866 section 5.2). A description that changes keeps Username, ID and
// Address and counts Version up by one (RFC 3264 section 8).
type Origin struct {
	Username string // "" is written "-"
	ID       uint64
	Version  uint64
	Address  netip.Addr
}

// Origin reads the o= line; a user name may hold blanks. It reports false when the line is missing or
// its numbers are none.
func (s *Session) Origin() (Origin, bool) {
	v, _ := s.Value('o')
	f := strings.Fields(v)
	n := len(f)
	if n < 5 {
		return Origin{}, false
	}
	id, err1 := strconv.ParseUint(f[n-5], 10, 64)
	version, err2 := strconv.ParseUint(f[n-4], 10, 64)
	o := Origin{Username: strings.Join(f[:n-5], " "), ID: id, Version: version, Address: parseAddr(f[n-1])}
	if o.Username == "-" {
		o.Username = ""
	}
	return o, err1 == nil && err2 == nil
}

// SetOrigin writes the o= line.
func (s *Session) SetOrigin(o Origin) { s.setValue('o', o.String(), "vosiuepcbtrzka") }

// String is the value of the o= line.
func (o Origin) String() string {
	user := o.Username
	if user == "" {
		user = "-"
	}
	return fmt.Sprintf("%s %d %d %s", user, o.ID, o.Version, connection(o.Address))
}
