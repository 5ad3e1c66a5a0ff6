package dtmf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The content types of keys in SIP INFO. Neither is a standard; both are what phones send, the first with a duration.
const (
	ContentRelay = "application/dtmf-relay" // Signal=5 and Duration=160 (milliseconds), a line each
	ContentPlain = "application/dtmf"       // the key alone
)

// ErrInfo says that an INFO body carries no key.
var ErrInfo = errors.New("no key in the INFO")

// longestInfo is more than any body that carries a key.
const longestInfo = 1024

// IsInfo tells whether a content type, with or without parameters, is one of those two.
func IsInfo(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.TrimSpace(t)
	return strings.EqualFold(t, ContentRelay) || strings.EqualFold(t, ContentPlain)
}

// ParseInfo reads the body of an INFO. A key may be written as itself or as its event code, as in "10" for '*'. Errors
// wrap ErrInfo.
func ParseInfo(contentType string, body []byte) (Press, error) {
	if !IsInfo(contentType) {
		return Press{}, fmt.Errorf("%w: content type %q", ErrInfo, contentType)
	}
	if len(body) > longestInfo {
		return Press{}, fmt.Errorf("%w: %d octets", ErrInfo, len(body))
	}
	var p Press
	found := false
	for line := range strings.Lines(string(body)) {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			name, value = "signal", line
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "signal":
			if found || value == "" {
				continue // blank lines, and what follows a key
			}
			if p.Key, found = infoKey(value); !found {
				return Press{}, fmt.Errorf("%w: signal %q", ErrInfo, value)
			}
		case "duration":
			if ms, err := strconv.ParseUint(value, 10, 16); err == nil {
				p.Duration = time.Duration(ms) * time.Millisecond
			}
		}
	}
	if !found {
		return Press{}, ErrInfo
	}
	return p, nil
}

func infoKey(value string) (byte, bool) {
	if len(value) == 1 {
		code, ok := Code(value[0])
		key, _ := Key(code)
		return key, ok
	}
	code, err := strconv.ParseUint(value, 10, 8)
	if err != nil {
		return 0, false
	}
	return Key(uint8(code))
}

// Info gives the body of an INFO with the press, of the type ContentRelay.
func (p Press) Info() (contentType string, body []byte) {
	signal := string(p.Key)
	if p.Key == Flash {
		signal = "16"
	}
	return ContentRelay, fmt.Appendf(nil, "Signal=%s\r\nDuration=%d\r\n", signal, p.Length().Milliseconds())
}
