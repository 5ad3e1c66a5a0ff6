package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// Event is something baresip told about an account.
type Event struct {
	At      time.Time `json:"-"`
	Type    string    `json:"type"` // REGISTER_OK, CALL_ESTABLISHED, CALL_CLOSED, …
	Account string    `json:"accountaor"`
	Peer    string    `json:"peeruri"`
	ID      string    `json:"id"`
	Param   string    `json:"param"`
}

// answer is the response to a command.
type answer struct {
	OK    bool   `json:"ok"`
	Data  string `json:"data"`
	Token string `json:"token"`
}

// control is a connection to baresip's ctrl_tcp.
type control struct {
	conn net.Conn
	done chan struct{} // closed when the reader has ended

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	events  []Event
	answers map[string]answer
	token   int
	err     error
}

// newControl reads from conn until it is closed.
func newControl(conn net.Conn) *control {
	c := &control{conn: conn, done: make(chan struct{}), changed: make(chan struct{}), answers: map[string]answer{}}
	go c.read() // close ends it and waits for it
	return c
}

func (c *control) close() {
	c.conn.Close()
	<-c.done
}

func (c *control) read() {
	defer close(c.done)
	r := bufio.NewReader(c.conn)
	for {
		b, err := readNetstring(r)
		c.mu.Lock()
		if err != nil {
			c.err = err
		} else {
			c.take(b)
		}
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take files one message; mu is held.
func (c *control) take(b []byte) {
	var kind struct{ Event, Response bool }
	if json.Unmarshal(b, &kind) != nil {
		return
	}
	if kind.Event {
		e := Event{At: time.Now()}
		if json.Unmarshal(b, &e) == nil {
			c.events = append(c.events, e)
		}
		return
	}
	var a answer
	if json.Unmarshal(b, &a) == nil {
		c.answers[a.Token] = a
	}
}

// readNetstring reads "LENGTH:BYTES,".
func readNetstring(r *bufio.Reader) ([]byte, error) {
	head, err := r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(head[:len(head)-1])
	if err != nil || n < 0 || n > 1<<20 {
		return nil, fmt.Errorf("netstring length %q", head)
	}
	b := make([]byte, n+1)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if b[n] != ',' {
		return nil, errors.New("netstring without its comma")
	}
	return b[:n], nil
}

// wait blocks until ready, called with mu held, is true.
func (c *control) wait(ctx context.Context, ready func() bool) error {
	for {
		c.mu.Lock()
		ok, changed, err := ready(), c.changed, c.err
		c.mu.Unlock()
		if ok {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// command runs a command and returns what it printed.
func (c *control) command(ctx context.Context, name, params string) (string, error) {
	c.mu.Lock()
	c.token++
	token := strconv.Itoa(c.token)
	c.mu.Unlock()
	b, err := json.Marshal(map[string]string{"command": name, "params": params, "token": token})
	if err != nil {
		return "", err
	}
	c.conn.SetWriteDeadline(time.Now().Add(3 * time.Second))
	if _, err := fmt.Fprintf(c.conn, "%d:%s,", len(b), b); err != nil {
		return "", err
	}
	var a answer
	err = c.wait(ctx, func() (ok bool) { a, ok = c.answers[token]; return ok })
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, params, err)
	}
	if !a.OK {
		return "", fmt.Errorf("%s %s: refused: %s", name, params, a.Data)
	}
	return a.Data, nil
}
