package offline

import (
	"bytes"
	"net/netip"

	"sidetone/codecs"
	"sidetone/control/sdp"
)

// MostDescribed is how many media addresses of SDP are remembered.
const mostDescribed = 100_000

// description is what SDP said of the media at an address.
type description struct {
	formats map[uint8]codecs.Format
	secure  bool
}

// descriptions is by where the media is to be sent.
type descriptions map[netip.AddrPort]description

// read takes the SDP out of a SIP message and reports whether the datagram is one.
func (all descriptions) read(message []byte) bool {
	line, _, _ := bytes.Cut(message, []byte("\r\n"))
	if !bytes.HasPrefix(line, []byte("SIP/2.0 ")) && !bytes.HasSuffix(line, []byte(" SIP/2.0")) {
		return false
	}
	_, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	session, err := sdp.Parse(body)
	if err != nil || len(all) >= mostDescribed {
		return true
	}
	for _, m := range session.Media {
		address := m.Address()
		if !m.IsAudio() || m.Rejected() || !address.IsValid() {
			continue
		}
		d := description{formats: map[uint8]codecs.Format{}, secure: m.IsSecure()}
		for _, c := range m.Codecs() {
			d.formats[c.PayloadType] = codecs.Format{Name: c.Name, ClockRate: c.ClockRate, Channels: c.Channels}
		}
		all[netip.AddrPortFrom(address.Unmap(), m.Port)] = d
	}
	return true
}

// find returns what is known of packets that go one way: what their receiver asked for, else what their sender did, as most use the
// same payload types both ways.
func (all descriptions) find(from, to netip.AddrPort) (description, bool) {
	if d, ok := all[to]; ok {
		return d, true
	}
	d, ok := all[from]
	return d, ok
}
