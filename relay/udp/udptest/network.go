package udptest

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"sidetone/relay/udp"
)

// Config describes the network. Its zero value loses nothing and delivers at once.
type Config struct {
	Seed    uint64        // of everything random
	Loss    float64       // probability that a datagram is lost, 0-1
	Delay   time.Duration // of every datagram
	Jitter  time.Duration // up to this much more, without reordering
	Reorder float64       // probability that a datagram is held back by HoldBack and overtaken, 0-1

	Addresses       []netip.Addr // the local addresses; none = every address is local
	FileDescriptors int          // the most ports that may be open for shards at once; 0 = any number
	Manual          bool         // no shard runs on this network: Advance does not wait for one to finish
}

// HoldBack is how much later a reordered datagram comes.
const HoldBack = 30 * time.Millisecond

// stuck is how long Advance waits, in real time, for a shard to come back to Receive.
const stuck = 20 * time.Second

// Network is a udp.Network in memory. Make it with New.
type Network struct {
	config Config

	mu      sync.Mutex // guards everything below, and the ports, conns and NATs of the network
	changed *sync.Cond // a conn's or the clock's state has changed
	now     int64
	random  *rand.Rand
	ports   map[netip.AddrPort]*port
	nats    map[netip.Addr]*NAT
	conns   map[*conn]struct{}
	open    int // ports opened through Open
	flights flights
	sent    uint64 // orders flights that arrive at one time
	lastIn  map[path]int64
	given   uint16 // the last port number given for 0
}

var _ udp.Network = (*Network)(nil)

// New returns a network whose clock stands at 1 s, so that no time a test sees is 0.
func New(c Config) *Network {
	n := &Network{config: c, now: int64(time.Second), random: rand.New(rand.NewPCG(c.Seed, 1)), ports: map[netip.AddrPort]*port{},
		nats: map[netip.Addr]*NAT{}, conns: map[*conn]struct{}{}, lastIn: map[path]int64{}, given: 40000}
	n.changed = sync.NewCond(&n.mu)
	return n
}

// Now returns the network's time, nanoseconds.
func (n *Network) Now() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

// SetPath changes what happens to datagrams from now on: Loss, Delay, Jitter and Reorder of c.
func (n *Network) SetPath(c Config) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.config.Loss, n.config.Delay, n.config.Jitter, n.config.Reorder = c.Loss, c.Delay, c.Jitter, c.Reorder
}

// Advance moves the clock on by d, delivering what arrives and letting the shards work, and returns when they
// have nothing left to do at the new time. Advance(0) only does the latter.
func (n *Network) Advance(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	target := n.now + int64(d)
	for {
		n.settle()
		next := target + 1
		if len(n.flights) > 0 {
			next = n.flights[0].at
		}
		for c := range n.conns {
			if c.waiting && n.now < c.deadline && c.deadline < next {
				next = c.deadline
			}
		}
		if next > target {
			break
		}
		n.now = max(n.now, next)
		for len(n.flights) > 0 && n.flights[0].at <= n.now {
			n.deliver(heap.Pop(&n.flights).(*flight))
		}
		n.changed.Broadcast()
	}
	n.now = target
	n.changed.Broadcast()
	n.settle()
}

// settle waits, in real time, until every shard waits for something that has not happened.
func (n *Network) settle() {
	if n.config.Manual {
		return
	}
	late := false
	timer := time.AfterFunc(stuck, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		late = true
		n.changed.Broadcast()
	})
	defer timer.Stop()
	for !n.idle() {
		if late {
			panic(fmt.Sprintf("udptest: a shard has not come back to Receive for %v", stuck))
		}
		n.changed.Wait()
	}
}

func (n *Network) idle() bool {
	for c := range n.conns {
		if !c.waiting || c.due() {
			return false
		}
	}
	return true
}

// Open binds a port that a shard can be given.
func (n *Network) Open(local netip.AddrPort) (udp.Port, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.config.FileDescriptors > 0 && n.open >= n.config.FileDescriptors {
		return nil, fmt.Errorf("open udp %s: %w", local, udp.ErrFileDescriptors)
	}
	if !n.local(local.Addr()) {
		return nil, fmt.Errorf("open udp %s: %w", local, udp.ErrAddressNotAvailable)
	}
	p, err := n.bind(local)
	if err != nil {
		return nil, err
	}
	p.counted = true
	n.open++
	return p, nil
}

func (n *Network) local(a netip.Addr) bool {
	if len(n.config.Addresses) == 0 {
		return a.IsValid()
	}
	for _, l := range n.config.Addresses {
		if l == a {
			return true
		}
	}
	return false
}

// bind makes a port at local, or at the next free port number of its address.
func (n *Network) bind(local netip.AddrPort) (*port, error) {
	if local.Port() == 0 {
		for {
			if n.given++; n.given == 0 {
				n.given = 40000
			}
			local = netip.AddrPortFrom(local.Addr(), n.given)
			if n.ports[local] == nil {
				break
			}
		}
	}
	if n.ports[local] != nil {
		return nil, fmt.Errorf("open udp %s: %w", local, udp.ErrPortInUse)
	}
	p := &port{network: n, local: local}
	n.ports[local] = p
	return p, nil
}

// OpenPorts returns how many ports are open that were opened through Open.
func (n *Network) OpenPorts() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open
}

// port is a udp.Port: a queue of what has arrived.
type port struct {
	network *Network
	local   netip.AddrPort
	counted bool
	queue   []datagram
	conn    *conn // the one it is attached to, nil
	slot    uint32
	closed  bool
}

type datagram struct {
	from netip.AddrPort
	data []byte
}

// queueLimit is how many datagrams wait in a port, as in a socket's receive buffer.
const queueLimit = 256

// Local returns the port's address.
func (p *port) Local() netip.AddrPort { return p.local }

// Close frees the address.
func (p *port) Close() error {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	if p.counted {
		p.network.open--
	}
	delete(p.network.ports, p.local)
	return nil
}
