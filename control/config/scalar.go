package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

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
