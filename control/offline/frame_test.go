package offline

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

func TestParse(t *testing.T) {
	four := datagram{from: alice, to: server, payload: []byte("media")}
	six := datagram{from: netip.MustParseAddrPort("[2001:db8::1]:4000"), to: netip.MustParseAddrPort("[2001:db8::9]:4002"), payload: []byte("media")}
	ip4, ip6 := frame(t, four, layers.LinkTypeRaw), frame(t, six, layers.LinkTypeRaw)
	ether := func(kinds []byte, rest ...byte) []byte { return slices.Concat(make([]byte, 12), kinds, rest) }
	changed := func(b []byte, at int, values ...byte) []byte {
		b = slices.Clone(b)
		copy(b[at:], values)
		return b
	}
	option := []byte{protocolUDP, 0, 1, 2, 0, 0, 0, 0} // a header of eight octets before UDP
	long := changed(slices.Concat(ip6[:40], option, ip6[40:]), 4, binary.BigEndian.AppendUint16(nil, uint16(len(ip6)-40+8))...)
	for name, c := range map[string]struct {
		link linkType
		data []byte
		want datagram
		ok   bool
	}{
		"padded":             {linkEthernet, ether([]byte{8, 0}, append(slices.Clone(ip4), make([]byte, 20)...)...), four, true},
		"padded v6":          {linkEthernet, ether([]byte{0x86, 0xdd}, append(slices.Clone(ip6), 1, 2, 3, 4)...), six, true},
		"checksum follows":   {linkEthernet | 1<<28, ether([]byte{8, 0}, append(slices.Clone(ip4), 1, 2, 3, 4)...), four, true},
		"two VLANs":          {linkEthernet, ether([]byte{0x88, 0xa8, 0, 5, 0x81, 0, 0, 7, 8, 0}, ip4...), four, true},
		"PPPoE":              {linkEthernet, ether([]byte{0x88, 0x64, 0x11, 0, 0, 1, 0, 35, 0, 0x21}, ip4...), four, true},
		"cooked 2":           {linkCooked2, slices.Concat([]byte{8, 0}, make([]byte, 18), ip4), four, true},
		"v6 of some system":  {linkLoop, append([]byte{0, 0, 0, 28}, ip6...), six, true},
		"header of options":  {linkRaw, changed(long, 6, hopByHop), six, true},
		"IPv4 with options":  {linkRaw, changed(slices.Concat(ip4[:20], make([]byte, 4), ip4[20:]), 0, 0x46, 0, 0, byte(len(ip4)+4)), four, true},
		"length to be found": {linkRaw, changed(ip4, 2, 0, 0), four, true},
		"cut":                {linkRaw, ip4[:len(ip4)-2], datagram{from: alice, to: server, payload: []byte("med")}, true},
		"ARP":                {linkEthernet, ether([]byte{8, 6}, ip4...), datagram{}, false},
		"fragment":           {linkRaw, changed(ip4, 6, 0x20), datagram{}, false},
		"fragment v6":        {linkRaw, changed(long, 6, 44), datagram{}, false},
		"TCP":                {linkRaw, changed(ip4, 9, 6), datagram{}, false},
		"no header":          {linkRaw, ip4[:27], datagram{}, false},
		"other link":         {147, ip4, datagram{}, false},
	} {
		d, ok := parse(c.data, c.link)
		if ok != c.ok || d.from != c.want.from || d.to != c.want.to || !bytes.Equal(d.payload, c.want.payload) {
			t.Errorf("%s: %v > %v %q, %v", name, d.from, d.to, d.payload, ok)
		}
	}
}
