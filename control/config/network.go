package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// parseNetwork reads an entry of a list of networks: CIDR, one address, or the OfficeServ manual's
// form, where the broadcast address of a class A, B or C network stands for the whole of it
// (192.168.1.255 = 192.168.1.0/24). Whatever else ends in .0 or .255 is refused: the writer meant a
// range, and guessing its size would let strangers in or phones out.
func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Addr().Is4In6() {
			return netip.Prefix{}, fmt.Errorf("%q is no network, such as 192.168.1.0/24 or fd00::/8", text)
		}
		if p.Masked() != p {
			return netip.Prefix{}, fmt.Errorf("%s names an address within a network; the network is %s", text, p.Masked())
		}
		return p, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4In6() || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is no network or address, such as 192.168.1.0/24 or 192.168.1.10", text)
	}
	if !a.Is4() {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	if p, ok := classBroadcast(a); ok {
		return p, nil
	}
	if last := a.As4()[3]; last == 0 || last == 255 {
		return netip.Prefix{}, fmt.Errorf("%s is not clear: write %s for the range or %s/32 for the one address",
			text, netip.PrefixFrom(a, 24).Masked(), text)
	}
	return netip.PrefixFrom(a, 32), nil
}

// classBroadcast returns the class A, B or C network (RFC 791 section 3.2) whose broadcast address
// this is.
func classBroadcast(a netip.Addr) (netip.Prefix, bool) {
	b := a.As4()
	bits := 24
	switch {
	case b[0] < 128:
		bits = 8
	case b[0] < 192:
		bits = 16
	case b[0] >= 224:
		return netip.Prefix{}, false // multicast and reserved have no networks
	}
	for _, octet := range b[bits/8:] {
		if octet != 255 {
			return netip.Prefix{}, false
		}
	}
	return netip.PrefixFrom(a, bits).Masked(), true
}
