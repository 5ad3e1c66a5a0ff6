//go:build !linux

package sip

import "syscall"

// control leaves the socket unmarked: DSCP is set on Linux only.
func (s *Stack) control(_, _ string, _ syscall.RawConn) error { return nil }
