package udp

import (
	"bytes"
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

// place is where packets of a slot leave.
type place struct {
	port    uint16
	address uint8
	used    bool
}

// Marks of the sockets in the epoll; wakeMark is the wake-up's.
const (
	sharedMark = 0 // + family
	lobbyMark  = 2 // + family
)

const (
	spareBatch = 32      // packets that Detach reads at once
	mostBehind = 1 << 16 // and at most: more than the receive buffer holds
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

// Attach turns the port's entry in the table to this Conn and takes what has come for it so far.
func (c *steeredConn) Attach(slot uint32, p Port) error {
	if err := c.attach(slot, p); err != nil {
		return fmt.Errorf("attach %s: %w", p.Local(), err)
	}
	return nil
}

func (c *steeredConn) attach(slot uint32, p Port) error {
	s, ok := p.(*steeredPort)
	switch {
	case !ok || s.network != c.network:
		return fmt.Errorf("a %T is not of this network", p)
	case slot >= maxSlot:
		return fmt.Errorf("slot %d is over %d", slot, maxSlot-1)
	case int(slot) < len(c.ports) && c.ports[slot] != nil:
		return fmt.Errorf("slot %d is in use", slot)
	}
	n := c.network
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed || s.closed || c.entry == 0:
		return net.ErrClosed
	case s.conn != nil:
		return fmt.Errorf("it is attached already")
	}
	f := family(s.local.Addr())
	n.lobby.drain(n, f)
	n.steering.set(s.address, s.local.Port(), c.entry)
	n.lobby.drain(n, f)
	s.conn, s.slot = c, slot
	c.carried = append(c.carried, s.parked...)
	c.stats.Overflowed += s.lost
	s.parked, s.lost = nil, 0
	for int(slot) >= len(c.ports) {
		c.ports = append(c.ports, nil)
		c.places = append(c.places, place{})
	}
	c.ports[slot] = s
	c.places[slot] = place{port: s.local.Port(), address: uint8(s.address), used: true}
	if c.slots[s.address] == nil {
		c.slots[s.address] = make([]uint32, portsPerAddress)
	}
	c.slots[s.address][s.local.Port()] = slot + 1
	return nil
}

// Detach turns the port's entry to the lobby, and then empties the receive socket: what is there for the port waits with it,
// what is there for others is received next.
func (c *steeredConn) Detach(slot uint32) {
	if int(slot) >= len(c.ports) || c.ports[slot] == nil {
		return
	}
	s, n := c.ports[slot], c.network
	c.ports[slot], c.places[slot] = nil, place{}
	c.slots[s.address][s.local.Port()] = 0
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.conn != c {
		return // this Conn has been closed
	}
	c.takeInbox()
	c.turnAway(s)
	c.parkCarried()
	c.empty(family(s.local.Addr()))
}

// turnAway sends a port to the lobby. With the lock held.
func (c *steeredConn) turnAway(s *steeredPort) {
	s.conn = nil
	if !s.closed && !c.network.closed {
		c.network.steering.set(s.address, s.local.Port(), lobbyEntry)
	}
}

// parkCarried lets what was carried for ports that have been turned away wait with them. With the lock held.
func (c *steeredConn) parkCarried() {
	kept := c.carried[:0]
	for _, p := range c.carried {
		switch {
		case p.port.conn == c:
			kept = append(kept, p)
		case !p.port.closed:
			p.port.park(p)
		}
	}
	clear(c.carried[len(kept):])
	c.carried = kept
}

// empty reads what a receive socket holds: mostBehind packets at most, lest a flood keep it here; what is behind them
// follows its port when Receive comes to it. With the lock held.
func (c *steeredConn) empty(f int) {
	if c.spare.size() == 0 {
		c.spare = newReceiver(spareBatch, true)
	}
	for got, read := spareBatch, 0; got == spareBatch && read < mostBehind; read += got {
		got = c.spare.fetch(c.sockets[f], 0, spareBatch)
		for i := range got {
			to, p := c.spare.destination(i), c.spare.packet(i, 0)
			c.spare.reset(i)
			switch port := c.network.lookup(to); {
			case port != nil && port.conn == c:
				p.Data = bytes.Clone(p.Data)
				c.carried = append(c.carried, parcel{port, p})
			case port != nil && port.conn == nil: // it is the one that leaves
				c.network.give(to, p)
			default:
				c.pass(to, p)
			}
		}
	}
}

// pass gives a packet that came in here to the port it is for, wherever that is. With the lock held.
func (c *steeredConn) pass(to netip.AddrPort, p Packet) {
	if c.network.give(to, p) {
		c.stats.HandedOver++
	} else {
		c.stats.Closed++
	}
}

// post lets this Conn receive a packet that came in elsewhere. From any thread, with the lock held.
func (c *steeredConn) post(p parcel) {
	c.inbox = append(c.inbox, p)
	c.mail.Store(true)
	c.Wake()
}

// takeInbox moves what others have posted to what is received next. With the lock held.
func (c *steeredConn) takeInbox() {
	for _, p := range c.inbox {
		if p.port.conn == c {
			c.carried = append(c.carried, p)
		}
	}
	clear(c.inbox)
	c.inbox = c.inbox[:0]
	c.mail.Store(false)
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

// Send sends the packets of each local address with one call.
// Hot path: no allocation, lock, clock or log, but for the first packet of a port that is over the MTU.
func (c *steeredConn) Send(ps []Packet) (failed int) {
	for len(ps) > 0 {
		part := ps[:min(len(ps), c.out.size())]
		failed += c.send(part)
		ps = ps[len(part):]
	}
	return failed
}

func (c *steeredConn) send(ps []Packet) (failed int) {
	var used uint64 // bit i: address i has packets
	for i := range ps {
		p := &ps[i]
		p.Failed = int(p.Slot) >= len(c.places) || !c.places[p.Slot].used ||
			len(p.Data) == 0 || !p.Addr.IsValid() || p.Addr.Addr().Is6() != c.network.origins[c.places[p.Slot].address].v6
		if p.Failed {
			failed++
		} else {
			used |= 1 << c.places[p.Slot].address
		}
	}
	for address := 0; used != 0; address, used = address+1, used>>1 {
		if used&1 != 0 {
			failed += c.sendFrom(address, ps)
		}
	}
	return failed
}

// sendFrom sends the packets of one local address.
// Hot path: no allocation, lock, clock or log, but for the first packet of a port that is over the MTU.
func (c *steeredConn) sendFrom(address int, ps []Packet) (failed int) {
	n := 0
	for i := range ps {
		if ps[i].Failed {
			continue
		}
		if from := c.places[ps[i].Slot]; int(from.address) == address {
			c.out.set(n, &c.network.origins[address], from.port, int32(i), &ps[i])
			n++
		}
	}
	for at := 0; at < n; {
		sent, errno := sendmmsg(c.raw[address], c.out.headers[at:n])
		switch errno {
		case 0:
			at += sent
		case unix.EINTR:
		default: // the first of them failed; the rest may not
			p := &ps[c.out.index[at]]
			if errno != unix.EMSGSIZE || !c.sendLong(p) {
				p.Failed = true
				failed++
			}
			at++
		}
	}
	return failed
}

// sendLong sends a packet that is over the MTU by a socket of its port's own, which fragments it as the kernel does for every
// program. The socket stays with the port; it receives nothing, as steering comes first.
func (c *steeredConn) sendLong(p *Packet) bool {
	s := c.ports[p.Slot]
	if s.long == nil {
		long, err := c.network.plain.open(s.local)
		if err != nil {
			return false
		}
		s.long = long
	}
	return c.long.one(s.long, p) == 0
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
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	return c.release()
}

// release is Close with the lock held.
func (c *steeredConn) release() error {
	n := c.network
	if c.entry > 0 {
		c.takeInbox()
		for _, s := range c.ports {
			if s != nil && s.conn == c {
				c.turnAway(s)
			}
		}
		c.parkCarried()
		for f, fd := range c.sockets {
			if fd >= 0 {
				c.empty(f)
			}
		}
		n.conns[c.entry-lobbyEntry-1] = nil
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
