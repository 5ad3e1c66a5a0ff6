package offline

import (
	"encoding/binary"
	"net/netip"
)

// linkType says what a packet of a capture begins with (the LINKTYPE_ values of tcpdump.org).
type linkType uint32

const (
	linkNull        linkType = 0 // four octets, then IP
	linkEthernet    linkType = 1
	linkRaw         linkType = 101 // IP
	linkLoop        linkType = 108 // as linkNull
	linkCooked      linkType = 113
	linkIPv4        linkType = 228
	linkIPv6        linkType = 229
	linkCooked2     linkType = 276
	rawOfSomeBSDs   linkType = 12
	rawOfOpenBSD    linkType = 14
	etherIPv4                = 0x0800
	etherIPv6                = 0x86dd
	etherVLAN                = 0x8100
	etherServiceTag          = 0x88a8
	etherPPPoE               = 0x8864
)

const (
	protocolUDP = 17
	// IPv6 headers before the one of the transport (RFC 8200 section 4) that are passed over; a fragment's is not.
	hopByHop    = 0
	routing     = 43
	destination = 60
)

// parse finds the UDP datagram in a packet. Its payload is a part of data.
//
//	link ─► IP ─► UDP ─► payload
func parse(data []byte, link linkType) (d datagram, ok bool) {
	switch link & 0xffff { // above is whether a checksum follows the frame
	case linkRaw, rawOfSomeBSDs, rawOfOpenBSD, linkIPv4, linkIPv6:
		return parseIP(data)
	case linkNull, linkLoop:
		return parseIP(data[min(4, len(data)):])
	case linkEthernet:
		return parseEther(data, 12, 14)
	case linkCooked:
		return parseEther(data, 14, 16)
	case linkCooked2:
		return parseEther(data, 0, 20)
	}
	return d, false
}

// parseEther reads what has its EtherType at one place and goes on at another.
func parseEther(b []byte, at, rest int) (d datagram, ok bool) {
	if len(b) < rest {
		return d, false
	}
	kind := binary.BigEndian.Uint16(b[at:])
	for b = b[rest:]; (kind == etherVLAN || kind == etherServiceTag) && len(b) >= 4; b = b[4:] {
		kind = binary.BigEndian.Uint16(b[2:])
	}
	switch {
	case kind == etherIPv4 || kind == etherIPv6:
		return parseIP(b)
	case kind == etherPPPoE && len(b) >= 8: // version, code, session, length; then PPP's protocol, of which IP alone begins with 4 or 6
		return parseIP(b[8:])
	}
	return d, false
}

func parseIP(b []byte) (d datagram, ok bool) {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
		if total == 0 { // left to the network card
			total = len(b)
		}
		fragment := binary.BigEndian.Uint16(b[6:])&0x3fff != 0
		if header < 20 || total < header || header > len(b) || fragment || b[9] != protocolUDP {
			return d, false
		}
		from, to := netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		return parseUDP(b[header:min(total, len(b))], from, to)
	case len(b) >= 40 && b[0]>>4 == 6:
		next, size := b[6], int(binary.BigEndian.Uint16(b[4:]))
		from, to := netip.AddrFrom16([16]byte(b[8:])).Unmap(), netip.AddrFrom16([16]byte(b[24:])).Unmap()
		b = b[40:]
		if size > 0 {
			b = b[:min(size, len(b))]
		}
		for (next == hopByHop || next == routing || next == destination) && len(b) >= 8 {
			header := (int(b[1]) + 1) * 8
			next, b = b[0], b[min(header, len(b)):]
		}
		if next == protocolUDP {
			return parseUDP(b, from, to)
		}
	}
	return d, false
}

func parseUDP(b []byte, from, to netip.Addr) (d datagram, ok bool) {
	if len(b) < 8 {
		return d, false
	}
	size := int(binary.BigEndian.Uint16(b[4:]))
	switch {
	case size == 0:
		size = len(b)
	case size < 8:
		return d, false
	}
	d.from, d.to = netip.AddrPortFrom(from, binary.BigEndian.Uint16(b)), netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:]))
	d.payload = b[8:min(size, len(b))]
	return d, true
}
