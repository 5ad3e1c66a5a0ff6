package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the generator and all of its unsafe. They never wait, so they are raw: the thread keeps its
// place in the Go scheduler for the microseconds they take.

// mmsghdr is struct mmsghdr (recvmmsg(2)); Go aligns the end as C does.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// controlSize has room for SCM_TIMESTAMPNS (16 bytes) and SO_RXQ_OVFL (4), each with its header.
const controlSize = 96

// wire is a UDP socket that is written and read in batches.
type wire struct {
	fd    int
	local netip.AddrPort

	// Packets waiting for flush: header i has iovec i and name i.
	out   []mmsghdr
	outIO []unix.Iovec
	names []address
	n     int

	in       []mmsghdr
	inIO     []unix.Iovec
	buffers  []byte // size bytes for each
	size     int
	controls [][controlSize]byte
	sources  []address
	arrived  []arrival

	dropped uint32 // packets the kernel had no room for on this socket, as it last said
	failed  int    // packets that could not be sent
}

// address is where packets go, as the kernel wants it.
type address = unix.RawSockaddrInet4

// openWire binds a socket on an IPv4 address, port 0 being any, for packets up to size bytes.
func openWire(local netip.AddrPort, size int) (*wire, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("load: socket: %w", err)
	}
	w := &wire{fd: fd, size: size}
	if err := w.setUp(local); err != nil {
		return nil, errors.Join(fmt.Errorf("load: socket on %s: %w", local, err), unix.Close(fd))
	}
	return w, nil
}

func (w *wire) setUp(local netip.AddrPort) error {
	if unix.SetsockoptInt(w.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		// Without the privilege: as much as the system lets anybody have.
		if err := unix.SetsockoptInt(w.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer); err != nil {
			return err
		}
	}
	for _, option := range []int{unix.SO_TIMESTAMPNS, unix.SO_RXQ_OVFL} {
		if err := unix.SetsockoptInt(w.fd, unix.SOL_SOCKET, option, 1); err != nil {
			return err
		}
	}
	if err := unix.Bind(w.fd, &unix.SockaddrInet4{Port: int(local.Port()), Addr: local.Addr().As4()}); err != nil {
		return err
	}
	name, err := unix.Getsockname(w.fd)
	if err != nil {
		return err
	}
	w.local = netip.AddrPortFrom(local.Addr(), uint16(name.(*unix.SockaddrInet4).Port))

	w.out, w.outIO, w.names = make([]mmsghdr, batchSize), make([]unix.Iovec, batchSize), make([]address, batchSize)
	for i := range w.out {
		h := &w.out[i].hdr
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&w.names[i])), unix.SizeofSockaddrInet4
		h.Iov = &w.outIO[i]
		h.SetIovlen(1)
	}
	w.in, w.inIO, w.sources = make([]mmsghdr, batchSize), make([]unix.Iovec, batchSize), make([]address, batchSize)
	w.buffers, w.controls = make([]byte, batchSize*w.size), make([][controlSize]byte, batchSize)
	w.arrived = make([]arrival, batchSize)
	for i := range w.in {
		w.inIO[i].Base = &w.buffers[i*w.size]
		w.inIO[i].SetLen(w.size)
		h := &w.in[i].hdr
		h.Name = (*byte)(unsafe.Pointer(&w.sources[i]))
		h.Control = &w.controls[i][0]
		h.Iov = &w.inIO[i]
		h.SetIovlen(1)
	}
	return nil
}

func (w *wire) close() { unix.Close(w.fd) }

// sockaddr converts an IPv4 address.
func sockaddr(to netip.AddrPort) address {
	port := to.Port()
	return address{Family: unix.AF_INET, Port: networkOrder(port), Addr: to.Addr().As4()}
}

// networkOrder converts a port number between the host's and the network's order of bytes.
func networkOrder(port uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], port)
	return binary.NativeEndian.Uint16(b[:])
}

// put adds a packet to the batch, which is sent when it is full. The packet must stay as it is until then.
// Hot path: no allocation, lock, clock or log.
func (w *wire) put(packet []byte, to *address) {
	w.outIO[w.n].Base = &packet[0]
	w.outIO[w.n].SetLen(len(packet))
	w.names[w.n] = *to
	if w.n++; w.n == batchSize {
		w.flush()
	}
}

// flush sends the batch. Hot path: no allocation, lock, clock or log.
func (w *wire) flush() {
	for at := 0; at < w.n; {
		// Bounds: out[at:n] is sliced, each header with one iovec over one whole packet.
		headers := w.out[at:w.n]
		sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(w.fd), uintptr(unsafe.Pointer(&headers[0])), uintptr(len(headers)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			at += int(sent)
		case unix.EINTR:
		default: // the first of them failed; the rest may not
			w.failed++
			at++
		}
	}
	w.n = 0
}

// receive returns the packets that are there, at most batchSize; none is no error. now stands in for the time of a
// packet that the kernel did not note. Hot path: no allocation, lock, clock or log.
func (w *wire) receive(now int64) []arrival {
	for i := range w.in {
		h := &w.in[i].hdr
		h.Namelen = unix.SizeofSockaddrInet4
		h.SetControllen(controlSize)
	}
	// Bounds: len(in) headers, each with size bytes of its own buffer, controlSize of its own control
	// block and one sockaddr_in of its own.
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(w.fd), uintptr(unsafe.Pointer(&w.in[0])), uintptr(len(w.in)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return nil
	}
	for i := range w.in[:n] {
		m := &w.in[i]
		a := &w.arrived[i]
		source := &w.sources[i]
		a.data = w.buffers[i*w.size:][:min(int(m.n), w.size)]
		a.from = netip.AddrPortFrom(netip.AddrFrom4(source.Addr), networkOrder(source.Port))
		a.at = now
		w.readControl(w.controls[i][:min(int(m.hdr.Controllen), controlSize)], a)
	}
	return w.arrived[:n]
}

// readControl takes the time of arrival and the count of drops out of the control messages.
// Hot path: no allocation, lock, clock or log.
func (w *wire) readControl(b []byte, a *arrival) {
	for len(b) >= unix.SizeofCmsghdr {
		// Bounds: the header is within b; its length is checked before what follows is read.
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		size, data := int(h.Len), unix.CmsgLen(0)
		if size < data || size > len(b) {
			return
		}
		switch {
		case h.Level != unix.SOL_SOCKET:
		case h.Type == unix.SCM_TIMESTAMPNS && size >= data+int(unsafe.Sizeof(unix.Timespec{})):
			t := (*unix.Timespec)(unsafe.Pointer(&b[data]))
			a.at = t.Nano()
		case h.Type == unix.SO_RXQ_OVFL && size >= data+4:
			w.dropped = *(*uint32)(unsafe.Pointer(&b[data]))
		}
		b = b[min(unix.CmsgSpace(size-data), len(b)):]
	}
}

// await returns when something can be read, or after d.
func (w *wire) await(d time.Duration) {
	t := unix.NsecToTimespec(int64(max(d, 0)))
	// An error is a wait that ended early; the caller looks again in any case.
	_, _ = unix.Ppoll([]unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}, &t, nil)
}
