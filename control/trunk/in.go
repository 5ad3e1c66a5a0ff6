package trunk

import (
	"net/netip"
	"slices"

	"sidetone/control/sip"
)

// Origin is the trunk a call comes from.
type Origin struct {
	Name string
	// User is our account there: many carriers name it in the Request-URI, and the number that was dialled in To.
	User string
	// Incoming gets calls for numbers of nobody; "" refuses them.
	Incoming string
}

// In finds the trunk whose call this is. called is the user part of the Request-URI: it tells two accounts at one carrier
// apart. Where a station is registered, a trunk is not: neither at the very address and port, nor, for trunks known by
// their IP address only, at that address.
//
//	the server's address and port, or the connection we are registered over    unless a station is there
//	an address of networks, or the server's with another port                  unless a station has the address
func (t *Table) In(f sip.Flow, called string) (Origin, bool) {
	if t == nil {
		return Origin{}, false
	}
	var exact, near []*line
	for _, l := range t.lines {
		switch s := l.snapshot(); {
		case s.registered.Registered && s.registered.Flow == f, s.hasHop(f.Transport, f.Remote):
			exact = append(exact, l)
		case l.hasAddress(s, f.Remote.Addr().Unmap()):
			near = append(near, l)
		}
	}
	stations := t.stack.Registrar()
	switch {
	case len(exact) > 0 && !stations.Serves(f):
		return among(exact, called), true
	case len(near) > 0 && !stations.ServesAddress(f.Remote.Addr()):
		return among(near, called), true
	}
	return Origin{}, false
}

// among chooses the trunk whose account was called, else the first.
func among(list []*line, called string) Origin {
	l := list[0]
	if i := slices.IndexFunc(list, func(l *line) bool { return l.cfg.User != "" && l.cfg.User == called }); i > 0 {
		l = list[i]
	}
	return Origin{Name: l.cfg.Name, User: l.cfg.User, Incoming: l.cfg.Incoming}
}

func (s state) hasHop(transport string, remote netip.AddrPort) bool {
	return slices.ContainsFunc(s.known(), func(h sip.Hop) bool { return h.Transport == transport && h.Addr == remote })
}

func (l *line) hasAddress(s state, a netip.Addr) bool {
	return slices.ContainsFunc(l.cfg.Networks, func(p netip.Prefix) bool { return p.Contains(a) }) ||
		slices.ContainsFunc(s.known(), func(h sip.Hop) bool { return h.Addr.Addr() == a })
}
