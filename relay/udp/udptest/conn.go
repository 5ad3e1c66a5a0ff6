package udptest

import (
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"sidetone/relay/udp"
)

// conn is a shard's udp.Conn. Everything in it is guarded by the network's mutex.
type conn struct {
	network *Network
	arena   [][]byte
	slots   map[uint32]*port
	ready   []*port // one entry for each datagram waiting in an attached port, stale ones skipped

	waiting  bool  // in Receive or Pause
	pausing  bool  // in Pause: what arrives does not end it
	deadline int64 // when the wait ends by itself
	woken    bool
	closed   bool
}

// Conn makes a shard's way to the network. From now on Advance waits for its shard, until Close.
func (n *Network) Conn(batch int) (udp.Conn, error) {
	if batch < 1 {
		return nil, fmt.Errorf("batch of %d packets", batch)
	}
	c := &conn{network: n, arena: make([][]byte, batch), slots: map[uint32]*port{}}
	for i := range c.arena {
		c.arena[i] = make([]byte, udp.MaxDatagram)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns[c] = struct{}{}
	return c, nil
}

// Attach lets a port's datagrams arrive here.
func (c *conn) Attach(slot uint32, p udp.Port) error {
	q, ok := p.(*port)
	if !ok || q.network != c.network {
		return fmt.Errorf("attach %s: a %T is not of this network", p.Local(), p)
	}
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	switch {
	case q.closed:
		return fmt.Errorf("attach %s: %w", q.local, net.ErrClosed)
	case c.slots[slot] != nil:
		return fmt.Errorf("attach %s: slot %d is in use", q.local, slot)
	case q.conn != nil:
		return fmt.Errorf("attach %s: it is attached already", q.local)
	}
	c.slots[slot] = q
	q.conn, q.slot = c, slot
	for range q.queue {
		c.ready = append(c.ready, q)
	}
	return nil
}

// Detach ends that.
func (c *conn) Detach(slot uint32) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if p := c.slots[slot]; p != nil {
		p.conn = nil
		delete(c.slots, slot)
	}
}

// due reports whether the wait of Receive or Pause is over.
func (c *conn) due() bool {
	return c.closed || c.woken || c.deadline <= c.network.now || !c.pausing && c.pending()
}

// pending reports whether a datagram waits, dropping entries of ports that have gone.
func (c *conn) pending() bool {
	for len(c.ready) > 0 && (c.ready[0].conn != c || len(c.ready[0].queue) == 0) {
		c.ready = c.ready[1:]
	}
	return len(c.ready) > 0
}

// wait blocks until due; timeout as in Receive.
func (c *conn) wait(timeout time.Duration) {
	c.deadline = math.MaxInt64
	if timeout >= 0 {
		c.deadline = c.network.now + int64(timeout)
	}
	c.waiting = true
	c.network.changed.Broadcast() // Advance may be waiting for this shard; once, or waiting conns wake each other for ever
	for !c.due() {
		c.network.changed.Wait()
	}
	c.waiting = false
}

// Receive copies what has arrived into the arena.
func (c *conn) Receive(ps []udp.Packet, timeout time.Duration) (int, error) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.wait(timeout)
	c.woken = false
	if c.closed {
		return 0, errors.New("receive: the connection is closed")
	}
	n := 0
	for n < len(ps) && n < len(c.arena) && c.pending() {
		p := c.ready[0]
		c.ready = c.ready[1:]
		d := p.queue[0]
		p.queue = p.queue[1:]
		size := copy(c.arena[n], d.data)
		ps[n] = udp.Packet{Slot: p.slot, Addr: d.from, Data: c.arena[n][:size], Truncated: size < len(d.data)}
		n++
	}
	return n, nil
}

// Send puts packets on their way.
func (c *conn) Send(ps []udp.Packet) (failed int) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	for i := range ps {
		p := c.slots[ps[i].Slot]
		ps[i].Failed = p == nil || len(ps[i].Data) == 0 || !ps[i].Addr.IsValid() || ps[i].Addr.Addr().Is6() != p.local.Addr().Is6()
		if ps[i].Failed {
			failed++
			continue
		}
		c.network.send(p.local, ps[i].Addr, ps[i].Data)
	}
	return failed
}

// Pause waits for d or a Wake.
func (c *conn) Pause(d time.Duration) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.pausing = true
	c.wait(max(d, 0))
	c.pausing = false
}

// Stats returns zeros: nothing overflows here, and what comes in waits in its port.
func (c *conn) Stats() udp.Stats { return udp.Stats{} }

// Wake ends a wait.
func (c *conn) Wake() {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.woken = true
	c.network.changed.Broadcast()
}

// Close ends the shard's part in the network.
func (c *conn) Close() error {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	for slot, p := range c.slots {
		p.conn = nil
		delete(c.slots, slot)
	}
	c.closed = true
	delete(c.network.conns, c)
	c.network.changed.Broadcast()
	return nil
}
