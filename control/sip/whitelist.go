package sip

import (
	"net/netip"
	"slices"
	"sync/atomic"
)

// Whitelist (S3): only these networks may talk to the stack; everything else is dropped before it is parsed.
type Whitelist struct {
	Enabled  bool
	Networks []netip.Prefix
}

// whitelist is a Whitelist ready for use; immutable.
type whitelist struct {
	enabled  bool
	networks []netip.Prefix
	guests   *atomic.Pointer[[]netip.Addr] // servers of ours, as DNS has them now
}

func newWhitelist(w Whitelist) whitelist {
	out := whitelist{enabled: w.Enabled, guests: new(atomic.Pointer[[]netip.Addr])}
	for _, n := range w.Networks {
		if n.Addr().Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
		}
		out.networks = append(out.networks, n.Masked())
	}
	return out
}

func (w whitelist) admits(a netip.Addr) bool {
	if !w.enabled {
		return true
	}
	a = a.Unmap().WithZone("")
	for _, n := range w.networks {
		if n.Contains(a) {
			return true
		}
	}
	guests := w.guests.Load()
	return guests != nil && slices.Contains(*guests, a)
}

// Admit lets addresses speak to us besides the white list's networks, instead of those it let in before: servers of trunks.
func (s *Stack) Admit(guests []netip.Addr) {
	list := slices.Clone(guests)
	s.whitelist.guests.Store(&list)
}
