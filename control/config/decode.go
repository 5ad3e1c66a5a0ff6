package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decode writes a tree over v, which holds the defaults. Keys that are not there keep them; a list
// replaces the whole default list. Faults are reported and the value left as it was.
func decode(r *report, n ast.Node, v reflect.Value, path string) {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.TagType, ast.MergeKeyType:
		r.unreadable(placeOf(n.GetToken()), path, "anchors, aliases and tags are not used in this file")
		return
	}
	switch {
	case isScalar(v.Type()):
		decodeScalar(r, n, v, path)
	case v.Kind() == reflect.Struct:
		decodeStruct(r, n, v, path)
	case v.Kind() == reflect.Slice:
		decodeSlice(r, n, v, path)
	default:
		panic("config: a field of type " + v.Type().String()) // a mistake in the schema, not in the file
	}
}

func decodeStruct(r *report, n ast.Node, v reflect.Value, path string) {
	if n.Type() == ast.NullType {
		return // "media:" with all its keys commented out
	}
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.unreadable(placeOf(n.GetToken()), path, "wants keys and values, found %s", kindOf(n))
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for _, pair := range m.Values {
		place := placeOf(pair.Key.GetToken())
		if pair.Key.Type() == ast.MergeKeyType {
			r.unreadable(place, path, "anchors, aliases and tags are not used in this file")
			continue
		}
		key := pair.Key.GetToken().Value
		at := join(path, key)
		index, known := fields.index[key]
		switch {
		case !known:
			r.addAt(place, at, "unknown key%s", suggestion(key, fields.names))
		case seen[key]:
			r.addAt(place, at, "said twice")
		default:
			seen[key] = true
			r.places[at] = placeOf(pair.Value.GetToken())
			if _, nested := pair.Value.(*ast.MappingNode); nested {
				r.places[at] = place
			}
			decode(r, pair.Value, v.Field(index), at)
		}
	}
}

func decodeSlice(r *report, n ast.Node, v reflect.Value, path string) {
	if n.Type() == ast.NullType {
		return
	}
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.unreadable(placeOf(n.GetToken()), path, "wants a list, found %s", kindOf(n))
		return
	}
	list := reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	for i, e := range s.Values {
		at := entry(path, i)
		r.places[at] = placeOf(firstToken(e))
		setEntryDefaults(list.Index(i).Addr().Interface())
		decode(r, e, list.Index(i), at)
	}
	v.Set(list)
}

// setEntryDefaults fills an entry of a list before it is decoded.
func setEntryDefaults(entry any) {
	switch e := entry.(type) {
	case *Station:
		*e = newStation()
	case *Interface:
		*e = newInterface()
	case *Music:
		*e = newMusic()
	case *Group:
		*e = newGroup()
	case *Trunk:
		*e = newTrunk()
	case *Room:
		*e = newRoom()
	}
}

// isScalar tells the types that are written as one word.
func isScalar(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix](),
		reflect.TypeFor[PortRange](), reflect.TypeFor[Secret]():
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int:
		return true
	}
	return false
}

func decodeScalar(r *report, n ast.Node, v reflect.Value, path string) {
	fail := func(format string, args ...any) { r.unreadable(placeOf(n.GetToken()), path, format, args...) }
	switch p := v.Addr().Interface().(type) {
	case *bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			fail("wants true or false, found %s", describe(n))
			return
		}
		*p = b.Value
	case *int:
		if i, ok := n.(*ast.IntegerNode); ok {
			if value, err := strconv.Atoi(i.GetToken().Value); err == nil {
				*p = value
				return
			}
		}
		fail("wants a whole number, found %s", describe(n))
	case *Secret:
		text, ok := stringOf(n)
		if !ok {
			fail("wants text in quotes, found %s", kindOf(n))
			return
		}
		*p = NewSecret(text)
	case *string:
		text, ok := stringOf(n)
		if !ok {
			switch n.Type() {
			case ast.MappingType, ast.MappingValueType:
				fail("wants text, found %s (a text with a colon in it goes in quotes)", kindOf(n))
			case ast.SequenceType, ast.NullType:
				fail("wants text, found %s", kindOf(n))
			default:
				fail("wants text, found %s (put it in quotes: %q)", describe(n), n.GetToken().Value)
			}
			return
		}
		*p = text
	default:
		text, ok := stringOf(n)
		if i, isInt := n.(*ast.IntegerNode); isInt {
			text, ok = i.GetToken().Value, true
		}
		if !ok {
			fail("wants text, found %s", kindOf(n))
			return
		}
		if err := parseScalar(v, text); err != nil {
			fail("%s", err)
		}
	}
}

// parseScalar reads the types that have a form of their own.
func parseScalar(v reflect.Value, text string) error {
	var err error
	switch p := v.Addr().Interface().(type) {
	case *time.Duration:
		*p, err = parseDuration(text)
	case *netip.Addr:
		*p, err = parseAddr(text)
	case *netip.Prefix:
		*p, err = parseNetwork(text)
	case *PortRange:
		*p, err = parsePortRange(text)
	}
	return err
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	if _, err := strconv.Atoi(text); err == nil {
		return 0, fmt.Errorf("%s has no unit; write %ss for seconds", text, text)
	}
	return 0, fmt.Errorf("%q is no duration, such as 600s, 20ms or 1h30m", text)
}

// parseAddr reads an IP address; "" is none.
func parseAddr(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%q is no IP address", text)
	}
	return a.Unmap(), nil
}

// stringOf is the text of a string node, quoted, plain or a block.
func stringOf(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	}
	return "", false
}

// isWord tells a plain scalar that YAML takes for something other than text.
func isWord(n ast.Node) bool {
	switch n.Type() {
	case ast.IntegerType, ast.FloatType, ast.BoolType, ast.InfinityType, ast.NanType:
		return true
	}
	return false
}

// describe names a node with its value; not for secrets.
func describe(n ast.Node) string {
	if text, ok := stringOf(n); ok {
		return "the text " + strconv.Quote(text)
	}
	if isWord(n) {
		return strings.Replace(kindOf(n), "a ", "the ", 1) + " " + n.GetToken().Value
	}
	return kindOf(n)
}

// kindOf names what sort of thing a node is.
func kindOf(n ast.Node) string {
	switch n.Type() {
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.BoolType:
		return "a truth value"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.MappingType, ast.MappingValueType:
		return "keys and values"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	}
	return "something else"
}

// firstToken is where an entry begins: a block mapping's own token is its first colon.
func firstToken(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken()
	}
	return n.GetToken()
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// fields are a struct's keys in their order.
type fields struct {
	names []string
	index map[string]int
}

func fieldsOf(t reflect.Type) fields {
	f := fields{index: map[string]int{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" {
			f.names = append(f.names, name)
			f.index[name] = i
		}
	}
	return f
}
