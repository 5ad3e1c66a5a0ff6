package ng

import "sync"

// maxQueued is how many requests of one call may wait.
const maxQueued = 64

// queue runs closures one at a time in the order they were posted: the actor of one call. It owns a
// goroutine only while there is something to run.
type queue struct {
	panicked func(any) // gets what a closure panicked with; the next one then runs

	mu      sync.Mutex // guards the following
	items   []func()
	waiting int // posted and not yet begun
	running bool
}

// post appends fn. It never blocks.
func (q *queue) post(fn func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, fn)
	q.waiting++
	if !q.running {
		q.running = true
		go q.drain() // owned by the queue; ends by itself when the queue is empty
	}
}

// tryPost appends fn unless too much is waiting.
func (q *queue) tryPost(fn func()) bool {
	q.mu.Lock()
	full := q.waiting >= maxQueued
	q.mu.Unlock()
	if !full {
		q.post(fn)
	}
	return !full
}

func (q *queue) drain() {
	for {
		q.mu.Lock()
		batch := q.items
		q.items = nil
		if len(batch) == 0 {
			q.running = false
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		for _, fn := range batch {
			q.run(fn)
		}
	}
}

func (q *queue) run(fn func()) {
	q.mu.Lock()
	q.waiting--
	q.mu.Unlock()
	defer func() {
		if cause := recover(); cause != nil {
			q.panicked(cause)
		}
	}()
	fn()
}
