package relay

import (
	"sync"
	"sync/atomic"
)

// mailbox hands functions to a shard's thread, which runs them between batches, in the order posted.
//
//	Post ──► queue ──► take ──► shard thread
//	  └─ wakes the shard when it sleeps
type mailbox struct {
	pending  atomic.Bool // queue is not empty
	sleeping atomic.Bool // the shard waits, or is about to, and must be woken

	mu     sync.Mutex // guards the following
	queue  []func(*Shard)
	closed bool
}

// post queues fn and reports whether it will be run: false once the shard has stopped.
func (m *mailbox) post(fn func(*Shard), wake func()) bool {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.queue = append(m.queue, fn)
	m.pending.Store(true)
	m.mu.Unlock()
	if m.sleeping.Load() {
		wake()
	}
	return true
}

// take moves up to len(dst) functions into dst and returns how many.
func (m *mailbox) take(dst []func(*Shard)) int {
	if !m.pending.Load() {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := copy(dst, m.queue)
	rest := copy(m.queue, m.queue[n:])
	clear(m.queue[rest:])
	m.queue = m.queue[:rest]
	m.pending.Store(rest > 0)
	return n
}

// close refuses what is posted from now on. What is queued can still be taken.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}
