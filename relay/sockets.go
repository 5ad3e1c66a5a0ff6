package relay

import (
	"fmt"
	"io"
	"net/netip"

	"sidetone/relay/udp"
)

// network is a way to the network that has to be closed.
type network interface {
	udp.Network
	io.Closer
}

// newNetwork makes the network that Config.Sockets asks for, says once which that is and, of auto, why.
//
//	steered  one receive socket a shard and family, whatever the number of legs: needs the privilege to load eBPF
//	ports    a socket for each port: needs none
//	auto     steered where it is possible
func newNetwork(c Config) (network, error) {
	switch c.Sockets {
	case "ports":
		return newPorts(c, "asked for")
	case "steered", "auto", "":
		return newSteered(c)
	}
	return nil, fmt.Errorf("sockets %q is none of auto, steered, ports", c.Sockets)
}

// How many packets a shard receives at once, and sends at once.
const (
	batchSize = 128
	// portsBatch is for a socket a port, where each packet is a system call or two, whatever the batch: the first need not wait for
	// the last.
	portsBatch = 32
)

// batchOf returns which of them is for a network.
func batchOf(n udp.Network) int {
	if _, ports := n.(*udp.Ports); ports {
		return portsBatch
	}
	return batchSize
}

// newPorts opens a socket for each port, for a reason.
func newPorts(c Config, reason any) (network, error) {
	ports, err := udp.NewPorts(udp.PortsConfig{DSCP: c.DSCP})
	if err != nil {
		return nil, err
	}
	c.Logger.Info("media sockets", "sockets", "ports", "reason", reason)
	return ports, nil
}

// newSteered steers, or does as auto does where that is not possible.
func newSteered(c Config) (network, error) {
	var addrs []netip.Addr
	for _, i := range c.Interfaces {
		addrs = append(addrs, i.Address)
	}
	steered, err := udp.NewSteered(udp.SteeredConfig{Addresses: addrs, Shards: c.Shards, DSCP: c.DSCP})
	switch {
	case err == nil:
	case c.Sockets == "steered":
		return nil, err
	default:
		return newPorts(c, err) // and of an address that is not here, openInterfaces says whose it is
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
	return steered, nil
}
