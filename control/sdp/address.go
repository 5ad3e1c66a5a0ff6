package sdp

import (
	"net/netip"
	"strconv"
	"strings"
)

// Address returns where the section's media goes to: its own c= line before the session's. It is the
// zero Addr when there is none or it is a name, and unspecified (0.0.0.0) in the old form of hold.
func (m *Media) Address() netip.Addr {
	if v, ok := m.Value('c'); ok {
		return parseConnection(v)
	}
	return m.session.Address()
}

// SetAddress writes the section's own c= line.
func (m *Media) SetAddress(a netip.Addr) { m.setValue('c', connection(a), "micbka") }

// RTP returns where RTP is to be sent, or the zero AddrPort when the address or port says nowhere.
func (m *Media) RTP() netip.AddrPort { return endpoint(m.Address(), m.Port) }

// RTCP returns where RTCP is to be sent when it is not multiplexed: a=rtcp (RFC 3605), else the next
// port after RTP's. The zero AddrPort says nowhere.
func (m *Media) RTCP() netip.AddrPort {
	addr, port := m.Address(), m.Port+1 // 65535 wraps to 0, nowhere
	if m.Port == 0 {
		port = 0
	}
	if v, ok := m.Attribute("rtcp"); ok && m.Port != 0 {
		number, where, _ := strings.Cut(v, " ")
		p, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return endpoint(addr, port)
		}
		port = uint16(p)
		if a := parseConnection(where); a.IsValid() {
			addr = a
		}
	}
	return endpoint(addr, port)
}

// RTCPMux reports whether the section offers or accepts RTCP on the RTP port (RFC 5761).
func (m *Media) RTCPMux() bool {
	_, ok := m.Attribute("rtcp-mux")
	return ok
}

// endpoint joins address and port; nothing can be sent to an unspecified address or port 0.
func endpoint(a netip.Addr, port uint16) netip.AddrPort {
	if !a.IsValid() || a.IsUnspecified() || port == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, port)
}

// parseConnection reads "IN IP4 192.0.2.1", with the /ttl/count of multicast (RFC 8866 section 5.7).
func parseConnection(v string) netip.Addr {
	f := strings.Fields(v)
	if len(f) < 3 {
		return netip.Addr{}
	}
	return parseAddr(f[2])
}

// parseAddr reads an IP literal; the type written before it is not believed.
func parseAddr(s string) netip.Addr {
	s, _, _ = strings.Cut(s, "/")
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// connection is the value of a c= line; no address is written 0.0.0.0.
func connection(a netip.Addr) string {
	switch a = a.Unmap().WithZone(""); {
	case !a.IsValid():
		return "IN IP4 0.0.0.0"
	case a.Is6():
		return "IN IP6 " + a.String()
	default:
		return "IN IP4 " + a.String()
	}
}
