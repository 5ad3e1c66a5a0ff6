package netlab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Datagram is one UDP datagram as it came to a host. Payload is valid only during the call.
type Datagram struct {
	From, To netip.AddrPort
	Payload  []byte
}

// Tap sees every UDP datagram that comes to a host, whether a socket takes it or not.
type Tap struct {
	file *os.File
	fd   int
	done chan struct{} // closed when the reader has ended
}

// Tap taps the host's cable. see is called by one goroutine until Close has returned.
func (h *Host) Tap(see func(Datagram)) (*Tap, error) {
	t := &Tap{done: make(chan struct{})}
	err := h.Do(func() (err error) {
		// For one protocol the kernel copies what comes in and not what goes out.
		ip := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP))
		t.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(ip))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: tap: %w", h.name, err)
	}
	const room = 8 << 20
	if unix.SetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		// Without the privilege it is as much as everybody may have. What does not fit is counted.
		_ = unix.SetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
	}
	t.file = os.NewFile(uintptr(t.fd), "tap")
	go t.read(see) // ended by Close, which waits for it
	return t, nil
}

func (t *Tap) read(see func(Datagram)) {
	defer close(t.done)
	b := make([]byte, 65536)
	for {
		n, err := t.file.Read(b)
		if err != nil {
			return // closed
		}
		if d, ok := parse(b[:n]); ok {
			see(d)
		}
	}
}

// Close ends the tap and returns how many packets it missed.
func (t *Tap) Close() (missed int, err error) {
	stats, err := unix.GetsockoptTpacketStats(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err == nil {
		missed = int(stats.Drops)
	}
	if e := t.file.Close(); err == nil {
		err = e
	}
	<-t.done
	return missed, err
}

// parse takes an IPv4 packet and reports whether it holds the first, or only, fragment of a UDP datagram.
func parse(b []byte) (d Datagram, ok bool) {
	const udpHeader = 8
	if len(b) < 20 || b[0]>>4 != 4 || b[9] != unix.IPPROTO_UDP || binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
		return d, false
	}
	head := int(b[0]&0xf) * 4
	if head < 20 || len(b) < head+udpHeader {
		return d, false
	}
	u := b[head:]
	size := int(binary.BigEndian.Uint16(u[4:]))
	if size < udpHeader {
		return d, false
	}
	d.From = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:16])), binary.BigEndian.Uint16(u))
	d.To = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[16:20])), binary.BigEndian.Uint16(u[2:]))
	d.Payload = u[udpHeader:min(size, len(u))]
	return d, true
}
