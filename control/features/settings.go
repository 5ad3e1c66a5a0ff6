package features

import (
	"sync"

	"sidetone/control/call"
	"sidetone/control/store"
)

// Settings are what stations have set by codes: forwards, do not disturb. They are read from memory and outlive the
// program. It may be used from any goroutine.
type Settings struct {
	mu    sync.Mutex // one change of a station at a time
	table *store.Table[call.Settings]
}

// NewSettings takes what the store has.
func NewSettings(s *store.Store) *Settings {
	return &Settings{table: store.NewTable[call.Settings](s, "settings")}
}

// Of is what a station has set.
func (s *Settings) Of(tel string) call.Settings {
	set, _ := s.table.Get(tel)
	return set
}

// Change changes what a station has set.
func (s *Settings) Change(tel string, change func(*call.Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.Of(tel)
	change(&set)
	if set == (call.Settings{}) {
		s.table.Delete(tel)
		return
	}
	s.table.Put(tel, set)
}
