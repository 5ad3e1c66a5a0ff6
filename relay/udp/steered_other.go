//go:build !linux

package udp

import (
	"fmt"
	"net/netip"
	"runtime"
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
	MaxSteeredConns     = 254
)

// Steered is the Network that reads all ports of a shard through one socket. It exists on Linux alone.
type Steered struct{}

// NewSteered says that there is no such Network on this system.
func NewSteered(SteeredConfig) (*Steered, error) {
	return nil, fmt.Errorf("steered sockets on %s: %w", runtime.GOOS, ErrUnsupported)
}

// Open fails.
func (*Steered) Open(netip.AddrPort) (Port, error) { return nil, ErrUnsupported }

// Conn fails.
func (*Steered) Conn(int) (Conn, error) { return nil, ErrUnsupported }

// Close does nothing.
func (*Steered) Close() error { return nil }

// Ephemeral knows of no range.
func Ephemeral(first, last uint16) bool { return false }
