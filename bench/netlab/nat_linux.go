package netlab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// NAT is a router that hides a switch behind one address: MASQUERADE with --random, so that the port of a flow outside
// has nothing to do with the one inside, and every flow has one of its own (address- and port-dependent mapping).
type NAT struct {
	*space
	outer, inner netip.Prefix
}

// NAT adds a router with an address on each of two switches.
func (l *Lab) NAT(name string, outside *Switch, outer netip.Prefix, inside *Switch, inner netip.Prefix) (*NAT, error) {
	s, err := l.space(name)
	if err != nil {
		return nil, err
	}
	n := &NAT{s, outer, inner}
	return n, errors.Join(
		l.plug(s, "outside", outside, outer),
		l.plug(s, "inside", inside, inner),
		s.set("net/ipv4/ip_forward", "1"),
		s.run("", "iptables", "-w", "-t", "nat", "-A", "POSTROUTING", "-o", "outside", "-j", "MASQUERADE", "--random"),
	)
}

// Outer returns the address that the NAT shows.
func (n *NAT) Outer() netip.Addr { return n.outer.Addr() }

// Inner returns the address that hosts inside use as their gateway.
func (n *NAT) Inner() netip.Addr { return n.inner.Addr() }

// Forget makes the NAT forget a flow of UDP on which nothing was sent for that many seconds.
func (n *NAT) Forget(seconds int) error {
	return errors.Join(
		n.set("net/netfilter/nf_conntrack_udp_timeout", fmt.Sprint(seconds)),
		n.set("net/netfilter/nf_conntrack_udp_timeout_stream", fmt.Sprint(seconds)),
	)
}

// What ctnetlink is asked for (linux/netfilter/nfnetlink_conntrack.h).
const (
	subsystemConntrack = 1
	deleteConntrack    = 2
)

// Rebind forgets all mappings, as a NAT does that restarts: every flow gets another port with the next packet from
// inside, and nothing comes in by the old one.
func (n *NAT) Rebind() error {
	err := n.Do(func() error {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		// A header and nfgenmsg of four zero bytes: of any family, and with no tuple named all of them.
		request := make([]byte, unix.NLMSG_HDRLEN+4)
		binary.NativeEndian.PutUint32(request, uint32(len(request)))
		binary.NativeEndian.PutUint16(request[4:], subsystemConntrack<<8|deleteConntrack)
		binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
		if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		answer := make([]byte, 4096)
		size, _, err := unix.Recvfrom(fd, answer, 0)
		switch {
		case err != nil:
			return err
		case size < unix.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR:
			return errors.New("unexpected answer of the kernel")
		}
		if code := int32(binary.NativeEndian.Uint32(answer[unix.NLMSG_HDRLEN:])); code != 0 {
			return unix.Errno(-code)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: forget the mappings: %w", n.name, err)
	}
	return nil
}
