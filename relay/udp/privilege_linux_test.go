package udp_test

import (
	"errors"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sidetone/relay/udp"
	"sidetone/relay/udp/udptest"
)

// withCapabilities runs fn on a thread that has no other capabilities than these.
func withCapabilities(t *testing.T, capabilities []uint, fn func()) {
	t.Helper()
	done := make(chan error)
	go func() { // ends with fn; its thread ends with it, as it stays locked
		runtime.LockOSThread()
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		err := unix.Capget(&header, &data[0])
		permitted := data
		data[0].Effective, data[1].Effective = 0, 0
		for _, c := range capabilities {
			data[c/32].Effective |= permitted[c/32].Permitted & (1 << (c % 32))
		}
		if err == nil {
			err = unix.Capset(&header, &data[0])
		}
		if err == nil {
			fn()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestMissingPrivilegeIsNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		has  []uint
		want string
	}{
		{"none", nil, "lacks CAP_BPF to load the program, CAP_NET_ADMIN to attach it, CAP_NET_RAW to send from every port"},
		{"no CAP_BPF", []uint{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}, "lacks CAP_BPF to load the program"},
		{"no CAP_NET_ADMIN", []uint{unix.CAP_BPF, unix.CAP_NET_RAW}, "CAP_NET_ADMIN to attach it"},
		{"no CAP_NET_RAW", []uint{unix.CAP_BPF, unix.CAP_NET_ADMIN}, "CAP_NET_RAW to send from every port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after int
			var err error
			withCapabilities(t, c.has, func() {
				before = files(t)
				var n *udp.Steered
				if n, err = udp.NewSteered(udp.SteeredConfig{Addresses: []netip.Addr{loopback}, Shards: 1}); err == nil {
					n.Close()
				}
				after = files(t)
			})
			if !errors.Is(err, udp.ErrUnsupported) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ... %s", err, c.want)
			}
			if after != before {
				t.Errorf("%d files open, %d before", after, before)
			}
		})
	}
}

// TestThreeCapabilitiesAreEnough has no others, and none at all once the shards are set up.
func TestThreeCapabilitiesAreEnough(t *testing.T) {
	udptest.NeedSteered(t, "steered")
	var n *udp.Steered
	var c udp.Conn
	withCapabilities(t, []uint{unix.CAP_BPF, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}, func() {
		var err error
		if n, err = udp.NewSteered(udp.SteeredConfig{Addresses: []netip.Addr{loopback}, Shards: 1}); err != nil {
			t.Error(err)
			return
		}
		if c, err = n.Conn(4); err != nil {
			t.Error(err)
		}
	})
	if n == nil || c == nil {
		return
	}
	defer n.Close()
	defer c.Close()
	withCapabilities(t, nil, func() {
		var local [2]netip.AddrPort
		for slot := range local {
			p, err := n.Open(netip.AddrPortFrom(loopback, 0))
			if err == nil {
				err = c.Attach(uint32(slot), p)
			}
			if err != nil {
				t.Error(err)
				return
			}
			local[slot] = p.Local()
		}
		if failed := c.Send([]udp.Packet{{Slot: 0, Addr: local[1], Data: []byte("x")}}); failed > 0 {
			t.Error("not sent")
		} else if got := receive(t, c, 1)[0]; got.Slot != 1 || got.Addr != local[0] {
			t.Errorf("got %+v", got)
		}
	})
}
