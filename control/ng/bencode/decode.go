package bencode

import (
	"errors"
	"fmt"
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
	d := decoder{text: s}
	if v, err = d.value(); err != nil {
		return Value{}, s, fmt.Errorf("%w at byte %d", err, d.at)
	}
	return v, s[d.at:], nil
}

// decoder walks the text once.
type decoder struct {
	text string
	at   int
}

// group is an open list or dictionary.
type group struct {
	kind  Kind
	first int // of its values
}

// value reads one value. The values of open lists and dictionaries lie on one stack; each is copied off it in its final size when it
// closes.
func (d *decoder) value() (Value, error) {
	var (
		room   [48]Value // on the stack of the goroutine, and enough for most messages
		values = room[:0]
		open   [MaxDepth]group
		depth  = 0
	)
	for count := 0; ; {
		var v Value
		var err error
		switch c := d.next(); {
		case c == 'e' && depth > 0:
			g := open[depth-1]
			if v, err = closed(g.kind, values[g.first:]); err != nil {
				return Value{}, err
			}
			d.at++
			depth--
			values = values[:g.first]
		case count == MaxValues:
			return Value{}, ErrLimit
		case c >= '0' && c <= '9':
			count++
			v, err = d.str()
		case depth > 0 && open[depth-1].kind == Dict && (len(values)-open[depth-1].first)%2 == 0:
			return Value{}, ErrSyntax // a key is a string
		case c == 'i':
			count++
			v, err = d.integer()
		case (c == 'l' || c == 'd') && depth == MaxDepth:
			return Value{}, ErrLimit
		case c == 'l' || c == 'd':
			count++
			open[depth] = group{kindOf(c), len(values)}
			depth++
			d.at++
			continue
		default:
			err = ErrSyntax
		}
		if err != nil || depth == 0 {
			return v, err
		}
		values = append(values, v)
	}
}

// next is what comes next, 0 at the end.
func (d *decoder) next() byte {
	if d.at >= len(d.text) {
		return 0
	}
	return d.text[d.at]
}

func kindOf(c byte) Kind {
	if c == 'l' {
		return List
	}
	return Dict
}

// closed is the list or dictionary of these values.
func closed(kind Kind, values []Value) (Value, error) {
	if kind == Dict && len(values)%2 != 0 {
		return Value{}, ErrSyntax
	}
	items := make([]Value, len(values)) // not slices.Clone, whose result may be a part of its argument
	copy(items, values)
	return Value{kind: kind, items: items}, nil
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
