package sip

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// compact maps long header names to the short forms sipgo does not know (RFC 3261 7.3.3, RFC 3515, 3892, 4028, 6665, 3841).
var compact = map[string]string{
	"supported":           "k",
	"event":               "o",
	"refer-to":            "r",
	"referred-by":         "b",
	"session-expires":     "x",
	"content-encoding":    "e",
	"subject":             "s",
	"allow-events":        "u",
	"accept-contact":      "a",
	"reject-contact":      "j",
	"request-disposition": "d",
}

// values returns the raw values of every header of that name, long and compact form, in order of appearance.
func values(msg gosip.Message, name string) []string {
	var out []string
	for _, h := range msg.GetHeaders(name) {
		out = append(out, h.Value())
	}
	if short := compact[strings.ToLower(name)]; short != "" {
		for _, h := range msg.GetHeaders(short) {
			out = append(out, h.Value())
		}
	}
	return out
}

// value returns the first raw value of the header, or "".
func value(msg gosip.Message, name string) string {
	if v := values(msg, name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// tokens returns a comma-separated header (Require, Supported, Allow) as a list.
func tokens(msg gosip.Message, name string) []string {
	var out []string
	for _, v := range values(msg, name) {
		for _, t := range strings.Split(v, ",") {
			if t = strings.TrimSpace(t); t != "" {
				out = append(out, t)
			}
		}
	}
	return out
}

// param returns a header or URI parameter; names compare without case (RFC 3261 7.3.1).
func param(p gosip.HeaderParams, name string) (string, bool) {
	for _, kv := range p {
		if strings.EqualFold(strings.TrimSpace(kv.K), name) {
			return strings.Trim(strings.TrimSpace(kv.V), `"`), true
		}
	}
	return "", false
}

// fromTag and toTag return the tag or "".
func fromTag(msg gosip.Message) string {
	if h := msg.From(); h != nil {
		t, _ := param(h.Params, "tag")
		return t
	}
	return ""
}

func toTag(msg gosip.Message) string {
	if h := msg.To(); h != nil {
		t, _ := param(h.Params, "tag")
		return t
	}
	return ""
}

// callID returns the Call-ID or "".
func callID(msg gosip.Message) string {
	if h := msg.CallID(); h != nil {
		return h.Value()
	}
	return ""
}

// contacts returns every Contact; sipgo's Contact() gives the last only.
func contacts(msg gosip.Message) []*gosip.ContactHeader {
	var out []*gosip.ContactHeader
	for _, h := range msg.GetHeaders("contact") {
		if c, ok := h.(*gosip.ContactHeader); ok {
			out = append(out, c)
		}
	}
	return out
}

// clean makes text safe for a header line: CR, LF and NUL become spaces.
func clean(s string) string {
	if !strings.ContainsAny(s, "\r\n\x00") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, s)
}

// validToken says whether s may be a header or method name (RFC 3261 25.1 token).
func validToken(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("-.!%*_+`'~", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// quoted makes text safe inside a quoted-string (RFC 3261 25.1), as sipgo writes display names.
func quoted(s string) string {
	s = clean(s)
	if !strings.ContainsAny(s, `"\`) {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// unquoted undoes quoted for a display name as sipgo parsed it.
func unquoted(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// escapeUser percent-encodes what may not stand in the user part of a URI (RFC 3261 25.1 user).
func escapeUser(s string) string {
	const unreserved = "-_.!~*'()&=+$,;?/#"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return b.String()
}

// unescapeUser undoes percent-encoding; what is not valid encoding stays as it is.
func unescapeUser(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if raw, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.WriteByte(raw[0])
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// token returns n random bytes as hex: tags, branches and Call-IDs nobody off the path can guess.
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(b)
}

// branch returns a fresh Via branch (RFC 3261 8.1.1.7).
func branch() string { return gosip.RFC3261BranchMagicCookie + token(12) }
