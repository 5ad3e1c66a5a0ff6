//go:build !linux

package load

import (
	"errors"
	"net/netip"
	"time"
)

// address is where packets go.
type address struct{}

// wire is a UDP socket that is written and read in batches; there is none here.
type wire struct {
	local   netip.AddrPort
	dropped uint32
	failed  int
}

func openWire(netip.AddrPort, int) (*wire, error) {
	return nil, errors.New("load: generating packets needs Linux")
}

func sockaddr(netip.AddrPort) address { return address{} }

func (*wire) close()                  {}
func (*wire) put([]byte, *address)    {}
func (*wire) flush()                  {}
func (*wire) receive(int64) []arrival { return nil }
func (*wire) await(time.Duration)     {}
