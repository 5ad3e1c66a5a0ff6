package udp

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxEvents is how many ready sockets one epoll wait reports.
	maxEvents = 256
	// perSocket is the most datagrams that are read from one socket in its turn. Epoll is level-triggered: a
	// socket with more comes round again after the others.
	perSocket = 16
	// wakeSlot marks the eventfd among the epoll events; no port may have it.
	wakeSlot = 1<<32 - 1
	// maxSlot bounds the table of slots.
	maxSlot = 1 << 20
)

// conn is the Conn of Ports: one epoll over the sockets attached to it.
//
//	epoll_pwait2 ──► events ──► recvmmsg per ready socket ──► receiver (arena, names, headers) ──► []Packet
//	[]Packet ──► runs by socket ──► sendto (one) or sendmmsg (several)
type conn struct {
	epoll int
	wake  int // eventfd

	// Owned by the shard's thread.
	sockets []*socket // by slot, nil where none
	events  []unix.EpollEvent
	next    int // events[next:ready] have not been served
	ready   int
	waits   uint32 // epoll waits so far
	in      receiver
	out     sender
	link    []int32 // link[i] is the next packet of the same socket in the batch being sent, -1 at its end

	mu     sync.Mutex // guards the following, between Wake and Close
	closed bool
}

// Conn makes a shard's epoll, its wake-up and its receive arena of batch datagrams.
func (n *Ports) Conn(batch int) (Conn, error) {
	if batch < 1 {
		return nil, fmt.Errorf("batch of %d packets", batch)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, openError(os.NewSyscallError("epoll_create", err))
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(epoll)
		return nil, openError(os.NewSyscallError("eventfd", err))
	}
	c := &conn{epoll: epoll, wake: wake, events: make([]unix.EpollEvent, maxEvents), in: newReceiver(batch), out: newSender(batch), link: make([]int32, batch)}
	if err := c.watch(wake, wakeSlot); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// watch adds a file to the epoll, unless that has been closed and its number may be another file's.
func (c *conn) watch(fd int, slot uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(slot)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &e))
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
		c.sockets = append(c.sockets, nil)
	}
	if c.sockets[slot] != nil {
		return fmt.Errorf("attach %s: slot %d is in use", p.Local(), slot)
	}
	if err := c.watch(s.fd, slot); err != nil {
		return fmt.Errorf("attach %s: %w", p.Local(), err)
	}
	c.sockets[slot] = s
	return nil
}

// Detach takes the socket of slot out of the epoll. Events already fetched for it find the slot empty.
func (c *conn) Detach(slot uint32) {
	if int(slot) >= len(c.sockets) || c.sockets[slot] == nil {
		return
	}
	s := c.sockets[slot]
	c.sockets[slot] = nil
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
	var errno unix.Errno
	c.next = 0
	c.waits++
	if c.ready, errno = epollWait(c.epoll, c.events, timeout); errno != 0 {
		c.ready = 0
		if errno == unix.EINTR {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_pwait2", errno)
	}
	n, _ := c.serve(ps)
	return n, nil
}

// serve reads the sockets that are reported ready until ps is full.
func (c *conn) serve(ps []Packet) (n int, woken bool) {
	for c.next < c.ready && n < len(ps) {
		slot := uint32(c.events[c.next].Fd)
		c.next++
		if slot == wakeSlot {
			drain(c.wake)
			woken = true
			continue
		}
		if int(slot) >= len(c.sockets) || c.sockets[slot] == nil {
			continue
		}
		s := c.sockets[slot]
		limit := min(s.burst, len(ps)-n)
		got := c.in.read(s.fd, slot, ps, n, limit)
		s.adapt(got, limit, c.waits)
		n += got
	}
	return n, woken
}

// adapt sets how many datagrams to ask for next time: one, which is what a voice stream has, as asking for a second that
// is not there costs a tenth of a packet; twice as many when the socket was full in two waits running.
// Hot path: no allocation, lock, clock or log.
func (s *socket) adapt(got, limit int, wait uint32) {
	if got < limit {
		s.burst = max(got, 1)
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
		p.Failed = int(p.Slot) >= len(c.sockets) || c.sockets[p.Slot] == nil ||
			len(p.Data) == 0 || !p.Addr.IsValid() || p.Addr.Addr().Is6() != c.sockets[p.Slot].v6
		if p.Failed {
			failed++
			continue
		}
		s := c.sockets[p.Slot]
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
		s := c.sockets[ps[i].Slot]
		if s.first != int32(i) {
			continue
		}
		s.first = -1
		if c.link[i] < 0 {
			failed += c.out.one(s, &ps[i])
		} else {
			failed += c.out.run(s, ps, int32(i), c.link)
		}
	}
	return failed
}

// Pause waits on the wake-up alone, so that packets gather in the sockets.
func (c *conn) Pause(d time.Duration) { pollOne(c.wake, d) }

// Wake makes the eventfd readable.
func (c *conn) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		// It fails only when the counter is full, and then it is readable.
		unix.Write(c.wake, []byte{7: 1})
	}
}

// Close closes the epoll and the eventfd.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	unix.Close(c.wake)
	return os.NewSyscallError("close", unix.Close(c.epoll))
}
