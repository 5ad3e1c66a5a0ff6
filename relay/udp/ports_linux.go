package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// PortsConfig says how the sockets of a Ports are set up.
type PortsConfig struct {
	DSCP          int // 0-63, marks what is sent (RFC 2474); 0 = best effort
	ReceiveBuffer int // bytes of each socket's receive buffer; 0 = the system's default
}

// Ports is the Network that opens a socket for each port. It needs no privilege.
type Ports struct {
	config PortsConfig
	diag   *diag
}

// NewPorts returns a Network with a socket for each port.
func NewPorts(c PortsConfig) (*Ports, error) {
	if c.DSCP < 0 || c.DSCP > 63 {
		return nil, fmt.Errorf("dscp %d is not in 0-63", c.DSCP)
	}
	d, err := openDiag()
	if err != nil {
		return nil, fmt.Errorf("sockets: %w", err)
	}
	return &Ports{config: c, diag: d}, nil
}

// Close gives back what is not a port's or a Conn's. Closing twice is harmless.
func (n *Ports) Close() error {
	n.diag.close()
	return nil
}

// socket is the Port of Ports.
type socket struct {
	fd     int
	local  netip.AddrPort
	v6     bool
	scope  uint32 // of link-local addresses, 0 = none
	closed atomic.Bool
}

// Open binds a socket to a local address and port.
func (n *Ports) Open(local netip.AddrPort) (Port, error) {
	s, err := n.open(local)
	if err == nil && n.robbed(s) {
		s.Close()
		err = fmt.Errorf("%w: its packets go to a program that steers them", ErrPortInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("open udp %s: %w", local, err)
	}
	return s, nil
}

// robbed reports whether the packets of a bound socket go to another one: a port may be free to bind and steered all the same. An
// answer that finds nobody is none: the kernel has no sock_diag for UDP.
func (n *Ports) robbed(s *socket) bool {
	if s.scope != 0 {
		return false // such ports are not steered
	}
	got, err := n.diag.receiver(s.local)
	return err == nil && got != 0 && got != cookie(s.fd)
}

func (n *Ports) open(local netip.AddrPort) (*socket, error) {
	if !local.IsValid() {
		return nil, ErrAddressNotAvailable
	}
	addr := local.Addr().Unmap()
	s := &socket{v6: addr.Is6()}
	family := unix.AF_INET
	if s.v6 {
		family = unix.AF_INET6
		if zone := addr.Zone(); zone != "" {
			scope, err := scopeID(zone)
			if err != nil {
				return nil, err
			}
			s.scope = scope
		}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, openError(err)
	}
	s.fd = fd
	if err := n.setup(s, addr, local.Port()); err != nil {
		unix.Close(fd)
		return nil, openError(err)
	}
	return s, nil
}

// setup applies the options, binds, and reads back the port the system chose.
func (n *Ports) setup(s *socket, addr netip.Addr, port uint16) error {
	if n.config.ReceiveBuffer > 0 {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, n.config.ReceiveBuffer); err != nil {
			return os.NewSyscallError("setsockopt SO_RCVBUF", err)
		}
	}
	tos := n.config.DSCP << 2 // the two bits below are ECN's (RFC 3168)
	if s.v6 {
		if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return os.NewSyscallError("setsockopt IPV6_V6ONLY", err)
		}
		if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos); err != nil {
			return os.NewSyscallError("setsockopt IPV6_TCLASS", err)
		}
		if err := unix.Bind(s.fd, &unix.SockaddrInet6{Port: int(port), ZoneId: s.scope, Addr: addr.As16()}); err != nil {
			return os.NewSyscallError("bind", err)
		}
	} else {
		if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_TOS, tos); err != nil {
			return os.NewSyscallError("setsockopt IP_TOS", err)
		}
		if err := unix.Bind(s.fd, &unix.SockaddrInet4{Port: int(port), Addr: addr.As4()}); err != nil {
			return os.NewSyscallError("bind", err)
		}
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		port = uint16(name.Port)
	case *unix.SockaddrInet6:
		port = uint16(name.Port)
	}
	s.local = netip.AddrPortFrom(addr, port)
	return nil
}

// Local returns the bound address and port.
func (s *socket) Local() netip.AddrPort { return s.local }

// Close closes the socket.
func (s *socket) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return os.NewSyscallError("close", unix.Close(s.fd))
}

// overflowed returns how many datagrams the socket had no room for.
func (s *socket) overflowed() uint64 {
	if s.closed.Load() {
		return 0
	}
	return overflow(s.fd)
}

// openError puts the sentinel in front of the system's error where a caller may branch on it.
func openError(err error) error {
	switch {
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return fmt.Errorf("%w: %w", ErrFileDescriptors, err)
	case errors.Is(err, unix.EADDRNOTAVAIL), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: %w", ErrAddressNotAvailable, err)
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w: %w", ErrPortInUse, err)
	}
	return err
}

// scopeID returns the interface index that an IPv6 zone names.
func scopeID(zone string) (uint32, error) {
	if id, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(id), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, fmt.Errorf("%w: zone %s: %w", ErrAddressNotAvailable, zone, err)
	}
	return uint32(i.Index), nil
}
