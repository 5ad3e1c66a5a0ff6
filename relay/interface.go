package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"sidetone/relay/port"
	"sidetone/relay/udp"
)

// Interface is one local address that legs get their ports from. Several with one name are the addresses, IPv4
// and IPv6, of one logical interface.
type Interface struct {
	Name      string
	Address   netip.Addr // what ports are bound to
	Advertise netip.Addr // what peers are told; invalid = Address
	FirstPort uint16     // the range, both ends included
	LastPort  uint16
}

// localInterface is an Interface and the ports it has left.
type localInterface struct {
	Interface
	ports *port.Allocator
}

// tries is how many pairs of a range are tried when other programs hold ports of it.
const tries = 32

// openInterfaces checks the interfaces of a config, each by opening a port of it.
func openInterfaces(network udp.Network, config []Interface, quarantine time.Duration) ([]*localInterface, error) {
	if len(config) == 0 {
		return nil, errors.New("no interface")
	}
	var all []*localInterface
	for _, c := range config {
		c.Address = c.Address.Unmap()
		if c.Advertise = c.Advertise.Unmap(); !c.Advertise.IsValid() {
			c.Advertise = c.Address.WithZone("")
		}
		switch {
		case !c.Address.IsValid():
			return nil, fmt.Errorf("interface %s: no address", c.Name)
		case c.Advertise.IsUnspecified():
			return nil, fmt.Errorf("interface %s: %s needs an address to advertise", c.Name, c.Address)
		case c.Advertise.Is6() != c.Address.Is6():
			return nil, fmt.Errorf("interface %s: %s cannot be advertised as %s", c.Name, c.Address, c.Advertise)
		}
		for _, other := range all {
			if other.Name == c.Name && other.Address.Is6() == c.Address.Is6() {
				return nil, fmt.Errorf("interface %s: two addresses of one family: %s and %s", c.Name, other.Address, c.Address)
			}
			if other.Address == c.Address && other.FirstPort <= c.LastPort && c.FirstPort <= other.LastPort {
				return nil, fmt.Errorf("interfaces %s and %s: port ranges %d-%d and %d-%d of %s overlap",
					other.Name, c.Name, other.FirstPort, other.LastPort, c.FirstPort, c.LastPort, c.Address)
			}
		}
		allocator, err := port.New(port.Config{First: c.FirstPort, Last: c.LastPort, Quarantine: quarantine})
		if err != nil {
			return nil, fmt.Errorf("interface %s: %w", c.Name, err)
		}
		probe, err := network.Open(netip.AddrPortFrom(c.Address, 0))
		if err != nil {
			return nil, fmt.Errorf("interface %s: %w", c.Name, err)
		}
		probe.Close()
		all = append(all, &localInterface{Interface: c, ports: allocator})
	}
	return all, nil
}

// openPair opens the two ports of a leg: RTP on an even port, RTCP on the next.
func (i *localInterface) openPair(network udp.Network, now int64) (rtp, rtcp udp.Port, err error) {
	for range tries {
		number, err := i.ports.Allocate(now)
		if err != nil {
			return nil, nil, fmt.Errorf("%s ports %d-%d: %w", i.Address, i.FirstPort, i.LastPort, err)
		}
		rtp, err = network.Open(netip.AddrPortFrom(i.Address, number))
		if err == nil {
			rtcp, err = network.Open(netip.AddrPortFrom(i.Address, number+1))
			if err == nil {
				return rtp, rtcp, nil
			}
			rtp.Close()
		}
		i.ports.Release(number, now)
		if !errors.Is(err, udp.ErrPortInUse) {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("%s ports %d-%d: %d pairs tried: %w", i.Address, i.FirstPort, i.LastPort, tries, udp.ErrPortInUse)
}
