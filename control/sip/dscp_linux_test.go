package sip

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSocketsCarryTheDSCP(t *testing.T) {
	for _, tt := range []struct{ config, tos int }{{0, 24 << 2}, {46, 46 << 2}, {-1, 0}} {
		s := serve(t, Config{DSCP: tt.config})
		r := newRaw(t, s, TCP)
		r.say(r.text(msg{method: "OPTIONS"}))
		r.expect(200)
		s.mu.Lock()
		conns := []syscall.Conn{s.datagrams[0].conn}
		for c := range s.streams {
			conns = append(conns, c.conn.(*net.TCPConn))
		}
		s.mu.Unlock()
		for _, c := range conns {
			raw, err := c.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			tos := -1
			if err := raw.Control(func(fd uintptr) { tos, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS) }); err != nil {
				t.Fatal(err)
			}
			if tos != tt.tos {
				t.Errorf("DSCP %d: %T has TOS %d, want %d", tt.config, c, tos, tt.tos)
			}
		}
	}
}
