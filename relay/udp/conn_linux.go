package udp

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// perSocket is the most datagrams that are read from one socket in its turn. Epoll is level-triggered: a
	// socket with more comes round again after the others.
	perSocket = 16
	// maxSlot bounds the table of slots.
	maxSlot = 1 << 20
)

// conn is the Conn of Ports: one epoll over the sockets attached to it.
//
//	epoll_pwait2 ──► events ──► recvfrom (one) or recvmmsg per ready socket ──► receiver (arena, names, headers) ──► []Packet
//	[]Packet ──► runs by socket ──► sendto (one) or sendmmsg (several)
//
// The sockets are not connected to the peer once it is known, which would make sending 17 % cheaper (1.35 us against 1.60): the
// kernel would refuse what comes from elsewhere, unseen and uncounted, and a phone whose NAT gives it another port
// would be told that ours is closed.
type conn struct {
	poller

	// Owned by the shard's thread.
	sockets []*socket // by slot, nil where none
	lanes   []lane    // the same for packets
	next    int       // events[next:ready] have not been served
	ready   int
	waits   uint32 // epoll waits so far
	in      receiver
	out     sender
	link    []int32 // link[i] is the next packet of the same socket in the batch being sent, -1 at its end

	overflowed uint64 // of sockets detached
}

// lane is what packets need of an attached socket: of thousands of them, a few share a line of the processor's cache.
type lane struct {
	fd          int32 // -1 = none is attached
	scope       uint32
	first, last int32  // the run of Send, first -1 = none
	wait        uint32 // the wait that last reported it
	burst       uint8  // how many datagrams to ask for
	v6          bool
}

// Conn makes a shard's epoll, its wake-up and its receive arena of batch datagrams.
func (n *Ports) Conn(batch int) (Conn, error) {
	if batch < 1 {
		return nil, fmt.Errorf("batch of %d packets", batch)
	}
	c := &conn{in: newReceiver(batch, false), out: newSender(batch), link: make([]int32, batch)}
	if err := c.open(); err != nil {
		return nil, err
	}
	return c, nil
}

// Attach adds the port's socket to the epoll. It is level-triggered: what the socket already holds is reported.
func (c *conn) Attach(slot uint32, p Port) error {
	s, ok := p.(*socket)
	if !ok {
		return fmt.Errorf("attach %s: a %T is not of this network", p.Local(), p)
	}
	if slot >= maxSlot {
		return fmt.Errorf("attach %s: slot %d is over %d", p.Local(), slot, maxSlot-1)
	}
	for int(slot) >= len(c.sockets) {
		c.sockets, c.lanes = append(c.sockets, nil), append(c.lanes, lane{fd: -1})
	}
	if c.sockets[slot] != nil {
		return fmt.Errorf("attach %s: slot %d is in use", p.Local(), slot)
	}
	if err := c.watch(s.fd, slot, unix.EPOLLIN); err != nil {
		return fmt.Errorf("attach %s: %w", p.Local(), err)
	}
	c.sockets[slot], c.lanes[slot] = s, lane{fd: int32(s.fd), scope: s.scope, first: -1, burst: 1, v6: s.v6}
	return nil
}

// Detach takes the socket of slot out of the epoll. Events already fetched for it find the slot empty.
func (c *conn) Detach(slot uint32) {
	if int(slot) >= len(c.sockets) || c.sockets[slot] == nil {
		return
	}
	s := c.sockets[slot]
	c.sockets[slot], c.lanes[slot] = nil, lane{fd: -1}
	c.overflowed += s.overflowed()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && !s.closed.Load() { // closing a socket takes it out of the epoll as well
		unix.EpollCtl(c.epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
	}
}

// Receive serves the sockets that the last epoll wait reported, then waits for more.
// Hot path: no allocation, lock, clock or log.
func (c *conn) Receive(ps []Packet, timeout time.Duration) (int, error) {
	if len(ps) > c.in.size() {
		ps = ps[:c.in.size()]
	}
	if n, woken := c.serve(ps); n > 0 || woken {
		return n, nil
	}
	var err error
	c.next = 0
	c.waits++
	if c.ready, err = c.wait(timeout); err != nil {
		return 0, err
	}
	n, _ := c.serve(ps)
	return n, nil
}

// serve reads the sockets that are reported ready until ps is full.
func (c *conn) serve(ps []Packet) (n int, woken bool) {
	for c.next < c.ready && n < len(ps) {
		slot := uint32(c.events[c.next].Fd)
		c.next++
		if slot == wakeMark {
			drain(c.wake)
			woken = true
			continue
		}
		if int(slot) >= len(c.lanes) || c.lanes[slot].fd < 0 {
			continue
		}
		s := &c.lanes[slot]
		limit := min(int(s.burst), len(ps)-n)
		got := 0
		if limit == 1 {
			got = c.in.readOne(int(s.fd), slot, ps, n)
		} else {
			got = c.in.read(int(s.fd), slot, ps, n, limit)
		}
		s.adapt(got, limit, c.waits)
		n += got
	}
	return n, woken
}

// adapt sets how many datagrams to ask for next time: one, which is what a voice stream has, as asking for a second that
// is not there costs a tenth of a packet; twice as many when the socket was full in two waits running.
// Hot path: no allocation, lock, clock or log.
func (s *lane) adapt(got, limit int, wait uint32) {
	if got < limit {
		s.burst = uint8(max(got, 1))
	} else if s.wait+1 == wait {
		s.burst = min(2*s.burst, perSocket)
	}
	s.wait = wait
}

// Send groups the packets by socket, keeping the order within each, and sends each group with one call.
// Hot path: no allocation, lock, clock or log.
func (c *conn) Send(ps []Packet) (failed int) {
	for len(ps) > 0 {
		part := ps[:min(len(ps), c.out.size())]
		failed += c.send(part)
		ps = ps[len(part):]
	}
	return failed
}

func (c *conn) send(ps []Packet) (failed int) {
	// Chain the packets of each socket; a socket is sent when its first packet comes up again below.
	for i := range ps {
		p := &ps[i]
		c.link[i] = -1
		p.Failed = int(p.Slot) >= len(c.lanes) || c.lanes[p.Slot].fd < 0 ||
			len(p.Data) == 0 || !p.Addr.IsValid() || p.Addr.Addr().Is6() != c.lanes[p.Slot].v6
		if p.Failed {
			failed++
			continue
		}
		s := &c.lanes[p.Slot]
		if s.first < 0 {
			s.first = int32(i)
		} else {
			c.link[s.last] = int32(i)
		}
		s.last = int32(i)
	}
	for i := range ps {
		if ps[i].Failed {
			continue
		}
		s := &c.lanes[ps[i].Slot]
		if s.first != int32(i) {
			continue
		}
		s.first = -1
		if c.link[i] < 0 {
			failed += c.out.one(int(s.fd), s.scope, &ps[i])
		} else {
			failed += c.out.run(int(s.fd), s.scope, ps, int32(i), c.link)
		}
	}
	return failed
}

// Stats returns what got lost on the way to the sockets that have been detached.
func (c *conn) Stats() Stats { return Stats{Overflowed: c.overflowed} }
