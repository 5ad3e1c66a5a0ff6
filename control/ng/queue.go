package ng

import (
	"sync"
	"sync/atomic"
)

const (
	maxQueued = 64 // requests of one call that may wait
	maxIdle   = 16 // workers that may wait for work
)

// queue runs closures one at a time in the order they were posted: the actor of one call. It occupies
// a worker of the crew only while there is something to run.
type queue struct {
	crew     *crew
	panicked func(any) // gets what a closure panicked with; the next one then runs

	mu      sync.Mutex // guards the following
	items   []func()
	waiting int // posted and not yet begun
	running bool
}

// post appends fn. It never blocks.
func (q *queue) post(fn func()) {
	q.mu.Lock()
	q.items = append(q.items, fn)
	q.waiting++
	start := !q.running
	q.running = true
	q.mu.Unlock()
	if start {
		q.crew.run(q)
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

// drain runs what is posted until there is nothing more.
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

// crew is the goroutines that queues are run by. There are as many as queues with work, so that a
// stuck one holds up no other; a few stay when the work is done, since a goroutine that has grown its
// stack before is faster than a new one.
type crew struct {
	work chan *queue   // taken by an idle worker
	stop chan struct{} // closed at the end
	idle atomic.Int32
}

func newCrew() *crew { return &crew{work: make(chan *queue), stop: make(chan struct{})} }

// run has a worker drain the queue.
func (c *crew) run(q *queue) {
	select {
	case c.work <- q:
	default:
		go c.worker(q) // owned by the crew; ends when it is one idle worker too many, or at the end when idle
	}
}

func (c *crew) worker(q *queue) {
	for {
		q.drain()
		if c.idle.Add(1) > maxIdle {
			c.idle.Add(-1)
			return
		}
		select {
		case q = <-c.work:
			c.idle.Add(-1)
		case <-c.stop:
			return
		}
	}
}
