package udp

import (
	"bytes"
	"net/netip"

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

// give puts a copy of a packet where its port is now, and returns that port, nil when it is not open. With the lock
// held.
func (n *Steered) give(to netip.AddrPort, p Packet) *steeredPort {
	port := n.lookup(to)
	if port == nil {
		return nil
	}
	p.Data = bytes.Clone(p.Data)
	if port.conn != nil {
		port.conn.post(parcel{port, p})
	} else {
		port.park(parcel{port, p})
	}
	return port
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
