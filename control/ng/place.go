package ng

import (
	"net/netip"

	"sidetone/control/sdp"
	"sidetone/relay"
)

// place is the interface and family of a leg.
type place struct {
	iface string
	v6    bool
}

// place is where the leg towards a side belongs: the interface that the request names, else the one
// used before, else the usual one; and an address of the wanted family, if the interface has one.
func (e *engine) place(d *dialogue, side int, name string, wanted family) place {
	if !e.known(name) {
		switch name { // as names of families in scripts of old
		case "internal":
			wanted = wanted.or(ipv4)
		case "external":
			wanted = wanted.or(ipv6)
		case "":
		default:
			e.warn.once("ng request names an interface that is not configured", []string{name})
		}
		if name = d.sides[side].iface; name == "" {
			name = e.cfg.Interfaces[0].Name
		}
	}
	at, found := place{iface: name}, false
	for _, i := range e.cfg.Interfaces {
		if i.Name != name {
			continue
		}
		v6 := i.Address.Unmap().Is6()
		if match := v6 == (wanted == ipv6); match || !found {
			at.v6, found = v6, true
			if match {
				break
			}
		}
	}
	return at
}

// address is what peers are told of an interface that there is no leg on.
func (e *engine) address(at place) netip.Addr {
	for _, i := range e.cfg.Interfaces {
		if i.Name == at.iface && i.Address.Unmap().Is6() == at.v6 {
			if i.Advertise.IsValid() {
				return i.Advertise
			}
			return i.Address.Unmap().WithZone("")
		}
	}
	return netip.Addr{}
}

func (e *engine) known(name string) bool {
	for _, i := range e.cfg.Interfaces {
		if i.Name == name && name != "" {
			return true
		}
	}
	return false
}

// or is the family, or another where it is any.
func (f family) or(other family) family {
	if f == anyFamily {
		return other
	}
	return f
}

// latching is how a leg learns where its peer is. What a request says of asymmetry concerns its sender.
func (e *engine) latching(o *options, towardsSender bool) relay.Mode {
	if o.Asymmetric && towardsSender {
		return relay.Off
	}
	if mode, err := relay.ParseMode(o.Learning); o.Learning != "" && err == nil {
		return mode
	}
	return e.cfg.Latching
}

// familyTowards is the family of the leg that there is, else that of the other one.
func (s *section) familyTowards(side int, other place) family {
	at := other
	if s.legs[side] != nil {
		at = s.at[side]
	}
	if at.v6 {
		return ipv6
	}
	return ipv4
}

// familyOf is the family of the address that a side's media comes from. A name says nothing of it, nor does the 0.0.0.0 or :: of an old
// style hold, whichever of them: then the leg that there is stays.
func (s *section) familyOf(side int, m *sdp.Media, o *options) family {
	a := m.Address()
	if o.SIPSource && o.ReceivedFrom.IsValid() || !a.IsValid() {
		a = o.ReceivedFrom
	}
	if s.legs[side] != nil && (!a.IsValid() || a.IsUnspecified()) {
		return s.familyTowards(side, s.at[side])
	}
	return familyOfAddress(a)
}

func familyOfAddress(a netip.Addr) family {
	switch {
	case !a.IsValid():
		return anyFamily
	case a.Is6():
		return ipv6
	default:
		return ipv4
	}
}
