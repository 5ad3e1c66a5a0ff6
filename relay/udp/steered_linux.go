package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// SteeredConfig says what a Steered serves.
type SteeredConfig struct {
	Addresses     []netip.Addr // the local addresses that ports will be opened on
	Shards        int          // the most Conns at a time, 1 to MaxSteeredConns
	DSCP          int          // 0-63, marks what is sent (RFC 2474); 0 = best effort
	ReceiveBuffer int          // bytes of each shard's receive buffer, for all its ports; 0 = 8 MiB
}

// The limits of a Steered.
const (
	MaxSteeredAddresses = 64
	MaxSteeredConns     = maxEntries - 1
)

// lobbyEntry is the entry of ports that no Conn has.
const lobbyEntry = 1

// Steered is the Network that reads all ports of a shard through one socket for each address family: an sk_lookup program
// gives the kernel the socket for a port (steering), packets leave by raw sockets (origin). It needs Linux 5.9, CAP_BPF,
// CAP_NET_ADMIN and CAP_NET_RAW. Ports that are not open are the kernel's as ever.
//
//	              ┌► table says lobby: the lobby's socket ──► parked at the port ──Attach──► Conn
//	packet ─► port┼► table says Conn i: its socket ─────────────────────────────────────────► Conn
//	              └► table says nothing: a bound socket of another program, or "port unreachable"
type Steered struct {
	// Immutable.
	addrs    []netip.Addr
	shards   int
	steering *steering
	plain    *Ports // for sockets of single ports: to try whether one is free, and for packets too long for a raw socket
	buffer   int
	origins  []origin // by address

	mu      sync.Mutex                       // guards the following and what says so in ports and Conns; taken for commands, not for packets
	ports   []*[portsPerAddress]*steeredPort // by address, nil where none has been opened, and port
	conns   []*steeredConn                   // by entry - lobbyEntry - 1, nil where none
	lobby   lobby
	diag    *diag // nil = the kernel has none
	closed  bool
	cookies [2]uint64 // of the lobby's sockets
}

// steeredPort is the Port of a Steered.
type steeredPort struct {
	network *Steered
	local   netip.AddrPort
	address int // its number in addrs

	// Guarded by network.mu.
	conn   *steeredConn // nil = waiting in the lobby
	slot   uint32       // there
	parked []parcel     // what has come while it was on no Conn
	lost   uint64       // what did not fit there
	closed bool

	// Owned by the thread of the Conn it is attached to.
	long *socket // for packets over the MTU, made when there is one
}

// steerable says why ports of some of these addresses cannot be steered, nil when they can. It takes an address that
// stays the same whatever the destination, as it is written into each packet.
func steerable(addrs []netip.Addr) error {
	if len(addrs) == 0 || len(addrs) > MaxSteeredAddresses {
		return fmt.Errorf("%w: %d addresses, from 1 to %d can be steered", ErrUnsupported, len(addrs), MaxSteeredAddresses)
	}
	for _, a := range addrs {
		switch {
		case !a.IsValid(), a.IsUnspecified(), a.IsMulticast(), a.Zone() != "":
			return fmt.Errorf("%w: ports of %s cannot be steered, only those of one address without a zone", ErrUnsupported, a)
		}
	}
	return nil
}

// NewSteered loads and attaches the program, for the network namespace of the calling thread, and tries it. The
// error wraps ErrUnsupported with the reason when this system, or this process, cannot do it.
func NewSteered(c SteeredConfig) (*Steered, error) {
	n, err := newSteered(c)
	if err != nil {
		return nil, fmt.Errorf("steered sockets: %w", err)
	}
	return n, nil
}

func newSteered(c SteeredConfig) (_ *Steered, err error) {
	addrs := make([]netip.Addr, 0, len(c.Addresses))
	for _, a := range c.Addresses {
		if a = a.Unmap(); !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	if err := steerable(addrs); err != nil {
		return nil, err
	}
	if c.Shards < 1 || c.Shards > MaxSteeredConns {
		return nil, fmt.Errorf("%w: %d shards, from 1 to %d can be steered to", ErrUnsupported, c.Shards, MaxSteeredConns)
	}
	if c.ReceiveBuffer == 0 {
		c.ReceiveBuffer = 8 << 20
	}
	plain, err := NewPorts(PortsConfig{DSCP: c.DSCP})
	if err != nil {
		return nil, err
	}
	n := &Steered{addrs: addrs, shards: c.Shards, plain: plain, diag: plain.diag, buffer: c.ReceiveBuffer,
		ports: make([]*[portsPerAddress]*steeredPort, len(addrs)), conns: make([]*steeredConn, c.Shards), lobby: lobby{sockets: [2]int{-1, -1}}}
	defer func() {
		if err != nil {
			n.Close()
		}
	}()
	if n.steering, err = newSteering(addrs, 1+c.Shards); err != nil {
		return nil, unsupported(err)
	}
	if err = n.lobby.open(n); err != nil {
		return nil, unsupported(err)
	}
	for _, a := range addrs {
		fd := n.lobby.sockets[family(a)]
		n.cookies[family(a)] = cookie(fd)
		ttl, err := hops(fd, a.Is6())
		if err != nil {
			return nil, unsupported(err)
		}
		n.origins = append(n.origins, newOrigin(a, uint8(c.DSCP<<2), ttl))
	}
	return n, n.try()
}

// try opens and closes a port of each address, sends nothing, and asks the kernel where packets to it would go.
func (n *Steered) try() error {
	for _, a := range n.addrs {
		fd, err := openRaw(a, 0)
		if err != nil {
			return unsupported(err)
		}
		unix.Close(fd)
		s, err := n.plain.open(netip.AddrPortFrom(a, 0))
		if err != nil {
			return err
		}
		if got, err := n.diag.receiver(s.local); err != nil || got != cookie(s.fd) {
			n.diag = nil // it cannot even find a bound socket
		}
		s.Close()
		p, err := n.Open(netip.AddrPortFrom(a, 0))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnsupported, err)
		}
		p.Close()
		if n.diag == nil {
			break
		}
	}
	return nil
}

// family returns 0 for IPv4 and 1 for IPv6.
func family(a netip.Addr) int {
	if a.Is6() {
		return 1
	}
	return 0
}

// Open takes a local port and lets its packets come in. They wait until it is attached to a Conn.
func (n *Steered) Open(local netip.AddrPort) (Port, error) {
	p, err := n.open(local)
	if err != nil {
		return nil, fmt.Errorf("open udp %s: %w", local, err)
	}
	return p, nil
}

// tries is how often a free port is asked for: the kernel does not know ours and may give us one of them.
const tries = 64

func (n *Steered) open(local netip.AddrPort) (*steeredPort, error) {
	local = netip.AddrPortFrom(local.Addr().Unmap(), local.Port())
	address := slices.Index(n.addrs, local.Addr())
	if address < 0 {
		return nil, fmt.Errorf("%w, or not among those steered", ErrAddressNotAvailable)
	}
	if local.Port() != 0 {
		return n.claim(local, address)
	}
	for try := 1; ; try++ {
		local, err := n.bindable(local)
		if err != nil {
			return nil, err
		}
		p, err := n.claim(local, address)
		if try == tries || !errors.Is(err, ErrPortInUse) {
			return p, err
		}
	}
}

// bindable binds a socket to a local port and closes it again: the kernel's word that no other socket has it, and its choice
// for port 0.
func (n *Steered) bindable(local netip.AddrPort) (netip.AddrPort, error) {
	s, err := n.plain.open(local)
	if err != nil {
		return local, err
	}
	return s.local, s.Close()
}

// claim enters a port in the table when nobody else has it, and asks again then: of two steering programs that claim a
// port at the same time, one finds that its packets go to the other. A socket that is connected from the port to one peer
// may stay: the kernel looks for those first, and they take nothing but what is theirs.
func (n *Steered) claim(local netip.AddrPort, address int) (*steeredPort, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, net.ErrClosed
	}
	if n.ports[address] == nil {
		n.ports[address] = new([portsPerAddress]*steeredPort)
	}
	if n.ports[address][local.Port()] != nil {
		return nil, ErrPortInUse
	}
	f := family(local.Addr())
	if n.diag == nil {
		if _, err := n.bindable(local); err != nil {
			return nil, err
		}
	} else if got, err := n.diag.receiver(local); err != nil {
		return nil, err
	} else if got != 0 {
		return nil, ErrPortInUse
	}
	n.steering.set(address, local.Port(), lobbyEntry)
	if n.diag != nil {
		if got, err := n.diag.receiver(local); err != nil || got != n.cookies[f] {
			n.steering.set(address, local.Port(), 0)
			if err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%w: its packets go to another program", ErrPortInUse)
		}
	}
	p := &steeredPort{network: n, local: local, address: address}
	n.ports[address][local.Port()] = p
	return p, nil
}

// lookup returns the open port that packets to an address and port are for, nil when there is none. With the lock held.
func (n *Steered) lookup(to netip.AddrPort) *steeredPort {
	i := slices.Index(n.addrs, to.Addr())
	if i < 0 || n.ports[i] == nil {
		return nil
	}
	return n.ports[i][to.Port()]
}

// Local returns the address and port.
func (p *steeredPort) Local() netip.AddrPort { return p.local }

// Close gives the port back to the kernel.
func (p *steeredPort) Close() error {
	n := p.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	if !n.closed {
		n.steering.set(p.address, p.local.Port(), 0)
		n.lobby.drain(n, family(p.local.Addr())) // so that the next to open it does not find what was for this one
	}
	n.ports[p.address][p.local.Port()] = nil
	p.parked = nil
	if p.long != nil {
		return p.long.Close()
	}
	return nil
}

// Close detaches the program from the kernel. Close the Conns before. Closing twice is harmless.
func (n *Steered) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	if n.steering != nil {
		n.steering.close()
	}
	n.lobby.close()
	return n.plain.Close()
}
