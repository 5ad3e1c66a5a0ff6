//go:build !linux

package phone

import (
	"net"
	"net/netip"
	"time"
)

// stampArrivals has no kernel to ask here.
func stampArrivals(*net.UDPConn) error { return nil }

// readStamped reads one packet and the time.
func readStamped(conn *net.UDPConn, packet, _ []byte) (n int, source netip.AddrPort, at time.Time, err error) {
	n, source, err = conn.ReadFromUDPAddrPort(packet)
	return n, source, time.Now().Round(0), err
}
