package bencode

import (
	"iter"
	"strconv"
)

// Kind is what a Value is.
type Kind uint8

// The kinds. The zero Value is Absent: what Get returns for a key that is not there.
const (
	Absent Kind = iota
	String
	Integer
	List
	Dict
)

var kindNames = [...]string{Absent: "nothing", String: "string", Integer: "integer", List: "list", Dict: "dictionary"}

// String names the kind in words.
func (k Kind) String() string { return kindNames[k] }

// Value is one value of a message.
type Value struct {
	kind   Kind
	number int64
	text   string
	items  []Value // of a list its values; of a dictionary key, value, key, value, ...
}

// NewString makes a string; any bytes are allowed.
func NewString(s string) Value { return Value{kind: String, text: s} }

// NewInteger makes an integer.
func NewInteger(n int64) Value { return Value{kind: Integer, number: n} }

// NewList makes a list of the values.
func NewList(values ...Value) Value { return Value{kind: List, items: values} }

// NewStrings makes a list of strings.
func NewStrings(texts ...string) Value {
	items := make([]Value, len(texts))
	for i, s := range texts {
		items[i] = NewString(s)
	}
	return NewList(items...)
}

// NewDict makes an empty dictionary.
func NewDict() Value { return Value{kind: Dict} }

// Set adds a key to a dictionary that is being built. It does not look for an earlier one.
func (v *Value) Set(key string, value Value) {
	v.items = append(v.items, NewString(key), value)
}

// SetString adds a key with a string.
func (v *Value) SetString(key, value string) { v.Set(key, NewString(value)) }

// SetInteger adds a key with an integer.
func (v *Value) SetInteger(key string, value int64) { v.Set(key, NewInteger(value)) }

// Append adds a value to a list that is being built.
func (v *Value) Append(value Value) { v.items = append(v.items, value) }

// Kind returns what the value is.
func (v Value) Kind() Kind { return v.kind }

// Text returns a string's bytes, or an integer in decimal, since clients write numbers either way;
// false for lists and dictionaries.
func (v Value) Text() (string, bool) {
	switch v.kind {
	case String:
		return v.text, true
	case Integer:
		return strconv.FormatInt(v.number, 10), true
	default:
		return "", false
	}
}

// Int returns an integer, or a string that is one in decimal.
func (v Value) Int() (int64, bool) {
	switch v.kind {
	case Integer:
		return v.number, true
	case String:
		n, err := strconv.ParseInt(v.text, 10, 64)
		return n, err == nil
	default:
		return 0, false
	}
}

// Items returns a list's values; a string or integer counts as a list of itself.
func (v Value) Items() []Value {
	switch v.kind {
	case List:
		return v.items
	case String, Integer:
		return []Value{v}
	default:
		return nil
	}
}

// Len is the number of a list's values or of a dictionary's keys.
func (v Value) Len() int {
	switch v.kind {
	case List:
		return len(v.items)
	case Dict:
		return len(v.items) / 2
	default:
		return 0
	}
}

// Get returns what a dictionary has under the key, the last if there are several.
func (v Value) Get(key string) Value {
	if v.kind == Dict {
		for i := len(v.items) - 2; i >= 0; i -= 2 {
			if v.items[i].text == key {
				return v.items[i+1]
			}
		}
	}
	return Value{}
}

// Pairs ranges over a dictionary in the order in which it came.
func (v Value) Pairs() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.kind != Dict {
			return
		}
		for i := 0; i+1 < len(v.items); i += 2 {
			if !yield(v.items[i].text, v.items[i+1]) {
				return
			}
		}
	}
}
