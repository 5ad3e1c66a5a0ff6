package store

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
)

// Table is all values of one kind, by key. T is anything that encoding/json takes.
type Table[T any] struct {
	store *Store
	name  string

	mu     sync.RWMutex
	values map[string]T
}

// NewTable takes what the store has under a name, which is letters only, one table a name. A value that cannot be
// read is logged and left out.
func NewTable[T any](s *Store, name string) *Table[T] {
	t := &Table[T]{store: s, name: name, values: make(map[string]T)}
	s.mu.Lock()
	defer s.mu.Unlock()
	for path, raw := range s.kept {
		rest, ok := strings.CutPrefix(path, name+".")
		if !ok {
			continue
		}
		delete(s.kept, path)
		var v T
		key, err := hex.DecodeString(rest)
		if err == nil {
			err = json.Unmarshal(raw, &v)
		}
		if err != nil {
			s.log.Warn("kept value is not readable", "table", name, "key", rest, "err", err)
			continue
		}
		t.values[string(key)] = v
	}
	return t
}

// Get is the value of a key.
func (t *Table[T]) Get(key string) (T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	v, ok := t.values[key]
	return v, ok
}

// All is a copy of the table.
func (t *Table[T]) All() map[string]T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return maps.Clone(t.values)
}

// Put sets a key; it does not wait. It panics when T cannot be written as JSON, which no value can cause.
func (t *Table[T]) Put(key string, v T) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("store: table %s holds what is not JSON: %v", t.name, err))
	}
	t.mu.Lock()
	defer t.mu.Unlock() // keeps the order of values the same in memory and on disk
	t.values[key] = v
	t.store.put(t.path(key), raw)
}

// Delete forgets a key.
func (t *Table[T]) Delete(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.values[key]; !ok {
		return
	}
	delete(t.values, key)
	t.store.put(t.path(key), nil)
}

// path is the bucket's key. Telephone numbers have characters that the engine does not allow, so it is in hex.
func (t *Table[T]) path(key string) string { return t.name + "." + hex.EncodeToString([]byte(key)) }
