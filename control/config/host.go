package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Host is what a configuration is checked against: the machine it is to run on.
type Host struct {
	Bind      func(netip.Addr) error // nil when a socket can have the address
	Addresses func() []netip.Addr    // for hints
	LookupEnv func(string) (string, bool)
	ReadFile  func(string) ([]byte, error)
	HasFile   func(string) error // nil when it can be opened for reading
}

// ThisHost is the machine we are on.
func ThisHost() Host {
	return Host{Bind: bind, Addresses: addresses, LookupEnv: os.LookupEnv, ReadFile: readFile, HasFile: hasFile}
}

// bind tries the address rather than looking it up: loopback's whole range and addresses that the
// kernel lets be used ahead of time (ip_nonlocal_bind, for fail-over) are good too.
func bind(a netip.Addr) error {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		return err
	}
	return c.Close()
}

// addresses lists the machine's addresses that phones may be given, loopback last.
func addresses() []netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && !p.Addr().IsLinkLocalUnicast() {
			list = append(list, p.Addr().Unmap())
		}
	}
	slices.SortStableFunc(list, func(a, b netip.Addr) int { return rank(a) - rank(b) })
	return list
}

// rank orders addresses by how well they serve phones: IPv4, then IPv6, then loopback.
func rank(a netip.Addr) int {
	switch {
	case a.IsLoopback():
		return 2
	case a.Is4():
		return 0
	}
	return 1
}

// MachineAddress is the address this machine uses towards the world, to be put into a first
// configuration: the one of the default route, else any, else loopback. No packet is sent.
func MachineAddress() netip.Addr {
	for _, probe := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} {
		c, err := net.Dial("udp", probe)
		if err != nil {
			continue
		}
		local := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
		_ = c.Close()
		if local.IsGlobalUnicast() {
			return local
		}
	}
	if list := addresses(); len(list) > 0 {
		return list[0]
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

func hasFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &os.PathError{Op: "open", Path: name, Err: syscall.EISDIR}
	}
	return err
}

// reason is an error of the operating system without the operation and name around it.
func reason(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}

// notLocal explains why an address cannot be used.
func (h Host) notLocal(a netip.Addr, err error) string {
	if !errors.Is(err, syscall.EADDRNOTAVAIL) {
		return fmt.Sprintf("%s cannot be used: %s", a, reason(err))
	}
	var have []string
	for _, own := range h.Addresses() {
		have = append(have, own.String())
	}
	return fmt.Sprintf("%s is not an address of this machine (it has %s)", a, strings.Join(have, ", "))
}
