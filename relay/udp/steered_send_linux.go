package udp

import "golang.org/x/sys/unix"

// place is where packets of a slot leave.
type place struct {
	port    uint16
	address uint8
	used    bool
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
	return c.long.one(s.long.fd, s.long.scope, p) == 0
}
