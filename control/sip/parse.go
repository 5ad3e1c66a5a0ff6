package sip

import (
	"bytes"
	"fmt"
	"maps"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// newParser is sipgo's parser, made tolerant: a header that does not parse stays as raw text instead of throwing the
// whole message away, so that an optional header can be ignored and a mandatory one answered 400 (RFC 3261 8.2.2).
// Refer-To and Referred-By stay raw always: sipgo knows neither their compact forms nor their parameters.
func newParser() *gosip.Parser {
	headers := maps.Clone(gosip.DefaultHeadersParser())
	for name, parse := range headers {
		headers[name] = func(field []byte, text string) (gosip.Header, error) {
			h, err := parse(field, text)
			if err != nil && err.Error() != "comma detected" { // sipgo's unexported sign that a list goes on
				return gosip.NewHeader(string(field), text), nil
			}
			return h, err
		}
	}
	for _, name := range []string{"refer-to", "referred-by"} {
		delete(headers, name)
	}
	for _, name := range []string{"via", "v"} {
		parse := headers[name]
		headers[name] = func(field []byte, text string) (gosip.Header, error) { return parse(field, behindSemicolons(text)) }
	}
	return gosip.NewParser(gosip.WithHeadersParsers(headers))
}

// behindSemicolons moves the blanks that stand before semicolons behind them, where they mean as little (RFC 3261 25.1 SEMI): before
// them sipgo takes them for a part of the port. It counts in the text, so its length stays.
func behindSemicolons(via string) string {
	const most = 8 << 10 // it is called for each value of a list; no peer needs more
	if len(via) > most || !strings.Contains(via, " ;") && !strings.Contains(via, "\t;") {
		return via
	}
	b := make([]byte, 0, len(via))
	blanks := 0 // that are not written yet
	for i := range len(via) {
		switch c := via[i]; {
		case c == ' ' || c == '\t':
			blanks++
		case c == ';':
			b = append(b, c)
		default:
			for ; blanks > 0; blanks-- {
				b = append(b, ' ')
			}
			b = append(b, c)
		}
	}
	for ; blanks > 0; blanks-- {
		b = append(b, ' ')
	}
	return string(b)
}

// parse reads one message. What sipgo could make of a broken one is returned with the error; it never panics.
func (s *Stack) parse(b []byte) (msg gosip.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.count.panics.Add(1)
			msg, err = nil, fmt.Errorf("parser panic: %v", r)
		}
	}()
	msg, _, err = s.parser.Parse(b, false)
	return msg, err
}

// mended reads a request whose start line does not parse as if it were for another address, so that it can be answered,
// and says how: 416 for a scheme that is none of ours, else 400. nil when it is no request at all.
func (s *Stack) mended(b []byte) (*gosip.Request, *fault) {
	line, rest, ok := bytes.Cut(b, []byte("\r\n"))
	fields := strings.Fields(string(line))
	if !ok || len(fields) < 3 || !validToken(fields[0]) || !strings.EqualFold(fields[len(fields)-1], "SIP/2.0") {
		return nil, nil
	}
	msg, err := s.parse(append([]byte(fields[0]+" sip:mended.invalid SIP/2.0\r\n"), rest...))
	req, ok := msg.(*gosip.Request)
	if !ok || req == nil || err != nil && req.Via() == nil {
		return nil, nil
	}
	scheme, _, found := strings.Cut(fields[1], ":")
	switch strings.ToLower(scheme) {
	case "sip", "sips", "tel":
		found = false
	}
	if found && len(fields) == 3 && validToken(scheme) {
		return req, &fault{code: 416}
	}
	return req, &fault{code: 400}
}

// looksLikeSIP is the filter before the parser: RTP, STUN, DNS and noise on the port end here, for the price of a
// glance at the first line.
func looksLikeSIP(b []byte) bool {
	if len(b) < 16 {
		return false
	}
	line := b[:min(len(b), 2048)]
	for i, c := range line {
		if c == '\r' || c == '\n' {
			line = line[:i]
			break
		}
		if c < 0x20 || c == 0x7f {
			return false
		}
	}
	const version = "SIP/"
	return hasFold(line, version) || len(line) > 8 && containsFold(line[1:], " "+version)
}

// cleanLines says that the header section holds no LF without CR, no CR without LF and no NUL but an escaped one (RFC
// 4475 3.1.1.2). What passed would be copied into our responses and onto the other leg, where a lenient peer takes it for
// the end of a line.
func cleanLines(b []byte) bool {
	for i, c := range b {
		switch {
		case c == 0 && (i == 0 || b[i-1] != '\\'):
			return false
		case c == '\n' && (i == 0 || b[i-1] != '\r'), c == '\r' && (i+1 == len(b) || b[i+1] != '\n'):
			return false
		case c == '\n' && i >= 3 && b[i-2] == '\n':
			return true // the empty line: what follows is the body
		}
	}
	return true
}

func hasFold(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range prefix {
		c := b[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

func containsFold(b []byte, s string) bool {
	for i := range b {
		if hasFold(b[i:], s) {
			return true
		}
	}
	return false
}
