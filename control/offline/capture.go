package offline

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"

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

// ReadCapture reads a pcap or pcapng file of Ethernet, Linux cooked, raw IP or loopback packets. A file that ends within a packet is
// read up to there.
func ReadCapture(from io.Reader) (*Capture, error) {
	file, err := openCapture(bufio.NewReaderSize(from, 1<<16))
	if err != nil {
		return nil, err
	}
	c := &Capture{descriptions: descriptions{}}
	for {
		p, err := file.next()
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
		if len(p.data) < p.whole {
			c.Truncated++
		}
		if d, ok := parse(p.data, p.link); ok {
			d.at = p.at
			if err := c.take(d); err != nil {
				return nil, err
			}
		}
	}
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
