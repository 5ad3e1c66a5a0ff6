package udp

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// steeredConn is the Conn of a Steered: one receive socket for each family, one raw socket for each address.
//
//	carried ─┐ (what came in elsewhere)
//	epoll ─► recvmmsg ─► destination ─► slots[address][port] ─► []Packet
//	[]Packet ─► by address ─► origin.put ─► sendmmsg, one for each address; EMSGSIZE ─► the port's long socket
type steeredConn struct {
	poller

	// Immutable.
	network *Steered
	entry   uint8       // of the table
	sockets [2]int      // IPv4, IPv6; -1 = none
	raw     []int       // by address
	mail    atomic.Bool // set when inbox has something

	inbox []parcel // guarded by network.mu

	// Owned by the shard's thread.
	ports   []*steeredPort // by slot, nil where none
	places  []place        // the same for Send: what it needs of a port, close together
	slots   [][]uint32     // by address, nil until one is attached: slot+1 by port, 0 = not here
	carried []parcel       // to be received before anything else
	in      receiver
	spare   receiver // Detach reads into it, as what Receive returned is still in use; made when needed
	out     rawSender
	long    sender // for packets over the MTU
	turn    int    // the family that is read first
	stats   Stats
}

// Marks of the sockets in the epoll; wakeMark is the wake-up's.
const (
	sharedMark = 0 // + family
	lobbyMark  = 2 // + family
)

// Conn makes a shard's receive sockets and raw sockets.
func (n *Steered) Conn(batch int) (Conn, error) {
	if batch < 1 {
		return nil, fmt.Errorf("batch of %d packets", batch)
	}
	c := &steeredConn{network: n, sockets: [2]int{-1, -1}, slots: make([][]uint32, len(n.addrs)), in: newReceiver(batch, true), out: newRawSender(batch), long: newSender(1)}
	if err := c.open(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := c.setup(); err != nil {
		c.release()
		return nil, fmt.Errorf("steered sockets: %w", openError(err))
	}
	return c, nil
}

// setup takes an entry of the table and opens the sockets. With the lock held.
func (c *steeredConn) setup() error {
	n := c.network
	if n.closed {
		return net.ErrClosed
	}
	for i := range n.conns {
		if n.conns[i] == nil {
			n.conns[i], c.entry = c, uint8(lobbyEntry+1+i)
			break
		}
	}
	if c.entry == 0 {
		return fmt.Errorf("more than %d shards", n.shards)
	}
	for _, a := range n.addrs {
		raw, err := openRaw(a, n.plain.config.DSCP<<2)
		if err != nil {
			return err
		}
		c.raw = append(c.raw, raw)
		f := family(a)
		if c.sockets[f] >= 0 {
			continue
		}
		if c.sockets[f], err = openShared(f == 1, n.buffer); err != nil {
			return err
		}
		if err := n.steering.assign(c.entry, f == 1, c.sockets[f]); err != nil {
			return err
		}
		if err := c.watch(c.sockets[f], sharedMark+uint32(f), unix.EPOLLIN); err != nil {
			return err
		}
		if err := c.watch(n.lobby.sockets[f], lobbyMark+uint32(f), unix.EPOLLIN|unix.EPOLLEXCLUSIVE); err != nil {
			return err
		}
	}
	return nil
}

// Receive returns what has come by other ways, or else waits for the receive sockets and reads them.
// Hot path: no allocation, lock, clock or log, but for packets of ports that have just moved.
func (c *steeredConn) Receive(ps []Packet, timeout time.Duration) (int, error) {
	if len(ps) > c.in.size() {
		ps = ps[:c.in.size()]
	}
	if n := c.receiveCarried(ps); n > 0 {
		return n, nil
	}
	events, err := c.wait(timeout)
	if err != nil {
		return 0, err
	}
	var ready [2]bool
	for _, e := range c.events[:events] {
		switch mark := uint32(e.Fd); mark {
		case wakeMark:
			drain(c.wake)
		case lobbyMark, lobbyMark + 1:
			c.receiveLobby(int(mark - lobbyMark))
		default:
			ready[mark-sharedMark] = true
		}
	}
	n, used := 0, 0
	for k := range c.sockets {
		f := (c.turn + k) % len(c.sockets)
		if ready[f] && used < len(ps) {
			n, used = c.read(f, ps, n, used)
		}
	}
	c.turn = 1 - c.turn // neither family starves the other
	if n == 0 {
		n = c.receiveCarried(ps)
	}
	return n, nil
}

// read reads a receive socket into datagrams used and following, and puts those of ports that are here into ps from
// n on. It returns how far both are used then.
// Hot path: no allocation, lock, clock or log, but for packets of ports that have just moved.
func (c *steeredConn) read(f int, ps []Packet, n, used int) (int, int) {
	got := c.in.fetch(c.sockets[f], used, len(ps)-used)
	for i := used; i < used+got; i++ {
		to := c.in.destination(i)
		slot, here := c.slotOf(to)
		p := c.in.packet(i, slot)
		c.in.reset(i)
		if here {
			ps[n] = p
			n++
		} else {
			c.stray(to, p)
		}
	}
	return n, used + got
}

// slotOf returns the slot of a port that is attached here.
// Hot path: no allocation, lock, clock or log.
func (c *steeredConn) slotOf(to netip.AddrPort) (uint32, bool) {
	addr := to.Addr()
	for i := range c.network.addrs {
		if c.network.addrs[i] != addr {
			continue
		}
		if c.slots[i] == nil {
			return 0, false
		}
		slot := c.slots[i][to.Port()]
		return slot - 1, slot > 0
	}
	return 0, false
}

// stray takes a packet for a port that was turned away while the kernel was about to put it into our socket.
func (c *steeredConn) stray(to netip.AddrPort, p Packet) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.pass(to, p)
}

// receiveCarried returns what came in elsewhere or was read by Detach.
// Hot path: no allocation, lock, clock or log, but for packets of ports that have just moved.
func (c *steeredConn) receiveCarried(ps []Packet) int {
	if c.mail.Load() {
		c.network.mu.Lock()
		c.takeInbox()
		c.network.mu.Unlock()
	}
	n := min(len(c.carried), len(ps))
	for i, p := range c.carried[:n] {
		p.Slot = p.port.slot
		ps[i] = p.Packet
		c.carried[i] = parcel{}
	}
	if c.carried = c.carried[n:]; len(c.carried) == 0 {
		c.carried = nil
	}
	return n
}

// receiveLobby lets the lobby's packets go where they belong.
func (c *steeredConn) receiveLobby(family int) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if !c.network.closed {
		c.network.lobby.drain(c.network, family)
	}
}

// Stats returns the counters.
func (c *steeredConn) Stats() Stats {
	stats := c.stats
	for _, fd := range c.sockets {
		if fd >= 0 {
			stats.Overflowed += overflow(fd)
		}
	}
	return stats
}

// Close closes the sockets. Ports that are still attached go to the lobby, with what has come for them.
func (c *steeredConn) Close() error {
	for slot, s := range c.ports {
		if s != nil {
			c.places[slot] = place{}
			c.slots[s.address][s.local.Port()] = 0
		}
	}
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.turnAway(c.ports...)
	c.ports, c.places = nil, nil
	for f := range c.sockets {
		c.passAll(c.empty(f, nil))
	}
	return c.release()
}

// release gives back the entry and the sockets. With the lock held.
func (c *steeredConn) release() error {
	if c.entry > 0 {
		c.network.conns[c.entry-lobbyEntry-1] = nil
		c.entry = 0
	}
	for i, fd := range c.sockets {
		if fd >= 0 {
			unix.Close(fd)
		}
		c.sockets[i] = -1
	}
	for _, fd := range c.raw {
		unix.Close(fd)
	}
	c.raw = nil
	return c.poller.Close()
}
