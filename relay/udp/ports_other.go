//go:build !linux

package udp

import (
	"fmt"
	"net/netip"
	"runtime"
)

// PortsConfig says how the sockets of a Ports are set up.
type PortsConfig struct {
	DSCP          int // 0-63, marks what is sent (RFC 2474); 0 = best effort
	ReceiveBuffer int // bytes of each socket's receive buffer; 0 = the system's default
}

// Ports is the Network that opens a socket for each port. It exists on Linux alone.
type Ports struct{}

// NewPorts says that there is no such Network on this system.
func NewPorts(PortsConfig) (*Ports, error) {
	return nil, fmt.Errorf("media sockets on %s: %w: sidetone relays on Linux", runtime.GOOS, ErrUnsupported)
}

// Open fails.
func (*Ports) Open(netip.AddrPort) (Port, error) { return nil, ErrUnsupported }

// Close does nothing.
func (*Ports) Close() error { return nil }

// Conn fails.
func (*Ports) Conn(int) (Conn, error) { return nil, ErrUnsupported }
