package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of the event stream.
const (
	maxListeners = 32               // of maxConnections
	maxWaiting   = 256              // events for one that reads slowly
	stillThere   = 15 * time.Second // between comments that keep the connection open
)

// Events is what happens, for those who listen at /v1/events: server-sent events (WHATWG HTML, 9.2). Nothing is kept for who comes
// later. It may be used from any goroutine.
//
//	Tell ─► listener.queue ─► serve ─► "event: talking" "data: {…}"
type Events struct {
	mu        sync.Mutex
	listeners map[*listener]bool
	closed    bool
}

// listener is one open stream.
type listener struct {
	queue chan []byte   // closed when the server stops
	lost  atomic.Uint64 // events that found the queue full
}

// NewEvents makes a stream that nobody listens to yet.
func NewEvents() *Events { return &Events{listeners: make(map[*listener]bool)} }

// Tell gives an event to all who listen. It does not wait for them; who reads too slowly loses it and is told so.
func (e *Events) Tell(name string, body any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.listeners) == 0 {
		return
	}
	text, err := message(name, body)
	if err != nil {
		return // a shape of ours that is no JSON: a test would have seen it
	}
	for l := range e.listeners {
		select {
		case l.queue <- text:
		default:
			l.lost.Add(1)
		}
	}
}

func message(name string, body any) ([]byte, error) {
	b, err := json.Marshal(body)
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, b), err
}

// listen opens a stream; nil when there are too many or the server stops.
func (e *Events) listen() *listener {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.listeners) >= maxListeners {
		return nil
	}
	l := &listener{queue: make(chan []byte, maxWaiting)}
	e.listeners[l] = true
	return l
}

func (e *Events) leave(l *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, l)
}

// close ends all streams.
func (e *Events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for l := range e.listeners {
		close(l.queue)
	}
	clear(e.listeners)
}

// serve answers a request with what happens from now on, until either side goes away.
func (e *Events) serve(w http.ResponseWriter, r *http.Request) {
	l := e.listen()
	if l == nil {
		fail(w, http.StatusServiceUnavailable, "too many listen to events, or the server stops")
		return
	}
	defer e.leave(l)
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // that of the request; nothing more is read
	send := func(text []byte) bool {
		_ = c.SetWriteDeadline(time.Now().Add(answerTime))
		_, err := w.Write(text)
		return err == nil && c.Flush() == nil
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	ok := send([]byte(": events\n\n"))
	idle := time.NewTicker(stillThere)
	defer idle.Stop()
	for ok && r.Method != http.MethodHead {
		if n := l.lost.Swap(0); n > 0 {
			text, _ := message("lost", Lost{Events: n})
			ok = send(text)
			continue
		}
		select {
		case text, more := <-l.queue:
			ok = more && send(text)
		case <-idle.C:
			ok = send([]byte(":\n\n"))
		case <-r.Context().Done():
			return
		}
	}
}
