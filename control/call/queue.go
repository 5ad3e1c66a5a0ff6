package call

import "sync"

// Queue runs closures one at a time in the order they were posted: the actor
// of one call. It owns a goroutine only while there is something to run, so
// ten thousand quiet calls hold none. The zero value is ready.
type Queue struct {
	// OnPanic, when set before the first Post, receives what a closure
	// panicked with; the queue then goes on with the next one.
	OnPanic func(any)

	mu      sync.Mutex
	items   []func()
	running bool
}

// Post appends fn to the queue. It never blocks and may be called from
// anywhere, a running closure included.
func (q *Queue) Post(fn func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.push(fn)
}

// Take posts fn, which receives something whose messages come to this queue from now on: give makes it so, before
// anything else can be posted. give must not post to the queue itself.
func (q *Queue) Take(give, fn func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	give()
	q.push(fn)
}

func (q *Queue) push(fn func()) {
	q.items = append(q.items, fn)
	if !q.running {
		q.running = true
		go q.drain() // owned by the queue; ends by itself when the queue is empty
	}
}

func (q *Queue) drain() {
	for {
		q.mu.Lock()
		if len(q.items) == 0 {
			q.items, q.running = nil, false
			q.mu.Unlock()
			return
		}
		batch := q.items
		q.items = nil
		q.mu.Unlock()
		for _, fn := range batch {
			q.run(fn)
		}
	}
}

func (q *Queue) run(fn func()) {
	defer func() {
		if r := recover(); r != nil {
			if q.OnPanic == nil {
				panic(r)
			}
			q.OnPanic(r)
		}
	}()
	fn()
}
