package peer

import (
	"net"
	"testing"
)

// TestBound: a port is seen to be somebody's while somebody has it, and only then.
func TestBound(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	port := c.LocalAddr().(*net.UDPAddr).Port
	for _, want := range []bool{true, false} {
		got, err := bound(port)
		must(t, err)
		if got != want {
			t.Errorf("bound(%d) = %v, want %v", port, got, want)
		}
		c.Close()
	}
}
