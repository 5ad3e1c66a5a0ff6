package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stream is a client of /v1/events.
type stream struct {
	*bufio.Scanner
	cancel context.CancelFunc
}

// listenTo opens a stream of a running server and waits until it is open.
func listenTo(t *testing.T, s *Server, token string) (*stream, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr().String()+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	l := &stream{bufio.NewScanner(res.Body), cancel}
	if res.StatusCode == http.StatusOK && (!l.Scan() || l.Text() != ": events" || res.Header.Get("Content-Type") != "text/event-stream") {
		t.Fatalf("%q, %v", l.Text(), res.Header)
	}
	return l, res.StatusCode
}

// next is the name and the data of the next event, empty when the stream has ended.
func (l *stream) next() (name, data string) {
	for l.Scan() {
		field, value, _ := strings.Cut(l.Text(), ": ")
		switch {
		case field == "event":
			name = value
		case field == "data":
			data = value
		case l.Text() == "" && data != "":
			return name, data
		}
	}
	return "", ""
}

// serving runs a server until the test ends; end ends it earlier.
func serving(t *testing.T, state State, token string) (s *Server, end func()) {
	t.Helper()
	s, err := New(Config{Listen: "127.0.0.1:0", State: state, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }() // ended by end, waited for there
	ended := false
	end = func() {
		if !ended {
			ended = true
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(func() { end(); http.DefaultClient.CloseIdleConnections() })
	return s, end
}

func TestEventsAreStreamed(t *testing.T) {
	events := NewEvents()
	events.Tell("talking", Talk{Leg: "before anybody listens"})
	s, end := serving(t, fixed{events: events}, "sesame")
	if _, code := listenTo(t, s, "wrong"); code != http.StatusUnauthorized {
		t.Errorf("answered %d without the token", code)
	}
	a, _ := listenTo(t, s, "sesame")
	b, _ := listenTo(t, s, "sesame")
	said := []Talk{{Room: "700", Tel: "217", Call: "c-1", Leg: "c-1/a", Talking: true}, {Room: "700", Tel: "217", Call: "c-1", Leg: "c-1/a"}}
	for _, talk := range said {
		events.Tell("talking", talk)
		for _, l := range []*stream{a, b} {
			name, data := l.next()
			var got Talk
			if err := json.Unmarshal([]byte(data), &got); err != nil || name != "talking" || got != talk {
				t.Errorf("%s %s: %v", name, data, err)
			}
		}
	}
	a.cancel()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		events.mu.Lock()
		n := len(events.listeners)
		events.mu.Unlock()
		if n == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d listen still", n)
		}
	}
	end() // the server does not wait for who listens
	if name, data := b.next(); name != "" {
		t.Errorf("%s %s after the end", name, data)
	}
	if events.listen() != nil {
		t.Error("somebody listens after the end")
	}
}

// TestSlowListenerIsToldWhatItLost fills the queue of one who does not read; Tell does not wait.
func TestSlowListenerIsToldWhatItLost(t *testing.T) {
	events := NewEvents()
	l := events.listen()
	for range maxWaiting + 5 {
		events.Tell("talking", Talk{})
	}
	if n := l.lost.Load(); n != 5 {
		t.Errorf("%d events lost, want 5", n)
	}
	events.leave(l)
	s, _ := serving(t, fixed{events: events}, "")
	c, _ := listenTo(t, s, "")
	events.mu.Lock()
	for l := range events.listeners {
		l.lost.Store(7)
	}
	events.mu.Unlock()
	events.Tell("talking", Talk{})
	if name, _ := c.next(); name != "talking" {
		t.Error(name)
	}
	if name, data := c.next(); name != "lost" || data != `{"events":7}` {
		t.Error(name, data)
	}
}

func TestListenersAreBounded(t *testing.T) {
	events := NewEvents()
	for range maxListeners {
		events.listen()
	}
	if w := ask(fixed{events: events}, "", "GET", "/v1/events"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", w.Code)
	}
	if w := ask(fixed{}, "", "HEAD", "/v1/events"); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD was answered %d %v", w.Code, w.Header())
	}
}
