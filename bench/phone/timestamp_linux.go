package phone

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// stampArrivals asks the kernel to note when each packet arrives, so that a measured delay does not
// contain the time this process took to wake up.
func stampArrivals(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if err != nil {
		return err
	}
	return set
}

// readStamped reads one packet and when it arrived: by the kernel's note, else now.
func readStamped(conn *net.UDPConn, packet, control []byte) (n int, source netip.AddrPort, at time.Time, err error) {
	n, c, _, source, err := conn.ReadMsgUDPAddrPort(packet, control)
	if err != nil {
		return 0, source, at, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:c])
	if err == nil {
		for _, m := range messages {
			if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
				s := int64(binary.NativeEndian.Uint64(m.Data))
				ns := int64(binary.NativeEndian.Uint64(m.Data[8:]))
				return n, source, time.Unix(s, ns), nil
			}
		}
	}
	return n, source, time.Now().Round(0), nil
}
