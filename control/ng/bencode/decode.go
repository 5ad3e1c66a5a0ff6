package bencode

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// The limits of a message; real ones stay far below them.
const (
	MaxDepth  = 16   // lists and dictionaries inside each other
	MaxValues = 4096 // values of any kind, keys among them
)

// What Decode refuses.
var (
	ErrSyntax = errors.New("bencode: malformed")
	ErrLimit  = errors.New("bencode: too deep or too many values")
)

// Decode reads the first value of s and returns what follows it. The strings of the value are parts
// of s. Errors wrap ErrSyntax or ErrLimit and name the offset.
func Decode(s string) (v Value, rest string, err error) {
	d := decoder{text: s, stack: make([]Value, 0, 48)}
	if v, err = d.value(0); err != nil {
		return Value{}, s, fmt.Errorf("%w at byte %d", err, d.at)
	}
	return v, s[d.at:], nil
}

// decoder walks the text once. The values of open lists and dictionaries lie on one stack; each is
// copied off it in its final size when it closes.
type decoder struct {
	text  string
	at    int
	count int
	stack []Value
}

func (d *decoder) value(depth int) (Value, error) {
	if d.at >= len(d.text) {
		return Value{}, ErrSyntax
	}
	if d.count++; d.count > MaxValues {
		return Value{}, ErrLimit
	}
	switch c := d.text[d.at]; {
	case c >= '0' && c <= '9':
		return d.str()
	case c == 'i':
		return d.integer()
	case c == 'l':
		return d.group(List, depth)
	case c == 'd':
		return d.group(Dict, depth)
	default:
		return Value{}, ErrSyntax
	}
}

// str reads "4:ping". A length beyond the text is refused before anything is done with it.
func (d *decoder) str() (Value, error) {
	length, i := 0, d.at
	for ; i < len(d.text) && d.text[i] >= '0' && d.text[i] <= '9'; i++ {
		if length = length*10 + int(d.text[i]-'0'); length > len(d.text) {
			return Value{}, ErrSyntax
		}
	}
	if i == d.at || i >= len(d.text) || d.text[i] != ':' || length > len(d.text)-i-1 {
		return Value{}, ErrSyntax
	}
	d.at = i + 1 + length
	return NewString(d.text[i+1 : d.at]), nil
}

// integer reads "i-42e".
func (d *decoder) integer() (Value, error) {
	const longest = len("-9223372036854775808")
	for i := d.at + 1; i < len(d.text) && i <= d.at+1+longest; i++ {
		if d.text[i] != 'e' {
			continue
		}
		n, err := strconv.ParseInt(d.text[d.at+1:i], 10, 64)
		if err != nil || d.text[d.at+1] == '+' {
			return Value{}, ErrSyntax
		}
		d.at = i + 1
		return NewInteger(n), nil
	}
	return Value{}, ErrSyntax
}

// group reads "l...e" or "d...e".
func (d *decoder) group(kind Kind, depth int) (Value, error) {
	if depth == MaxDepth {
		return Value{}, ErrLimit
	}
	mark := len(d.stack)
	for d.at++; ; {
		if d.at < len(d.text) && d.text[d.at] == 'e' {
			d.at++
			break
		}
		isKey := kind == Dict && (len(d.stack)-mark)%2 == 0
		if isKey && d.at < len(d.text) && (d.text[d.at] < '0' || d.text[d.at] > '9') {
			return Value{}, ErrSyntax
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		d.stack = append(d.stack, v)
	}
	items := slices.Clone(d.stack[mark:])
	d.stack = d.stack[:mark]
	if kind == Dict && len(items)%2 != 0 {
		return Value{}, ErrSyntax
	}
	return Value{kind: kind, items: items}, nil
}
