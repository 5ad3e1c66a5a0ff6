package sip

import (
	"errors"
	"net/netip"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// Transports a Flow can have.
const (
	UDP = "udp"
	TCP = "tcp"
	TLS = "tls"
)

var errNoRoute = errors.New("no way to the peer")

// Flow is one way to a peer: the transport, our address as that peer sees it, the peer's address, and the very socket
// or connection between them. A value, comparable, valid for as long as the socket is; the zero Flow leads nowhere.
// Requests to a registered phone go down the flow it registered from (RFC 5626), whatever its Contact says.
type Flow struct {
	Transport string
	// Local is what Via and Contact carry towards this peer.
	Local netip.AddrPort
	// Remote is where messages go: the source of what came in, or a Contact's address.
	Remote netip.AddrPort

	link link
	nat  bool // Remote is a NAT's or so configured: addresses in Contact and Record-Route mean nothing
}

// link is a socket or connection that can carry a message to an address (a stream has only one). send never blocks
// for long and may be called from any goroutine; b is not kept.
type link interface {
	send(b []byte, to netip.AddrPort) error
	// alive is false once nothing can be sent any more.
	alive() bool
	// watch calls broken once when the link breaks before the returned cancel was called; datagram links never break.
	watch(broken func()) (cancel func())
}

// IsZero says that the flow leads nowhere.
func (f Flow) IsZero() bool { return f.link == nil }

// Alive says whether something can still be sent: a TCP or TLS flow dies with its connection.
func (f Flow) Alive() bool { return f.link != nil && f.link.alive() }

// Reliable is true for TCP and TLS: no retransmission (RFC 3261 17).
func (f Flow) Reliable() bool { return f.Transport != UDP }

func (f Flow) send(b []byte) error {
	if f.link == nil {
		return errNoRoute
	}
	return f.link.send(b, f.Remote)
}

// to is the same link to another address: the Contact of a datagram peer. A stream has one end only.
func (f Flow) to(remote netip.AddrPort) Flow {
	if !f.Reliable() {
		f.Remote = remote
	}
	return f
}

// via returns the Via of a request sent down the flow (RFC 3261 18.1.1, rport of RFC 3581).
func (f Flow) via(branch string) *gosip.ViaHeader {
	v := &gosip.ViaHeader{
		ProtocolName:    "SIP",
		ProtocolVersion: "2.0",
		Transport:       strings.ToUpper(f.Transport),
		Host:            f.Local.Addr().WithZone("").String(),
		Port:            int(f.Local.Port()),
	}
	v.Params.Add("branch", branch)
	if f.Transport == UDP {
		v.Params.Add("rport", "")
	}
	return v
}

// contact returns our Contact towards the peer.
func (f Flow) contact(user string) *gosip.ContactHeader {
	u := gosip.Uri{Scheme: "sip", User: escapeUser(user), Host: host(f.Local.Addr()), Port: int(f.Local.Port())}
	if f.Transport != UDP {
		u.UriParams.Add("transport", f.Transport)
	}
	return &gosip.ContactHeader{Address: u}
}

// host writes an address as a URI host: IPv6 in brackets, without zone.
func host(a netip.Addr) string {
	a = a.WithZone("")
	if a.Is4() {
		return a.String()
	}
	return "[" + a.String() + "]"
}

// uriAddr returns the literal address of a URI, with the transport's default port; ok is false for a host name.
func uriAddr(u gosip.Uri) (netip.AddrPort, bool) {
	a, err := netip.ParseAddr(strings.Trim(u.Host, "[]"))
	if err != nil || u.Port < 0 || u.Port > 65535 {
		return netip.AddrPort{}, false
	}
	port := u.Port
	if port == 0 {
		port = defaultPort(uriTransport(u))
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), true
}

// uriTransport returns the transport a URI asks for, UDP when it does not.
func uriTransport(u gosip.Uri) string {
	if u.Scheme == "sips" {
		return TLS
	}
	t, _ := param(u.UriParams, "transport")
	switch t = strings.ToLower(t); t {
	case TCP, TLS:
		return t
	}
	return UDP
}

func defaultPort(transport string) int {
	if transport == TLS {
		return 5061
	}
	return 5060
}
