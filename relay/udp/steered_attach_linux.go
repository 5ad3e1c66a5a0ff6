package udp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// How a port comes to a Conn and leaves it, with its packets. The kernel looks a packet's port up in the table and puts it into
// a socket a moment later; a port may turn to another entry in between. So each turn has a sweep after it, and what slips
// through even that follows its port when it is found:
//
//	Detach   read the shard's socket ─► turn to the lobby ─► read it again ─► what is for the port is parked with it
//	Attach   drain the lobby ─► turn to the shard ─► drain it again ─► what was parked is received first
//	found in a shard's socket (stray) or in the lobby afterwards ─► post ─► the Conn that has the port

const (
	spareBatch = 32      // packets that Detach reads at once
	mostBehind = 1 << 16 // and at most: more than the receive buffer holds
)

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
		return errors.New("it is attached already")
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

// Detach turns the port's entry to the lobby, and empties the receive socket: what is there for the port waits with it, what
// is there for others is received next. Most of it is read before the lock is taken, as there may be much; the rest
// is parked before anybody can park what has come to the lobby meanwhile.
func (c *steeredConn) Detach(slot uint32) {
	if int(slot) >= len(c.ports) || c.ports[slot] == nil {
		return
	}
	s, n := c.ports[slot], c.network
	f := family(s.local.Addr())
	strays := c.empty(f, nil)
	c.ports[slot], c.places[slot] = nil, place{}
	c.slots[s.address][s.local.Port()] = 0
	n.mu.Lock()
	defer n.mu.Unlock()
	c.turnAway(s)
	c.passAll(c.empty(f, strays))
}

// turnAway sends ports to the lobby, with what was carried for them. With the lock held.
func (c *steeredConn) turnAway(ports ...*steeredPort) {
	c.takeInbox()
	for _, s := range ports {
		if s != nil && s.conn == c {
			s.conn = nil
			if !s.closed && !c.network.closed {
				c.network.steering.set(s.address, s.local.Port(), lobbyEntry)
			}
		}
	}
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

// stray is a packet for a port that is not here.
type stray struct {
	to netip.AddrPort
	Packet
}

// empty reads what a receive socket holds, mostBehind packets at most, lest a flood keep it here; what is behind them
// follows its port when Receive comes to it. It carries those of ports that are here and appends the others to strays.
func (c *steeredConn) empty(f int, strays []stray) []stray {
	if c.sockets[f] < 0 {
		return strays
	}
	if c.spare.size() == 0 {
		c.spare = newReceiver(spareBatch, true)
	}
	for got, read := spareBatch, 0; got == spareBatch && read < mostBehind; read += got {
		got = c.spare.fetch(c.sockets[f], 0, spareBatch)
		for i := range got {
			to := c.spare.destination(i)
			slot, here := c.slotOf(to)
			p := c.spare.packet(i, slot)
			c.spare.reset(i)
			p.Data = bytes.Clone(p.Data)
			if here {
				c.carried = append(c.carried, parcel{c.ports[slot], p})
			} else {
				strays = append(strays, stray{to, p})
			}
		}
	}
	return strays
}

// passAll gives packets that came in here to the ports they are for. With the lock held.
func (c *steeredConn) passAll(strays []stray) {
	for _, s := range strays {
		c.pass(s.to, s.Packet)
	}
}

// pass gives a packet that came in here to the port it is for, wherever that is. With the lock held.
func (c *steeredConn) pass(to netip.AddrPort, p Packet) {
	switch port := c.network.give(to, p); {
	case port == nil:
		c.stats.Closed++
	case port.conn != nil:
		c.stats.HandedOver++
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
