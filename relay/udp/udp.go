package udp

import (
	"errors"
	"net/netip"
	"time"
)

// MaxDatagram is the longest datagram that is received whole, in bytes. Media keeps under the 1500 of an Ethernet.
const MaxDatagram = 2048

// The reasons for which a port cannot be opened that a caller may branch on.
var (
	ErrAddressNotAvailable = errors.New("address not available on this machine")
	ErrPortInUse           = errors.New("port in use")
	ErrFileDescriptors     = errors.New("out of file descriptors")
	ErrUnsupported         = errors.New("not supported on this system")
)

// Packet is one datagram, received or to be sent.
type Packet struct {
	Slot uint32         // the local port, as it was attached
	Addr netip.AddrPort // where it came from, or where it goes; never an IPv4 address mapped into IPv6
	Data []byte         // received: the Conn's own memory, valid and writable until the next Receive

	Truncated bool // received: the datagram was longer than Data
	Failed    bool // set by Send: the datagram did not leave
}

// Stats is what a Conn knows of packets that took another way than the straight one.
type Stats struct {
	Overflowed uint64 // found a receive buffer full and were lost; of Ports: once the port has been detached
	HandedOver uint64 // came in here for a port that another Conn has by now, and were passed on to it
	Closed     uint64 // came in for a port that has been closed since
}

// Network opens local ports and makes the shards' ways to them. Safe from any goroutine.
type Network interface {
	// Open binds a local UDP port. Port number 0 takes any free one. The errors wrap the sentinels above.
	Open(local netip.AddrPort) (Port, error)
	// Conn makes one shard's way to the network. batch is the most packets that one Receive returns.
	Conn(batch int) (Conn, error)
}

// Port is a bound local port. What arrives waits in it until the Conn it is attached to reads it.
type Port interface {
	Local() netip.AddrPort
	// Close gives the port back. Detach it first. Closing twice is harmless. Safe from any goroutine.
	Close() error
}

// Conn is one shard's way to the network. All methods but Wake are for the shard's thread alone.
type Conn interface {
	// Attach lets packets of p arrive here, marked with slot. A slot in use is an error.
	Attach(slot uint32, p Port) error
	// Detach ends that: the next Receive returns no packet of slot. An unused slot is left alone.
	Detach(slot uint32)

	// Receive fills ps with what has arrived and returns how many. With nothing there it waits until a packet
	// arrives, Wake is called or timeout has passed (0: does not wait; negative: no limit), and may
	// then return 0, as it may when a signal interrupts it. An error is fatal to the Conn.
	// Hot path: no allocation, lock, clock or log.
	Receive(ps []Packet, timeout time.Duration) (int, error)
	// Send sends ps, those of one slot in their order, without waiting: what the system does not take at
	// once is marked Failed, and counted in failed. Hot path: no allocation, lock, clock or log.
	Send(ps []Packet) (failed int)
	// Pause waits for d or until Wake, letting packets gather.
	Pause(d time.Duration)
	// Stats returns the counters up to now.
	Stats() Stats
	// Wake ends the Receive or Pause that waits now, or else the next one. Safe from any goroutine, also after Close.
	Wake()
	// Close gives back what the Conn holds, not the ports. Closing twice is harmless.
	Close() error
}
