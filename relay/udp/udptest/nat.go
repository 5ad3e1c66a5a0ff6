package udptest

import (
	"net/netip"
)

// NAT is a router between endpoints of its own and the network. It gives each of them a port of its outer
// address (endpoint-independent mapping, RFC 4787) and lets in what comes from an address and port that the
// endpoint has sent to (address and port-dependent filtering), as most home routers do.
type NAT struct {
	network *Network
	outer   netip.Addr

	// Guarded by the network's mutex.
	mapped   map[netip.AddrPort]netip.AddrPort // inner to outer
	inner    map[netip.AddrPort]netip.AddrPort // outer to inner
	allowed  map[path]bool                     // from a peer to an outer address
	nextPort uint16
}

// NAT puts a router with the outer address on the network.
func (n *Network) NAT(outer netip.Addr) *NAT {
	n.mu.Lock()
	defer n.mu.Unlock()
	nat := &NAT{network: n, outer: outer, nextPort: 50000}
	nat.forget()
	n.nats[outer] = nat
	return nat
}

// Endpoint binds an address behind the NAT, which must be free on the whole network.
func (nat *NAT) Endpoint(inner netip.AddrPort) *Endpoint {
	e := nat.network.Endpoint(inner)
	e.nat = nat
	return e
}

// Rebind forgets every mapping, as a router does that restarts: what the endpoints send next comes from new
// ports, and the old ones lead nowhere.
func (nat *NAT) Rebind() {
	nat.network.mu.Lock()
	defer nat.network.mu.Unlock()
	nat.forget()
}

func (nat *NAT) forget() {
	nat.mapped = map[netip.AddrPort]netip.AddrPort{}
	nat.inner = map[netip.AddrPort]netip.AddrPort{}
	nat.allowed = map[path]bool{}
}

// Mapped returns the outer address of an endpoint, ok false before it has sent anything.
func (nat *NAT) Mapped(e *Endpoint) (outer netip.AddrPort, ok bool) {
	nat.network.mu.Lock()
	defer nat.network.mu.Unlock()
	outer, ok = nat.mapped[e.port.local]
	return outer, ok
}

// outward returns the outer address that what inner sends to a peer comes from.
func (nat *NAT) outward(inner, to netip.AddrPort) netip.AddrPort {
	outer, ok := nat.mapped[inner]
	if !ok {
		outer = netip.AddrPortFrom(nat.outer, nat.nextPort)
		nat.nextPort++
		nat.mapped[inner], nat.inner[outer] = outer, inner
	}
	nat.allowed[path{to, outer}] = true
	return outer
}

// inward returns the endpoint that a datagram to an outer address is for, ok false when it is not let in.
func (nat *NAT) inward(from, outer netip.AddrPort) (inner netip.AddrPort, ok bool) {
	inner, ok = nat.inner[outer]
	return inner, ok && nat.allowed[path{from, outer}]
}
