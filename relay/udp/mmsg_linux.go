package udp

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the hot path and all of the package's unsafe. The words used:
//
//	mmsghdr  one datagram of a batch: a msghdr and the length that the kernel fills in (recvmmsg(2))
//	iovec    where its bytes are: one piece a datagram here
//	name     its socket address: sockaddr_in (16 bytes) or sockaddr_in6 (28), as bytes
//	control  what the kernel says about it besides: here the address and port it was sent to (cmsg(3))
//
// The batch calls, and the questions of diag, never wait, so they are raw: they keep the Go scheduler's P for the few microseconds they
// take. The calls that wait tell the scheduler, but for a short pause: its monitor thread would take the P away for that time, be woken when
// the shard comes back, and watch every 20 us for more of them, which is two percent of a busy shard's core and five of what one costs that
// only holds rooms. Who wants the thread meanwhile (a stop of the world) ends the pause by its signal.

// nameSize is the size of the longest address: struct sockaddr_in6.
const nameSize = unix.SizeofSockaddrInet6

// mmsghdr is struct mmsghdr; Go aligns the end as C does.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// controlSize is the room for the longest control message asked for: a cmsghdr and a sockaddr_in6, aligned.
const controlSize = unix.SizeofCmsghdr + (nameSize+7)&^7

// receiver holds one Receive's datagrams: header, name, iovec, buffer and control i belong to packet i.
type receiver struct {
	headers  []mmsghdr
	iovecs   []unix.Iovec
	names    [][nameSize]byte
	buffers  [][MaxDatagram]byte
	controls [][controlSize]byte // nil where none are asked for
}

func newReceiver(size int, controls bool) receiver {
	r := receiver{headers: make([]mmsghdr, size), iovecs: make([]unix.Iovec, size), names: make([][nameSize]byte, size), buffers: make([][MaxDatagram]byte, size)}
	if controls {
		r.controls = make([][controlSize]byte, size)
	}
	for i := range r.headers {
		r.buffers[i][0] = 0 // has the page there before the first packet
		r.iovecs[i].Base = &r.buffers[i][0]
		r.iovecs[i].SetLen(MaxDatagram)
		h := &r.headers[i].hdr
		h.Iov = &r.iovecs[i]
		h.SetIovlen(1)
		h.Name = &r.names[i][0]
		h.Namelen = nameSize
		if controls {
			h.Control = &r.controls[i][0]
			h.SetControllen(controlSize)
		}
	}
	return r
}

func (r *receiver) size() int { return len(r.headers) }

// read fills ps[at:at+limit] from the socket and returns how many datagrams it held. An error leaves nothing
// to do: on an unconnected socket it is EAGAIN, or a pending error that the call has cleared.
// Hot path: no allocation, lock, clock or log.
func (r *receiver) read(fd int, slot uint32, ps []Packet, at, limit int) int {
	n := r.fetch(fd, at, limit)
	for i := at; i < at+n; i++ {
		ps[i] = r.packet(i, slot)
		r.reset(i)
	}
	return n
}

// readOne fills ps[at] from the socket and returns 1, or 0 when it held nothing. For one datagram recvfrom is cheaper than recvmmsg.
// Hot path: no allocation, lock, clock or log.
func (r *receiver) readOne(fd int, slot uint32, ps []Packet, at int) int {
	// Bounds: the kernel writes at most MaxDatagram bytes to the buffer and size bytes to the name. MSG_TRUNC makes it return the
	// datagram's whole length.
	size := uint32(nameSize)
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&r.buffers[at])), MaxDatagram,
		unix.MSG_DONTWAIT|unix.MSG_TRUNC, uintptr(unsafe.Pointer(&r.names[at])), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0
	}
	ps[at] = Packet{Slot: slot, Addr: decode(&r.names[at]), Data: r.buffers[at][:min(int(n), MaxDatagram)], Truncated: n > MaxDatagram}
	return 1
}

// fetch lets the kernel fill the datagrams at:at+limit and returns how many it did.
// Hot path: no allocation, lock, clock or log.
func (r *receiver) fetch(fd, at, limit int) int {
	// Bounds: headers[at:at+limit] is sliced, so the kernel gets no more than limit headers of ours, each
	// with MaxDatagram bytes of its own buffer, nameSize of its own name and controlSize of its own control or none.
	headers := r.headers[at : at+limit]
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&headers[0])), uintptr(len(headers)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// packet returns datagram i as it was fetched.
// Hot path: no allocation, lock, clock or log.
func (r *receiver) packet(i int, slot uint32) Packet {
	h := &r.headers[i]
	return Packet{
		Slot:      slot,
		Addr:      decode(&r.names[i]),
		Data:      r.buffers[i][:min(int(h.n), MaxDatagram)],
		Truncated: h.hdr.Flags&unix.MSG_TRUNC != 0,
	}
}

// destination returns the address and port that datagram i was sent to, invalid when the kernel did not say.
// Hot path: no allocation, lock, clock or log.
func (r *receiver) destination(i int) netip.AddrPort {
	// The one control message asked for: a cmsghdr, whose last words are level and type, and a socket address.
	c := &r.controls[i]
	kind := *(*[8]byte)(c[unix.SizeofCmsghdr-8:])
	if r.headers[i].hdr.Controllen < unix.SizeofCmsghdr+unix.SizeofSockaddrInet4 || kind != originalIPv4 && kind != originalIPv6 {
		return netip.AddrPort{}
	}
	return decode((*[nameSize]byte)(c[unix.SizeofCmsghdr:]))
}

// Level and type of the message that tells where a datagram was sent to.
var (
	originalIPv4 = levelType(unix.IPPROTO_IP, unix.IP_RECVORIGDSTADDR)
	originalIPv6 = levelType(unix.IPPROTO_IPV6, unix.IPV6_RECVORIGDSTADDR)
)

func levelType(level, kind uint32) (b [8]byte) {
	binary.NativeEndian.PutUint32(b[:], level)
	binary.NativeEndian.PutUint32(b[4:], kind)
	return b
}

// reset makes header i ready for the next fetch.
// Hot path: no allocation, lock, clock or log.
func (r *receiver) reset(i int) {
	h := &r.headers[i].hdr
	h.Namelen = nameSize
	if r.controls != nil {
		h.SetControllen(controlSize)
	}
}

// sender holds the headers of one Send. The iovecs point into the packets' own data until the next Send.
type sender struct {
	headers []mmsghdr
	iovecs  []unix.Iovec
	names   [][nameSize]byte
	index   []int32 // the packet that each header stands for
}

func newSender(size int) sender {
	s := sender{make([]mmsghdr, size), make([]unix.Iovec, size), make([][nameSize]byte, size), make([]int32, size)}
	for i := range s.headers {
		h := &s.headers[i].hdr
		h.Iov = &s.iovecs[i]
		h.SetIovlen(1)
		h.Name = &s.names[i][0]
	}
	return s
}

func (s *sender) size() int { return len(s.headers) }

// one sends a single packet, which has data, and returns 1 when it failed.
// Hot path: no allocation, lock, clock or log.
func (s *sender) one(fd int, scope uint32, p *Packet) (failed int) {
	// Bounds: data is not empty; name is nameSize bytes and encode says how many of them count.
	name := &s.names[0]
	size := encode(name, p.Addr, scope)
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p.Data[0])), uintptr(len(p.Data)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(name)), uintptr(size))
		if errno == unix.EINTR {
			continue
		}
		p.Failed = errno != 0
		if p.Failed {
			return 1
		}
		return 0
	}
}

// run sends the packets of one socket, chained by link from first on, with as few calls as the system allows.
// Hot path: no allocation, lock, clock or log.
func (s *sender) run(fd int, scope uint32, ps []Packet, first int32, link []int32) (failed int) {
	n := 0
	for i := first; i >= 0; i = link[i] {
		p := &ps[i]
		s.iovecs[n].Base = &p.Data[0]
		s.iovecs[n].SetLen(len(p.Data))
		s.headers[n].hdr.Namelen = encode(&s.names[n], p.Addr, scope)
		s.index[n] = i
		n++
	}
	for at := 0; at < n; {
		sent, errno := sendmmsg(fd, s.headers[at:n])
		switch errno {
		case 0:
			at += sent
		case unix.EINTR:
		default: // the first of them failed; the rest may not
			ps[s.index[at]].Failed = true
			failed++
			at++
		}
	}
	return failed
}

// sendmmsg sends headers without waiting, and returns how many went before one failed, or the error of the first.
// Hot path: no allocation, lock, clock or log.
func sendmmsg(fd int, headers []mmsghdr) (int, unix.Errno) {
	// Bounds: the kernel reads len(headers) headers, each with iovecs over the whole of one packet, and writes their n.
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&headers[0])), uintptr(len(headers)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// rawSender holds what one Send gives to raw sockets: each packet is two iovecs, its headers and its own data.
type rawSender struct {
	headers []mmsghdr
	iovecs  [][2]unix.Iovec
	names   [][nameSize]byte
	fronts  [][headerSize]byte
	index   []int32 // the packet that each header stands for
}

func newRawSender(size int) rawSender {
	s := rawSender{make([]mmsghdr, size), make([][2]unix.Iovec, size), make([][nameSize]byte, size), make([][headerSize]byte, size), make([]int32, size)}
	for i := range s.headers {
		s.iovecs[i][0].Base = &s.fronts[i][0]
		h := &s.headers[i].hdr
		h.Iov = &s.iovecs[i][0]
		h.SetIovlen(2)
		h.Name = &s.names[i][0]
	}
	return s
}

func (s *rawSender) size() int { return len(s.headers) }

// set makes header k stand for packet i, which has data and is of the origin's family.
// Hot path: no allocation, lock, clock or log.
func (s *rawSender) set(k int, from *origin, port uint16, i int32, p *Packet) {
	// Bounds: put says how many bytes of the front count; data is not empty.
	s.iovecs[k][0].SetLen(from.put(&s.fronts[k], port, p.Addr, p.Data))
	s.iovecs[k][1].Base = &p.Data[0]
	s.iovecs[k][1].SetLen(len(p.Data))
	s.headers[k].hdr.Namelen = encode(&s.names[k], netip.AddrPortFrom(p.Addr.Addr(), 0), 0) // a raw socket takes no port
	s.index[k] = i
}

// decode reads a socket address that the kernel wrote.
// Hot path: no allocation, lock, clock or log.
func decode(name *[nameSize]byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(name[2:])
	switch binary.NativeEndian.Uint16(name[:]) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(name[4:8])), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(name[8:24])), port)
	}
	return netip.AddrPort{}
}

// encode writes a socket address and returns its length. scope is for link-local destinations.
// Hot path: no allocation, lock, clock or log.
func encode(name *[nameSize]byte, to netip.AddrPort, scope uint32) uint32 {
	binary.BigEndian.PutUint16(name[2:], to.Port())
	if to.Addr().Is4() {
		binary.NativeEndian.PutUint16(name[:], unix.AF_INET)
		*(*[4]byte)(name[4:8]) = to.Addr().As4()
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(name[:], unix.AF_INET6)
	*(*[4]byte)(name[4:8]) = [4]byte{}
	*(*[16]byte)(name[8:24]) = to.Addr().As16()
	if !to.Addr().IsLinkLocalUnicast() {
		scope = 0
	}
	binary.NativeEndian.PutUint32(name[24:], scope)
	return unix.SizeofSockaddrInet6
}

// timespec is struct __kernel_timespec: 64 bits each on every architecture.
type timespec struct{ sec, nsec int64 }

func timespecOf(d time.Duration) timespec {
	return timespec{int64(d / time.Second), int64(d % time.Second)}
}

// noPwait2 remembers that the kernel (before 5.11) has no epoll_pwait2; waits are then in milliseconds.
var noPwait2 atomic.Bool

// epollWait waits for events: 0 does not wait, negative waits without limit.
// Hot path: no allocation, lock, clock or log.
func epollWait(epoll int, events []unix.EpollEvent, timeout time.Duration) (int, unix.Errno) {
	// Bounds: the kernel writes at most len(events) events; the time is read only.
	at, size := unsafe.Pointer(&events[0]), uintptr(len(events))
	if timeout == 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(at), size, 0, 0, 0)
		return int(n), errno
	}
	if !noPwait2.Load() {
		var limit *timespec
		if timeout > 0 {
			t := timespecOf(timeout)
			limit = &t
		}
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(at), size, uintptr(unsafe.Pointer(limit)), 0, 0)
		if errno != unix.ENOSYS && errno != unix.EPERM {
			return int(n), errno
		}
		noPwait2.Store(true)
	}
	ms := -1
	if timeout > 0 {
		ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(at), size, uintptr(ms), 0, 0)
	return int(n), errno
}

// shortPause is up to when a pause keeps the P: a whole tick, and a shard that holds rooms makes none longer.
const shortPause = 20 * time.Millisecond

// pollOne waits until fd is readable or d has passed, or a signal has come.
// Hot path: no allocation, lock, clock or log.
func pollOne(fd int, d time.Duration) {
	if d <= 0 {
		return
	}
	// Bounds: the kernel reads one pollfd and writes its revents; the time is the kernel's to change.
	t, p := unix.NsecToTimespec(int64(d)), unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	if d <= shortPause {
		unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	} else {
		unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	}
}

// overflow returns how many datagrams found the socket's receive buffer full: the counter that SO_RXQ_OVFL would put
// beside each packet, asked for instead.
func overflow(fd int) uint64 {
	const drops = 8 // SK_MEMINFO_DROPS of linux/sock_diag.h, the last of its words
	var words [drops + 1]uint32
	size := uint32(unsafe.Sizeof(words))
	// Bounds: the kernel writes at most size bytes and says how many.
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&words[0])), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size < uint32(unsafe.Sizeof(words)) {
		return 0
	}
	return uint64(words[drops])
}

// send writes a message to a socket that has its destination, without waiting. Interrupted, nothing has been written.
func send(fd int, b []byte) unix.Errno {
	// Bounds: b is not empty, and read only.
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return errno
		}
	}
}

// receive reads a message from a socket, without waiting: EAGAIN when there is none.
func receive(fd int, b []byte) (int, unix.Errno) {
	// Bounds: the kernel writes at most len(b) bytes.
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// drain makes an eventfd unreadable again.
func drain(fd int) {
	var b [8]byte
	// Bounds: an eventfd writes exactly 8 bytes.
	unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
}
