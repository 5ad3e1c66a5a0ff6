package sip

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	routeTTL = 30 * time.Second // addresses of ours change rarely, but they do
	routeMax = 4096
)

// routes remembers which address of ours a packet to a peer leaves from, for sockets bound to the wildcard: that is
// the address Via and Contact must carry.
type routes struct {
	mu    sync.Mutex // guards the following
	table map[netip.Addr]route
}

type route struct {
	local netip.Addr
	until time.Time
}

// local returns the address peers can reach the bound address at. For the wildcard it asks the kernel's routing table
// by connecting a UDP socket, which sends nothing.
func (s *Stack) local(bound netip.AddrPort, peer netip.Addr) netip.AddrPort {
	if !bound.Addr().IsUnspecified() {
		return bound
	}
	return netip.AddrPortFrom(s.routes.local(bound.Addr(), peer), bound.Port())
}

func (r *routes) local(bound, peer netip.Addr) netip.Addr {
	now := time.Now()
	r.mu.Lock()
	known, ok := r.table[peer]
	r.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.local
	}
	local := bound
	if c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 9))); err == nil {
		local = addrPort(c.LocalAddr()).Addr()
		_ = c.Close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.table == nil || len(r.table) >= routeMax {
		r.table = make(map[netip.Addr]route)
	}
	r.table[peer] = route{local, now.Add(routeTTL)}
	return local
}
