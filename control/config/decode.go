package config

import (
	"reflect"
	"strings"

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
