package udp

import (
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxEvents is how many ready sockets one epoll wait reports.
const maxEvents = 256

// wakeMark is the wake-up's mark among the epoll events; nothing else may have it.
const wakeMark = 1<<32 - 1

// poller is what a shard's thread sleeps on: an epoll over its sockets and an eventfd by which others wake it.
type poller struct {
	epoll  int
	wake   int // eventfd
	events []unix.EpollEvent

	mu     sync.Mutex // guards the following, between Wake and Close
	closed bool
}

// open makes the epoll and its wake-up.
func (p *poller) open() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return openError(os.NewSyscallError("epoll_create", err))
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(epoll)
		return openError(os.NewSyscallError("eventfd", err))
	}
	p.epoll, p.wake, p.events = epoll, wake, make([]unix.EpollEvent, maxEvents)
	if err := p.watch(wake, wakeMark, unix.EPOLLIN); err != nil {
		p.Close()
		return err
	}
	return nil
}

// watch adds a file to the epoll, unless that has been closed and its number may be another file's.
func (p *poller) watch(fd int, mark, events uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	e := unix.EpollEvent{Events: events, Fd: int32(mark)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &e))
}

// wait waits for events and returns how many there are; none when a signal interrupts it.
// Hot path: no allocation, lock, clock or log.
func (p *poller) wait(timeout time.Duration) (int, error) {
	n, errno := epollWait(p.epoll, p.events, timeout)
	switch errno {
	case 0:
		return n, nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("epoll_pwait2", errno)
}

// Pause waits on the wake-up alone, so that packets gather in the sockets.
func (p *poller) Pause(d time.Duration) { pollOne(p.wake, d) }

// Wake makes the eventfd readable.
func (p *poller) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		// It fails only when the counter is full, and then it is readable.
		unix.Write(p.wake, []byte{7: 1})
	}
}

// Close closes the epoll and the eventfd.
func (p *poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	unix.Close(p.wake)
	return os.NewSyscallError("close", unix.Close(p.epoll))
}
