package udp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// diag asks the kernel which socket a packet to a local port would be given (sock_diag(7), an exact request): the answer
// has been through every sk_lookup program and every bound socket, ours and those of others. Safe from any goroutine.
type diag struct {
	mu sync.Mutex // guards the following, from question to answer
	fd int        // -1 once it is closed
}

// The layout of what is sent and received, in the machine's order but for ports and addresses.
const (
	sockDiagByFamily = 20
	diagHeader       = unix.SizeofNlMsghdr
	diagRequest      = diagHeader + 56 // nlmsghdr, inet_diag_req_v2
	diagSockID       = diagHeader + 8  // its inet_diag_sockid: sport, dport, src[4], dst[4], if, cookie
	diagReplyCookie  = diagHeader + 4 + 40
)

func openDiag() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, openError(os.NewSyscallError("socket", err))
	}
	// Answers come before sendto returns, so that nothing waits (receiver); the limit is for kernels that would not.
	limit := unix.NsecToTimeval(1e8)
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
	return &diag{fd: fd}, nil
}

// receiver returns the cookie of the socket that packets to local go to, 0 = none.
func (d *diag) receiver(local netip.AddrPort) (cookie uint64, err error) {
	var b [diagRequest]byte
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	b[diagHeader], b[diagHeader+1] = unix.AF_INET, unix.IPPROTO_UDP
	binary.NativeEndian.PutUint32(b[diagHeader+4:], ^uint32(0)) // in whatever state
	id := b[diagSockID:]
	binary.BigEndian.PutUint16(id[2:], local.Port()) // the kernel takes source and destination as a packet that arrives has them
	if a := local.Addr(); a.Is4() {
		*(*[4]byte)(id[20:]) = a.As4()
	} else {
		b[diagHeader] = unix.AF_INET6
		*(*[16]byte)(id[20:]) = a.As16()
	}
	binary.NativeEndian.PutUint64(id[40:], ^uint64(0)) // whatever cookie
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := send(d.fd, b[:]); errno != 0 {
		return 0, os.NewSyscallError("sendto", errno)
	}
	var answer [1024]byte
	n, errno := receive(d.fd, answer[:])
	if errno == unix.EAGAIN {
		var failed error
		if n, _, failed = unix.Recvfrom(d.fd, answer[:], 0); failed != nil {
			return 0, os.NewSyscallError("recvfrom", failed)
		}
	} else if errno != 0 {
		return 0, os.NewSyscallError("recvfrom", errno)
	}
	switch {
	case n < diagHeader+4:
		return 0, fmt.Errorf("sock_diag answered %d bytes", n)
	}
	switch kind := binary.NativeEndian.Uint16(answer[4:]); {
	case kind == unix.NLMSG_ERROR:
		errno := unix.Errno(-int32(binary.NativeEndian.Uint32(answer[diagHeader:])))
		if errno == unix.ENOENT {
			return 0, nil
		}
		return 0, os.NewSyscallError("sock_diag", errno)
	case kind != sockDiagByFamily || n < diagReplyCookie+8:
		return 0, fmt.Errorf("sock_diag answered with message %d of %d bytes", kind, n)
	}
	return binary.NativeEndian.Uint64(answer[diagReplyCookie:]), nil
}

// cookie returns the number by which the kernel knows a socket as long as it runs.
func cookie(fd int) uint64 {
	c, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		return 0
	}
	return c
}

func (d *diag) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd >= 0 {
		unix.Close(d.fd)
	}
	d.fd = -1
}
