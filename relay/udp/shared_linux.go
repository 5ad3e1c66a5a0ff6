package udp

import (
	"os"

	"golang.org/x/sys/unix"
)

// The addresses that shared receive sockets are bound to: nobody's (RFC 7600, RFC 6666), so that no packet finds its way to
// them but those steered there.
var (
	nobody4 = unix.SockaddrInet4{Addr: [4]byte{192, 0, 0, 8}}
	nobody6 = unix.SockaddrInet6{Addr: [16]byte{0x01, 15: 1}}
)

// openShared makes a socket that receives the packets of many ports and learns from each which one it was sent to.
func openShared(v6 bool, buffer int) (int, error) {
	f, level, option := unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVORIGDSTADDR
	if v6 {
		f, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVORIGDSTADDR
	}
	fd, err := unix.Socket(f, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	setBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, buffer)
	err = os.NewSyscallError("setsockopt RECVORIGDSTADDR", unix.SetsockoptInt(fd, level, option, 1))
	if err == nil {
		err = bindNobody(fd, v6)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// bindNobody binds a socket to an address that is not this machine's: a socket must be bound to be steered to.
func bindNobody(fd int, v6 bool) error {
	if !v6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1); err != nil {
			return os.NewSyscallError("setsockopt IP_FREEBIND", err)
		}
		a := nobody4
		return os.NewSyscallError("bind", unix.Bind(fd, &a))
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
		return os.NewSyscallError("setsockopt IPV6_V6ONLY", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1); err != nil {
		return os.NewSyscallError("setsockopt IPV6_FREEBIND", err)
	}
	a := nobody6
	return os.NewSyscallError("bind", unix.Bind(fd, &a))
}
