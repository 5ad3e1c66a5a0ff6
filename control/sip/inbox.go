package sip

import "sync"

// inbox carries what happens to a dialog to the actor that owns it, one at a time and in the order it happened, also
// while the dialog moves from one actor to another.
//
//	reading goroutines, timers ──post──► queue ──one Post each──► actor ──► dialog
//
// Each post puts a closure into the queue and a ticket to the actor; whoever cashes a ticket runs the closure at the
// head. A ticket cashed at an actor the dialog has left is passed on to the new one; a ticket cashed while the old
// actor is still in its last closure waits until that one has returned.
type inbox struct {
	mu      sync.Mutex // guards the following
	actor   Actor
	moves   int // how often the actor changed: a ticket knows by it where it was handed out
	queue   []func()
	running bool
	owed    int // tickets cashed while running
}

// post never blocks; safe from any goroutine.
func (b *inbox) post(f func()) {
	b.mu.Lock()
	b.queue = append(b.queue, f)
	a, at := b.actor, b.moves
	b.mu.Unlock()
	a.Post(func() { b.next(at) })
}

func (b *inbox) next(at int) {
	b.mu.Lock()
	if b.moves != at {
		a, at := b.actor, b.moves
		b.mu.Unlock()
		a.Post(func() { b.next(at) })
		return
	}
	if b.running {
		b.owed++
		b.mu.Unlock()
		return
	}
	if len(b.queue) == 0 {
		b.mu.Unlock()
		return
	}
	f := b.queue[0]
	b.queue[0] = nil
	b.queue = b.queue[1:]
	b.running = true
	b.mu.Unlock()

	defer func() { // also when f panics: what the actor makes of that must not stop the dialog
		b.mu.Lock()
		b.running = false
		owed, a, at := b.owed, b.actor, b.moves
		b.owed = 0
		b.mu.Unlock()
		for range owed {
			a.Post(func() { b.next(at) })
		}
	}()
	f()
}

// move makes another actor the owner.
func (b *inbox) move(a Actor) {
	b.mu.Lock()
	b.actor = a
	b.moves++
	b.mu.Unlock()
}
