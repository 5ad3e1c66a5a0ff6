package features

import (
	"sync"

	"sidetone/control/call"
)

// Store keeps what stations have set. Both methods answer from memory.
type Store interface {
	Settings(tel string) call.Settings
	Change(tel string, change func(*call.Settings))
}

// Memory is a Store that lasts as long as the program. The zero value is ready.
type Memory struct {
	mu    sync.RWMutex
	byTel map[string]call.Settings
}

// Settings is for Store.
func (m *Memory) Settings(tel string) call.Settings {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.byTel[tel]
}

// Change is for Store.
func (m *Memory) Change(tel string, change func(*call.Settings)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.byTel[tel]
	change(&s)
	if s == (call.Settings{}) {
		delete(m.byTel, tel)
		return
	}
	if m.byTel == nil {
		m.byTel = make(map[string]call.Settings)
	}
	m.byTel[tel] = s
}
