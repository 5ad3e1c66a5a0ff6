package udp

import (
	"encoding/binary"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// The headers that a raw socket is given with each packet: IP's, which the kernel takes as it is but for IPv4's length and
// checksum, and UDP's.
//
//	IPv4 (RFC 791):  0 version, length  1 DSCP  2 length  4 id  6 flags  8 TTL  9 protocol  10 checksum  12 source  16 destination
//	IPv6 (RFC 8200): 0 version, DSCP, flow  4 payload length  6 next header  7 hop limit  8 source  24 destination
//	UDP (RFC 768):   0 source port  2 destination port  4 length  6 checksum
const (
	ipv4Size   = 20
	ipv6Size   = 40
	udpSize    = 8
	headerSize = ipv6Size + udpSize
	// dontFragment has an IPv4 packet refused rather than fragmented on its way: no id is needed then, and what is too long
	// for the first hop comes back as EMSGSIZE.
	dontFragment = 0x4000
)

// origin is what all packets from one local address have in common. It is one for all ports, so that it stays in the
// processor's cache however many there are.
type origin struct {
	header [ipv6Size]byte // IPv4's is the first ipv4Size
	v6     bool
	sum    uint64 // of the pseudo header's fixed parts
}

func newOrigin(a netip.Addr, tos, hops uint8) origin {
	var o origin
	h := o.header[:]
	if a.Is4() {
		h[0], h[1], h[8], h[9] = 0x45, tos, hops, unix.IPPROTO_UDP
		binary.BigEndian.PutUint16(h[6:], dontFragment)
		*(*[4]byte)(h[12:]) = a.As4()
		o.sum = sum(0, h[12:16])
	} else {
		o.v6 = true
		h[0], h[1], h[6], h[7] = 0x60|tos>>4, tos<<4, unix.IPPROTO_UDP, hops
		*(*[16]byte)(h[8:]) = a.As16()
		o.sum = sum(0, h[8:24])
	}
	o.sum = sum(o.sum, []byte{0, unix.IPPROTO_UDP})
	return o
}

// put writes the headers of a packet from one of the address's ports to to, which is of the same family, and returns their
// size.
// Hot path: no allocation, lock, clock or log.
func (o *origin) put(h *[headerSize]byte, port uint16, to netip.AddrPort, data []byte) int {
	length := udpSize + len(data)
	var size int
	var s uint64
	if o.v6 {
		*(*[ipv6Size]byte)(h[:]) = o.header
		size = ipv6Size
		binary.BigEndian.PutUint16(h[4:], uint16(length))
		*(*[16]byte)(h[24:]) = to.Addr().As16()
		s = sum(o.sum, h[24:40])
	} else {
		size = ipv4Size
		*(*[ipv4Size]byte)(h[:]) = *(*[ipv4Size]byte)(o.header[:])
		binary.BigEndian.PutUint16(h[2:], uint16(ipv4Size+length))
		*(*[4]byte)(h[16:]) = to.Addr().As4()
		s = sum(o.sum, h[16:20])
	}
	udp := h[size : size+udpSize]
	binary.BigEndian.PutUint16(udp, port)
	binary.BigEndian.PutUint16(udp[2:], to.Port())
	binary.BigEndian.PutUint16(udp[4:], uint16(length))
	s = sum(s, udp[4:6]) // the length stands in both headers
	s = sum(s, udp[:6])
	putChecksum(udp[6:], sum(s, data))
	return size + udpSize
}

// openRaw makes the socket that all packets from one local address leave by. It is bound to the address, so that routes may
// depend on it, and receives nothing.
func openRaw(addr netip.Addr, tos int) (int, error) {
	family := unix.AF_INET
	if addr.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return -1, os.NewSyscallError("raw socket", err)
	}
	if err := setupRaw(fd, addr, tos); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// sendBuffer is what a shard may have on its way out to one address's network device, in bytes.
const sendBuffer = 4 << 20

func setupRaw(fd int, addr netip.Addr, tos int) error {
	// What the header says is for the network; the option sets the packet's priority in our own queues.
	if err := setTOS(fd, addr.Is6(), tos); err != nil {
		return err
	}
	setBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sendBuffer)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0) // a packet of protocol 255 may come
	if addr.Is6() {
		return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet6{Addr: addr.As16()}))
	}
	return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrInet4{Addr: addr.As4()}))
}

// setTOS marks what a socket sends.
func setTOS(fd int, v6 bool, tos int) error {
	if v6 {
		return os.NewSyscallError("setsockopt IPV6_TCLASS", unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos))
	}
	return os.NewSyscallError("setsockopt IP_TOS", unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, tos))
}

// setBuffer sets a socket's buffer beyond the system's limit where that is allowed, else up to it.
func setBuffer(fd, force, ask, bytes int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, bytes) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, ask, bytes)
	}
}

// hops returns the TTL or hop limit that the system gives to what a socket sends.
func hops(fd int, v6 bool) (uint8, error) {
	level, option := unix.IPPROTO_IP, unix.IP_TTL
	if v6 {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS
	}
	n, err := unix.GetsockoptInt(fd, level, option)
	return uint8(n), os.NewSyscallError("getsockopt", err)
}
