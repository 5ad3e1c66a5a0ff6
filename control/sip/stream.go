package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	streamQueue     = 256              // messages waiting to be written; more means the peer does not read
	streamQueueSize = 4 << 20          // bytes waiting to be written
	writeTimeout    = 10 * time.Second // one write
	dialTimeout     = 8 * time.Second
	throttled       = 100 * time.Millisecond // between two looks whether a stranger's message may be read
)

var (
	errStreamClosed = errors.New("connection closed")
	errStreamFull   = errors.New("peer does not read")
)

// stream is one TCP or TLS connection, accepted or dialled. A reading goroutine hands messages on in network order, a
// writing one takes them from a bounded queue, so that nobody who sends ever waits for a peer.
type stream struct {
	s         *Stack
	transport string
	dialled   bool
	name      string // dialled: what the peer's certificate must be for
	remote    netip.AddrPort
	via       netip.AddrPort // the listener's address: what Via and Contact carry
	wake      chan struct{}  // capacity 1: something to write, or closed
	since     time.Time
	proved    atomic.Bool // a transaction was held over it

	mu       sync.Mutex // guards the following
	conn     net.Conn   // nil while dialling
	queue    [][]byte
	queued   int // bytes that wait or are being written
	closed   bool
	watchers map[int]func()
	nextID   int
}

func newStream(s *Stack, transport string, remote, via netip.AddrPort) *stream {
	return &stream{s: s, transport: transport, remote: remote, via: via, wake: make(chan struct{}, 1), since: time.Now(), watchers: make(map[int]func())}
}

func (c *stream) flow() Flow {
	return Flow{Transport: c.transport, Local: c.s.local(c.via, c.remote.Addr()), Remote: c.remote, link: c}
}

func (c *stream) send(b []byte, _ netip.AddrPort) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		c.s.count.sendFailed.Add(1)
		return errStreamClosed
	}
	if len(c.queue) >= streamQueue || c.queued+len(b) > streamQueueSize {
		c.mu.Unlock()
		c.s.count.sendFailed.Add(1)
		c.close()
		return errStreamFull
	}
	c.queue = append(c.queue, append([]byte(nil), b...))
	c.queued += len(b)
	c.mu.Unlock()
	c.signal()
	return nil
}

func (c *stream) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *stream) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed
}

func (c *stream) watch(broken func()) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		time.AfterFunc(0, broken)
		return func() {}
	}
	id := c.nextID
	c.nextID++
	c.watchers[id] = broken
	return func() {
		c.mu.Lock()
		delete(c.watchers, id)
		c.mu.Unlock()
	}
}

// close ends the connection: both goroutines stop, watchers are told. Idempotent.
func (c *stream) close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	conn := c.conn
	watchers := c.watchers
	c.watchers, c.queue = nil, nil
	c.mu.Unlock()
	if conn != nil {
		_ = conn.Close() // the peer's end tells us no more than we know
	}
	c.signal()
	c.s.forget(c)
	for _, broken := range watchers {
		broken()
	}
}

// dial connects and then serves; it runs on a goroutine of the stack's.
func (c *stream) dial() {
	ctx, cancel := context.WithTimeout(c.s.ctx, dialTimeout)
	defer cancel()
	d := net.Dialer{Control: c.s.control}
	conn, err := d.DialContext(ctx, "tcp", c.remote.String())
	if err == nil && c.transport == TLS {
		t := tls.Client(conn, c.s.config.TLSClient(c.name))
		if err = t.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
		}
		conn = t
	}
	if err != nil {
		c.s.limit.warn("dial failed", "peer", c.remote, "err", err)
		c.close()
		return
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		_ = conn.Close()
		return
	}
	c.conn = conn
	c.mu.Unlock()
	c.serve()
}

// serve reads until the connection ends and runs the writer beside it; both have ended when it returns.
func (c *stream) serve() {
	written := make(chan struct{})
	go func() { // owned by serve, stopped by close, waited for below
		defer close(written)
		c.write()
	}()
	c.read()
	c.close()
	<-written
}

func (c *stream) write() {
	for {
		c.mu.Lock()
		batch := c.queue
		c.queue = nil
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return
		}
		if len(batch) == 0 {
			<-c.wake
			continue
		}
		for _, b := range batch {
			// A deadline that cannot be set shows in the write itself.
			_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := c.conn.Write(b); err != nil {
				c.close()
				return
			}
			c.s.count.sent.Add(1)
			c.mu.Lock()
			c.queued -= len(b)
			c.mu.Unlock()
		}
	}
}

// read cuts messages out of the stream. A peer that drips a message, or says nothing for long, is let go: a whole
// message must come within MessageTimeout of its first byte, the first one within that of the connection.
func (c *stream) read() {
	var f framer
	buf := make([]byte, 4096)
	deadline := time.Now().Add(c.s.config.MessageTimeout)
	if c.dialled {
		deadline = time.Now().Add(c.s.config.IdleTimeout)
	}
	for {
		_ = c.conn.SetReadDeadline(deadline)
		n, err := c.conn.Read(buf)
		if n > 0 {
			began := f.partial()
			f.write(buf[:n])
			heard, ok := c.messages(&f)
			if !ok {
				return
			}
			switch {
			case f.partial() && (!began || heard):
				deadline = time.Now().Add(c.s.config.MessageTimeout)
			case !f.partial():
				deadline = time.Now().Add(c.s.config.IdleTimeout)
			}
		}
		if err != nil {
			return // closed, timed out or broken: the phone connects again
		}
	}
}

// messages hands on every whole message; ok is false when the connection must be closed.
func (c *stream) messages(f *framer) (heard, ok bool) {
	for {
		msg, pings, err := f.next()
		for range pings {
			c.s.count.keepAlive.Add(1)
			if c.send([]byte("\r\n"), c.remote) != nil {
				return heard, false
			}
		}
		if err != nil {
			c.s.count.malformed.Add(1)
			c.s.limit.warn("stream framing lost", "peer", c.remote, "err", err)
			if msg != nil {
				c.s.refuse(msg, c.flow())
				c.flush()
			}
			return heard, false
		}
		if msg == nil {
			return heard, true
		}
		heard = true
		for !c.s.throttle.admits(c.remote, time.Now()) { // what it sends meanwhile waits with it
			if !c.s.pause(throttled) {
				return heard, false
			}
		}
		c.s.receive(msg, c.flow())
	}
}

// flush gives the writer a moment to send what is queued before the connection is closed.
func (c *stream) flush() {
	for range 50 {
		c.mu.Lock()
		done := c.queued == 0 || c.closed
		c.mu.Unlock()
		if done {
			return
		}
		if !c.s.pause(time.Millisecond) {
			return
		}
	}
}
