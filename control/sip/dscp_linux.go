package sip

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// control marks a socket with the DSCP before it is bound or connected; accepted connections inherit the mark.
// A kernel that refuses the mark is no reason not to serve.
func (s *Stack) control(network, _ string, c syscall.RawConn) error {
	if s.config.DSCP < 0 {
		return nil
	}
	return c.Control(func(fd uintptr) {
		tos := s.config.DSCP << 2
		if strings.HasSuffix(network, "6") {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos)
			return
		}
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, tos)
	})
}
