package ng

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"sidetone/control/ng/bencode"
)

var (
	errJSON      = errors.New("malformed JSON")
	errJSONLimit = errors.New("JSON too deep or with too many values")
)

// decodeJSON reads a JSON message (RFC 8259) into the value that the same message has in bencode:
// true and false become "yes" and "no", null is left out, whole numbers only. Strings keep
// whatever bytes they have, so that a description in another encoding passes unharmed.
func decodeJSON(s string) (bencode.Value, error) {
	d := jsonDecoder{text: s}
	v, err := d.value(0)
	if d.blanks(); err == nil && d.at < len(d.text) {
		err = errJSON
	}
	if err != nil {
		return bencode.Value{}, fmt.Errorf("%w at byte %d", err, d.at)
	}
	return v, nil
}

// jsonDecoder walks the text once, within the limits of bencode.
type jsonDecoder struct {
	text  string
	at    int
	count int
}

func (d *jsonDecoder) value(depth int) (bencode.Value, error) {
	if d.count++; d.count > bencode.MaxValues || depth > bencode.MaxDepth {
		return bencode.Value{}, errJSONLimit
	}
	d.blanks()
	switch c := d.peek(); {
	case c == '"':
		s, err := d.str()
		return bencode.NewString(s), err
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.array(depth)
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case d.word("true"):
		return bencode.NewString("yes"), nil
	case d.word("false"):
		return bencode.NewString("no"), nil
	case d.word("null"):
		return bencode.Value{}, nil
	default:
		return bencode.Value{}, errJSON
	}
}

func (d *jsonDecoder) object(depth int) (bencode.Value, error) {
	v := bencode.NewDict()
	for more := d.open('}'); more; more = d.next('}') {
		d.blanks()
		key, err := d.str()
		if err != nil {
			return bencode.Value{}, err
		}
		if d.blanks(); !d.take(':') {
			return bencode.Value{}, errJSON
		}
		item, err := d.value(depth + 1)
		if err != nil {
			return bencode.Value{}, err
		}
		if item.Kind() != bencode.Absent {
			v.Set(key, item)
		}
	}
	return v, d.closed('}')
}

func (d *jsonDecoder) array(depth int) (bencode.Value, error) {
	v := bencode.NewList()
	for more := d.open(']'); more; more = d.next(']') {
		item, err := d.value(depth + 1)
		if err != nil {
			return bencode.Value{}, err
		}
		if item.Kind() != bencode.Absent {
			v.Append(item)
		}
	}
	return v, d.closed(']')
}

// open steps over the bracket that starts a group and reports whether a first item follows.
func (d *jsonDecoder) open(end byte) bool {
	d.at++
	d.blanks()
	return d.peek() != end && d.at < len(d.text)
}

// next reports whether another item follows.
func (d *jsonDecoder) next(end byte) bool {
	d.blanks()
	if d.peek() == end {
		return false
	}
	return d.take(',')
}

// closed steps over the bracket that ends a group.
func (d *jsonDecoder) closed(end byte) error {
	if !d.take(end) {
		return errJSON
	}
	return nil
}

// number reads a whole number; a fraction of zero and an exponent are looked over.
func (d *jsonDecoder) number() (bencode.Value, error) {
	start := d.at
	for d.at < len(d.text) && (d.text[d.at] >= '0' && d.text[d.at] <= '9' || d.text[d.at] == '-' || d.text[d.at] == '+' ||
		d.text[d.at] == '.' || d.text[d.at]|0x20 == 'e') {
		d.at++
	}
	word := d.text[start:d.at]
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return bencode.NewInteger(n), nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || f != float64(int64(f)) || f > 1<<53 || f < -1<<53 {
		return bencode.Value{}, errJSON
	}
	return bencode.NewInteger(int64(f)), nil
}

// str reads a string; one without escapes is a part of the text.
func (d *jsonDecoder) str() (string, error) {
	if !d.take('"') {
		return "", errJSON
	}
	start := d.at
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; {
		case c == '"':
			d.at++
			return d.text[start : d.at-1], nil
		case c == '\\':
			return d.escaped(append(make([]byte, 0, 2*(d.at-start)+64), d.text[start:d.at]...))
		case c < ' ':
			return "", errJSON
		}
	}
	return "", errJSON
}

// escaped goes on with a string in which the first escape was met.
func (d *jsonDecoder) escaped(b []byte) (string, error) {
	for d.at < len(d.text) {
		c := d.text[d.at]
		d.at++
		switch {
		case c == '"':
			return string(b), nil
		case c < ' ':
			return "", errJSON
		case c != '\\':
			b = append(b, c)
			continue
		}
		switch c := d.peek(); c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, ok := d.unicode()
			if !ok {
				return "", errJSON
			}
			b = utf8.AppendRune(b, r)
			continue
		default:
			return "", errJSON
		}
		d.at++
	}
	return "", errJSON
}

// unicode reads the "u00e9" of an escape, and a second one that completes a surrogate pair.
func (d *jsonDecoder) unicode() (rune, bool) {
	r, ok := d.hex()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	mark := d.at
	if d.take('\\') && d.peek() == 'u' {
		if low, ok := d.hex(); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, true
			}
		}
	}
	d.at = mark
	return utf8.RuneError, true
}

func (d *jsonDecoder) hex() (rune, bool) {
	if d.at+5 > len(d.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(d.text[d.at+1:d.at+5], 16, 16)
	d.at += 5
	return rune(n), err == nil
}

func (d *jsonDecoder) blanks() {
	for d.at < len(d.text) && (d.text[d.at] == ' ' || d.text[d.at] == '\t' || d.text[d.at] == '\r' || d.text[d.at] == '\n') {
		d.at++
	}
}

// peek returns the next byte, 0 at the end.
func (d *jsonDecoder) peek() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

func (d *jsonDecoder) take(c byte) bool {
	if d.at >= len(d.text) || d.text[d.at] != c {
		return false
	}
	d.at++
	return true
}

func (d *jsonDecoder) word(w string) bool {
	if len(d.text)-d.at < len(w) || d.text[d.at:d.at+len(w)] != w {
		return false
	}
	d.at += len(w)
	return true
}

// appendJSONString quotes s. Bytes that are no UTF-8 are passed as they are.
func appendJSONString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
