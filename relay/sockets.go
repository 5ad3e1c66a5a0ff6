package relay

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

	"sidetone/relay/udp"
)

// newNetwork makes the network that Config.Sockets asks for, says once which that is and, of auto, why. The closer is
// nil where nothing has to be closed.
//
//	steered  one receive socket a shard and family, whatever the number of legs: needs the privilege to load eBPF
//	ports    a socket for each port: needs none
//	auto     steered where it is possible
func newNetwork(c Config) (udp.Network, io.Closer, error) {
	ports, err := udp.NewPorts(udp.PortsConfig{DSCP: c.DSCP})
	if err != nil {
		return nil, nil, err
	}
	switch c.Sockets {
	case "ports":
		c.Logger.Info("media sockets", "sockets", "ports", "reason", "asked for")
		return ports, nil, nil
	case "steered", "auto", "":
	default:
		return nil, nil, fmt.Errorf("sockets %q is none of auto, steered, ports", c.Sockets)
	}
	var addrs []netip.Addr
	for _, i := range c.Interfaces {
		addrs = append(addrs, i.Address)
	}
	steered, err := udp.NewSteered(udp.SteeredConfig{Addresses: addrs, Shards: c.Shards, DSCP: c.DSCP})
	switch {
	case err == nil:
	case c.Sockets == "steered":
		return nil, nil, err
	case errors.Is(err, udp.ErrAddressNotAvailable):
		return ports, nil, nil // which says which interface it is
	default:
		c.Logger.Info("media sockets", "sockets", "ports", "reason", err)
		return ports, nil, nil
	}
	reason := "possible here"
	if c.Sockets == "steered" {
		reason = "asked for"
	}
	c.Logger.Info("media sockets", "sockets", "steered", "reason", reason)
	for _, i := range c.Interfaces {
		if udp.Ephemeral(i.FirstPort, i.LastPort) {
			c.Logger.Warn("other programs may be given media ports, and would wait for packets in vain: reserve them",
				"interface", i.Name, "sysctl", fmt.Sprintf("net.ipv4.ip_local_reserved_ports=%d-%d", i.FirstPort, i.LastPort))
		}
	}
	return steered, steered, nil
}
