package store

import (
	"bytes"
	"time"
)

// retry is how long after a refusal the disk is tried again.
const retry = time.Second

// write brings what is pending to the disk; false when the disk refuses it.
func (s *Store) write() bool {
	s.writing.Lock()
	defer s.writing.Unlock()
	for {
		key, value, ok := s.next()
		if !ok {
			return true
		}
		err := s.engine.put(key, value)
		if err == nil {
			s.written(key, value)
		}
		if failing := err != nil; failing != s.turned(failing) {
			if failing {
				s.log.Error("state cannot be written, kept in memory", "err", err)
			} else {
				s.log.Info("state is written again")
			}
		}
		if err != nil {
			return false
		}
	}
}

// next is any pending value.
func (s *Store) next() (key string, value []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", nil, false
	}
	for key, value = range s.pending {
		return key, value, true
	}
	return "", nil, false
}

// written forgets a pending value unless a newer one has come.
func (s *Store) written(key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, ok := s.pending[key]; ok && (now == nil) == (value == nil) && bytes.Equal(now, value) {
		delete(s.pending, key)
	}
}

// turned notes whether the disk fails and returns what was noted before.
func (s *Store) turned(failing bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.failing
	s.failing = failing
	return before
}
