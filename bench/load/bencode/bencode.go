package bencode

import (
	"errors"
	"maps"
	"slices"
	"strconv"
)

// What a reply may hold; real ones stay far below.
const (
	maxDepth  = 16
	maxValues = 4096
)

var errMalformed = errors.New("bencode: malformed")

// Append appends a value made of string, int, []string, []any and map[string]any. Keys are sorted, as the
// format wants. Any other type is a mistake in this package.
func Append(dst []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		dst = strconv.AppendInt(dst, int64(len(v)), 10)
		dst = append(dst, ':')
		return append(dst, v...)
	case int:
		dst = append(dst, 'i')
		dst = strconv.AppendInt(dst, int64(v), 10)
		return append(dst, 'e')
	case []string:
		dst = append(dst, 'l')
		for _, s := range v {
			dst = Append(dst, s)
		}
		return append(dst, 'e')
	case []any:
		dst = append(dst, 'l')
		for _, s := range v {
			dst = Append(dst, s)
		}
		return append(dst, 'e')
	case map[string]any:
		dst = append(dst, 'd')
		for _, key := range slices.Sorted(maps.Keys(v)) {
			dst = Append(dst, key)
			dst = Append(dst, v[key])
		}
		return append(dst, 'e')
	}
	panic("bencode: no such type")
}

// Parse reads one value that fills all of the text: string, int, []any or map[string]any.
func Parse(text string) (any, error) {
	p := parser{text: text}
	v, err := p.value(0)
	if err == nil && p.at != len(text) {
		err = errMalformed
	}
	return v, err
}

type parser struct {
	text   string
	at     int
	values int
}

func (p *parser) value(depth int) (any, error) {
	p.values++
	if p.at >= len(p.text) || depth > maxDepth || p.values > maxValues {
		return nil, errMalformed
	}
	switch c := p.text[p.at]; {
	case c == 'i':
		p.at++
		return p.number('e')
	case c == 'l':
		p.at++
		list := []any{}
		for !p.end() {
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case c == 'd':
		p.at++
		dict := map[string]any{}
		for !p.end() {
			key, err := p.str()
			if err != nil {
				return nil, err
			}
			if dict[key], err = p.value(depth + 1); err != nil {
				return nil, err
			}
		}
		return dict, nil
	}
	return p.str()
}

// end steps over the 'e' of a list or dictionary.
func (p *parser) end() bool {
	if p.at < len(p.text) && p.text[p.at] == 'e' {
		p.at++
		return true
	}
	return false
}

func (p *parser) str() (string, error) {
	n, err := p.number(':')
	if err != nil || n < 0 || n > len(p.text)-p.at {
		return "", errMalformed
	}
	p.at += n
	return p.text[p.at-n : p.at], nil
}

func (p *parser) number(end byte) (int, error) {
	for i := p.at; i < len(p.text); i++ {
		if p.text[i] == end {
			n, err := strconv.Atoi(p.text[p.at:i])
			p.at = i + 1
			if err != nil {
				return 0, errMalformed
			}
			return n, nil
		}
	}
	return 0, errMalformed
}
