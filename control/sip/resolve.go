package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// Resolver is what finding servers asks of DNS; *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// ServerURI is a server as the configuration names it: a host name or an address without brackets, a port or 0, a transport or "".
func ServerURI(name string, port int, transport string) gosip.Uri {
	u := gosip.Uri{Scheme: "sip", Host: name, Port: port}
	if a, err := netip.ParseAddr(name); err == nil {
		u.Host = host(a)
	}
	if transport != "" {
		u.UriParams.Add("transport", transport)
	}
	return u
}

// Hop is one place where a server may be reached.
type Hop struct {
	Transport string
	Addr      netip.AddrPort
	// Name is what its TLS certificate must be for: the name that was looked up, not what DNS made of it (RFC 5922 4).
	Name string
}

func (h Hop) String() string { return h.Transport + ":" + h.Addr.String() }

// maxHops bounds what one name may lead to.
const maxHops = 16

// Resolve finds where a SIP URI leads (RFC 3263 4): a literal address at once, a name with a port by its addresses, a
// name alone by its SRV records, in their order, or where it has none by its addresses. Transports without a listener
// of ours are left out. NAPTR is not asked for: without it RFC 3263 4.1 tries the SRV records of each transport.
func (s *Stack) Resolve(ctx context.Context, u gosip.Uri) ([]Hop, error) {
	transport := uriTransport(u)
	host := strings.TrimSuffix(strings.Trim(u.Host, "[]"), ".")
	if addr, ok := uriAddr(u); ok {
		return []Hop{{transport, addr, addr.Addr().WithZone("").String()}}, nil
	}
	if host == "" || u.Port < 0 || u.Port > 65535 {
		return nil, fmt.Errorf("%s: %w", u.Addr(), errNoRoute)
	}
	var hops []Hop
	var err error
	if u.Port == 0 {
		_, fixed := param(u.UriParams, "transport")
		for _, t := range []struct{ transport, service, proto string }{{UDP, "sip", "udp"}, {TCP, "sip", "tcp"}, {TLS, "sips", "tcp"}} {
			if (fixed || u.Scheme == "sips") && t.transport != transport || !s.listens(t.transport) {
				continue
			}
			_, records, e := s.config.Resolver.LookupSRV(ctx, t.service, t.proto, host)
			err = errors.Join(err, transient(e))
			for _, r := range records {
				if r.Target == "." || r.Target == "" { // RFC 2782: decidedly not there
					continue
				}
				more, e := s.addresses(ctx, t.transport, strings.TrimSuffix(r.Target, "."), int(r.Port), host)
				hops, err = append(hops, more...), errors.Join(err, e)
			}
		}
	}
	if len(hops) == 0 {
		port := u.Port
		if port == 0 {
			port = defaultPort(transport)
		}
		var e error
		hops, e = s.addresses(ctx, transport, host, port, host)
		err = errors.Join(err, e)
	}
	if len(hops) == 0 {
		return nil, fmt.Errorf("resolve %s: %w", host, or(err, errNoRoute))
	}
	return hops[:min(len(hops), maxHops)], nil
}

// addresses looks a host up; its IPv4 addresses come first when we listen on both.
func (s *Stack) addresses(ctx context.Context, transport, host string, port int, name string) ([]Hop, error) {
	list, err := s.config.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var hops []Hop
	for _, a := range list {
		hops = append(hops, Hop{transport, netip.AddrPortFrom(a.Unmap(), uint16(port)), name})
	}
	slices.SortStableFunc(hops, func(a, b Hop) int { return a.Addr.Addr().BitLen() - b.Addr.Addr().BitLen() })
	return hops, nil
}

// transient leaves out that a name has no records of a kind, which is an answer and no error.
func transient(err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return nil
	}
	return err
}

// listens says whether there is a listener of the transport, whose address our Via and Contact carry.
func (s *Stack) listens(transport string) bool {
	return slices.ContainsFunc(s.config.Listen, func(l string) bool { return strings.HasPrefix(strings.ToLower(l), transport+":") })
}

// FlowTo is the way to a hop: a UDP socket of ours, the open connection to it, or one that is dialled while messages
// wait in its queue.
func (s *Stack) FlowTo(h Hop) (Flow, error) { return s.flowToAddr(h.Transport, h.Addr, h.Name) }
