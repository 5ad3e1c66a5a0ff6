package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ParseListen reads a listener written NETWORK:HOST:PORT, such as "udp:0.0.0.0:5060" or
// "tcp:[::]:5060", with one of the networks ("udp", "tcp", "tls" for SIP). HOST is an IP address and
// PORT 0 means any free one.
func ParseListen(text string, networks ...string) (network string, addr netip.AddrPort, err error) {
	network, rest, ok := strings.Cut(text, ":")
	if !ok || !slices.Contains(networks, network) {
		return "", netip.AddrPort{}, fmt.Errorf("wants %s:HOST:PORT, found %q%s", strings.Join(networks, "|"), text, suggestion(network, networks))
	}
	addr, err = netip.ParseAddrPort(rest)
	if err != nil {
		return "", netip.AddrPort{}, fmt.Errorf("wants an IP address and a port, such as %s:0.0.0.0:5060 or %s:[::]:5060, found %q", network, network, text)
	}
	return network, addr, nil
}
