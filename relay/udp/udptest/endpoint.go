package udptest

import (
	"net/netip"
)

// Endpoint is a phone's port in the hands of a test, on the network itself or behind a NAT.
type Endpoint struct {
	network *Network
	port    *port
	nat     *NAT // nil on the network itself
}

// Endpoint binds addr on the network. A taken address is a mistake in the test and panics.
func (n *Network) Endpoint(addr netip.AddrPort) *Endpoint {
	n.mu.Lock()
	defer n.mu.Unlock()
	p, err := n.bind(addr)
	if err != nil {
		panic(err)
	}
	return &Endpoint{network: n, port: p}
}

// Addr returns the endpoint's own address: what it would write into its SDP.
func (e *Endpoint) Addr() netip.AddrPort { return e.port.local }

// Send sends a datagram.
func (e *Endpoint) Send(to netip.AddrPort, data []byte) {
	e.network.mu.Lock()
	defer e.network.mu.Unlock()
	from := e.port.local
	if e.nat != nil {
		from = e.nat.outward(from, to)
	}
	e.network.send(from, to, data)
}

// Receive returns the next datagram that has arrived, ok false when there is none.
func (e *Endpoint) Receive() (data []byte, from netip.AddrPort, ok bool) {
	e.network.mu.Lock()
	defer e.network.mu.Unlock()
	if len(e.port.queue) == 0 {
		return nil, netip.AddrPort{}, false
	}
	d := e.port.queue[0]
	e.port.queue = e.port.queue[1:]
	return d.data, d.from, true
}

// Close frees the address.
func (e *Endpoint) Close() { e.port.Close() }
