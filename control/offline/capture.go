package offline

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"sidetone/relay/rtp"
)

// MostPackets is how many RTP packets of a capture are kept in memory.
const MostPackets = 5_000_000

// datagram is one UDP datagram of a capture.
type datagram struct {
	at       int64 // ns since 1970
	from, to netip.AddrPort
	payload  []byte
}

// Capture is what of a capture may matter.
type Capture struct {
	Packets   int // of any kind
	Truncated int // of which the capture has not all octets
	Cut       bool

	rtp          []datagram // in the order of their times
	descriptions descriptions
}

// IsCapture tells whether a file that begins with four octets is a pcap or pcapng file.
func IsCapture(magic []byte) bool {
	if len(magic) < 4 {
		return false
	}
	switch binary.LittleEndian.Uint32(magic) {
	case 0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a:
		return true
	}
	return false
}

// packets is either reader of gopacket.
type packets interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

func openCapture(r *bufio.Reader) (p packets, err error) {
	magic, _ := r.Peek(4) // a shorter file is none
	if !IsCapture(magic) {
		return nil, errors.New("not a pcap or pcapng file")
	}
	if bytes.Equal(magic, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		return pcapgo.NewNgReader(r, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	}
	return pcapgo.NewReader(r)
}

// ReadCapture reads a pcap or pcapng file of Ethernet, Linux cooked, raw IP or loopback packets. A file that ends within a packet is
// read up to there.
func ReadCapture(from io.Reader) (c *Capture, err error) {
	defer func() {
		if p := recover(); p != nil { // the decoders of all the protocols there are
			c, err = nil, fmt.Errorf("broken capture: %v", p)
		}
	}()
	reader, err := openCapture(bufio.NewReaderSize(from, 1<<16))
	if err != nil {
		return nil, err
	}
	c = &Capture{descriptions: descriptions{}}
	for {
		data, info, err := reader.ReadPacketData()
		switch {
		case errors.Is(err, io.EOF):
			return c, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			c.Cut = true
			return c, nil
		case err != nil:
			return nil, fmt.Errorf("after %d packets: %w", c.Packets, err)
		}
		c.Packets++
		if info.CaptureLength < info.Length {
			c.Truncated++
		}
		link := reader.LinkType()
		if len(info.AncillaryData) > 0 {
			if own, ok := info.AncillaryData[0].(layers.LinkType); ok {
				link = own
			}
		}
		if d, ok := parse(data, link); ok {
			d.at = info.Timestamp.UnixNano()
			if err := c.take(d); err != nil {
				return nil, err
			}
		}
	}
}

// parse finds the UDP datagram in a packet.
func parse(data []byte, link layers.LinkType) (d datagram, ok bool) {
	p := gopacket.NewPacket(data, link, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok || p.NetworkLayer() == nil {
		return d, false
	}
	flow := p.NetworkLayer().NetworkFlow()
	from, okFrom := netip.AddrFromSlice(flow.Src().Raw())
	to, okTo := netip.AddrFromSlice(flow.Dst().Raw())
	if !okFrom || !okTo {
		return d, false
	}
	d.from = netip.AddrPortFrom(from.Unmap(), uint16(udp.SrcPort))
	d.to = netip.AddrPortFrom(to.Unmap(), uint16(udp.DstPort))
	d.payload = udp.Payload
	return d, true
}

// take keeps what is RTP and reads what is SIP.
func (c *Capture) take(d datagram) error {
	if c.descriptions.read(d.payload) || !rtp.Valid(d.payload) || rtp.IsRTCP(d.payload) {
		return nil
	}
	if len(c.rtp) == MostPackets {
		return fmt.Errorf("more than %d RTP packets: cut the capture into pieces", MostPackets)
	}
	d.payload = bytes.Clone(d.payload)
	c.rtp = append(c.rtp, d)
	return nil
}
