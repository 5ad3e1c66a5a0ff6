package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// Binding is one registered contact of a station.
type Binding struct {
	Tel string
	// Contact is where to send requests: as registered, or rewritten to the source when the NAT check says so.
	Contact gosip.Uri
	// Registered is the contact as the phone wrote it; responses list it.
	Registered gosip.Uri
	// Flow is the way there: the connection the phone registered over, or the UDP socket and the address.
	Flow      Flow
	Source    netip.AddrPort
	UserAgent string
	BehindNAT bool
	Since     time.Time // of the first REGISTER of this contact
	Expires   time.Time

	callID string
	seq    uint32
	timer  *time.Timer

	qualifying qualifying
}

// stop stops the timers.
func (b *Binding) stop() {
	b.timer.Stop()
	if t := b.qualifying.timer; t != nil {
		t.Stop()
	}
}

// same compares contacts (RFC 3261 19.1.4, as far as registrations need it).
func same(a, b gosip.Uri) bool {
	return a.User == b.User && strings.EqualFold(a.Host, b.Host) && port(a) == port(b) && uriTransport(a) == uriTransport(b)
}

func port(u gosip.Uri) int {
	if u.Port == 0 {
		return defaultPort(uriTransport(u))
	}
	return u.Port
}

// contact is the binding as a Contact value of a 200, with what is left of its time.
func (b *Binding) contact(now time.Time) Header {
	left := max(0, int((b.Expires.Sub(now)+time.Second-1)/time.Second))
	return Header{"Contact", fmt.Sprintf("<%s>;expires=%d", b.Registered.String(), left)}
}

// place decides where the station is reached (S6). A stream is always used as it is. Over UDP, with nat_check ip, a
// Contact with another address than the packet's source is a NATed phone's and the source is used; a Contact that
// differs in port only is believed. With ip_port either difference means NAT. (The manual's text for "IP" sends to the
// Contact in spite of the difference, which no NAT lets through; its purpose, given one line above, is followed.)
func (b *Binding) place(f Flow, mode NATMode, checkPort bool) {
	b.Source = f.Remote
	b.Contact = *b.Registered.Clone()
	b.Contact.Headers = nil
	addr, literal := uriAddr(b.Registered)
	switch {
	case mode == NATYes:
		b.BehindNAT = true
	case mode == NATNo:
		b.BehindNAT = false
	case !literal || addr.Addr() != f.Remote.Addr():
		b.BehindNAT = true
	default:
		b.BehindNAT = checkPort && !f.Reliable() && addr.Port() != f.Remote.Port()
	}
	f.nat = b.BehindNAT
	switch {
	case b.BehindNAT || !literal:
		b.Contact.Host, b.Contact.Port = host(f.Remote.Addr()), int(f.Remote.Port())
	case !f.Reliable():
		f = f.to(addr)
	}
	b.Flow = f
}

// Status is a row of the station status table (S5).
type Status struct {
	Tel, UserAgent, Transport string
	Registered                bool
	// Public is where the station's packets come from; SignalPort is the port its Contact names.
	Public     netip.AddrPort
	SignalPort uint16
	BehindNAT  bool
	Expires    time.Duration // left
}
