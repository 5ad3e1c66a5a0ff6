package udp

import (
	"bytes"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// lobby receives the packets of ports that no Conn has: just opened, or on their way from one shard to another. Whoever
// attaches a port empties it before and after turning the port's entry, so that the Conn gets all that came before in its order;
// what the kernel was still about to put in then wakes one of the Conns. Guarded by Steered.mu.
type lobby struct {
	sockets [2]int // IPv4, IPv6; -1 = none
	in      receiver
}

// parcel is a packet on its way to a Conn other than the one it came in at. It owns its data.
type parcel struct {
	port *steeredPort
	Packet
}

const (
	lobbyBatch = 16  // packets read from the lobby at once
	maxParked  = 256 // packets that wait at a port
)

// open makes a socket for each family that the network has addresses of.
func (l *lobby) open(n *Steered) error {
	l.in = newReceiver(lobbyBatch, true)
	for _, a := range n.addrs {
		f := family(a)
		if l.sockets[f] >= 0 {
			continue
		}
		fd, err := openShared(f == 1, n.buffer)
		if err != nil {
			return err
		}
		l.sockets[f] = fd
		if err := n.steering.assign(lobbyEntry, f == 1, fd); err != nil {
			return err
		}
	}
	return nil
}

// drain gives what the lobby holds of a family to the ports it is for. With the lock held.
func (l *lobby) drain(n *Steered, family int) {
	for got := lobbyBatch; got == lobbyBatch; {
		got = l.in.fetch(l.sockets[family], 0, lobbyBatch)
		for i := range got {
			to := l.in.destination(i)
			n.give(to, l.in.packet(i, 0))
			l.in.reset(i)
		}
	}
}

// give puts a copy of a packet where its port is now and reports whether there is such a port. With the lock held.
func (n *Steered) give(to netip.AddrPort, p Packet) bool {
	port := n.lookup(to)
	if port == nil {
		return false
	}
	p.Data = bytes.Clone(p.Data)
	if port.conn != nil {
		port.conn.post(parcel{port, p})
	} else {
		port.park(parcel{port, p})
	}
	return true
}

// park keeps a packet until the port is attached. With the lock held.
func (p *steeredPort) park(c parcel) {
	if len(p.parked) == maxParked {
		p.lost++
		return
	}
	p.parked = append(p.parked, c)
}

func (l *lobby) close() {
	for i, fd := range l.sockets {
		if fd >= 0 {
			unix.Close(fd)
		}
		l.sockets[i] = -1
	}
}

// The addresses that shared receive sockets are bound to: nobody's (RFC 7600, RFC 6666), so that no packet finds its way to
// them but those steered there.
var (
	nobody4 = unix.SockaddrInet4{Addr: [4]byte{192, 0, 0, 8}}
	nobody6 = unix.SockaddrInet6{Addr: [16]byte{0x01, 15: 1}}
)

// openShared makes a socket that receives the packets of many ports and learns from each which one it was sent to.
func openShared(v6 bool, buffer int) (int, error) {
	f, level, option := unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVORIGDSTADDR
	if v6 {
		f, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVORIGDSTADDR
	}
	fd, err := unix.Socket(f, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	setBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, buffer)
	err = os.NewSyscallError("setsockopt RECVORIGDSTADDR", unix.SetsockoptInt(fd, level, option, 1))
	if err == nil {
		err = bindNobody(fd, v6)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// bindNobody binds a socket to an address that is not this machine's: a socket must be bound to be steered to.
func bindNobody(fd int, v6 bool) error {
	if !v6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1); err != nil {
			return os.NewSyscallError("setsockopt IP_FREEBIND", err)
		}
		a := nobody4
		return os.NewSyscallError("bind", unix.Bind(fd, &a))
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
		return os.NewSyscallError("setsockopt IPV6_V6ONLY", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1); err != nil {
		return os.NewSyscallError("setsockopt IPV6_FREEBIND", err)
	}
	a := nobody6
	return os.NewSyscallError("bind", unix.Bind(fd, &a))
}
