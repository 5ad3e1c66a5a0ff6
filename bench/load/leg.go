package load

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pion/srtp/v2"
)

// What every packet is: 20 ms of G.711 in RTP (RFC 3551).
const (
	headerSize      = 12
	payloadSize     = 160
	PacketSize      = headerSize + payloadSize
	tagSize         = 10 // of the SRTP authentication
	payloadTypePCMU = 0
	payloadTypePCMA = 8
)

// leg is one end of a call: it sends to a port of the server and receives what its partner sent.
type leg struct {
	wire    *wire
	to      address        // of the server's port, for sending
	source  netip.AddrPort // the same, for comparing
	secure  bool
	codec   *alphabet
	ssrc    uint32
	packet  []byte // the latest packet, plain
	seal    *srtp.Context
	unseal  *srtp.Context
	number  uint16 // sequence number of the next packet
	time    uint32 // timestamp of the next packet
	started uint16 // sequence number of the first packet of the step
	place   int    // among the step's legs
	sealed  int    // among the step's secure legs
}

// newLeg makes a leg that sends what is agreed on: own describes it, theirs the server's port for it.
func newLeg(w *wire, ssrc uint32, own, theirs description) (*leg, error) {
	l := &leg{wire: w, to: sockaddr(theirs.Media), source: theirs.Media, secure: own.Secure, ssrc: ssrc,
		packet: make([]byte, PacketSize), time: ssrc * 2654435761}
	// Low, as RFC 3711 section 3.3.1 has it: a receiver must see a packet before the number wraps, and the sink
	// looks at samples only.
	l.number = uint16(ssrc*40503) & 0x3fff
	l.codec = &alphabets()[0]
	if own.PayloadType == payloadTypePCMA {
		l.codec = &alphabets()[1]
	}
	l.packet[0], l.packet[1] = 2<<6, byte(own.PayloadType)
	binary.BigEndian.PutUint32(l.packet[8:], ssrc)
	for i := range l.packet[headerSize:] {
		l.packet[headerSize+i] = l.codec.write[(i*7+int(ssrc))&15]
	}
	if !l.secure {
		return l, nil
	}
	var err error
	if l.seal, err = newContext(own.Key); err != nil {
		return nil, err
	}
	l.unseal, err = newContext(theirs.Key)
	return l, err
}

// newContext makes the SRTP state for one sender's key.
func newContext(key string) (*srtp.Context, error) {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != 30 {
		return nil, fmt.Errorf("srtp: %q is no key of %s", key, suite)
	}
	return srtp.CreateContext(raw[:16], raw[16:], srtp.ProtectionProfileAes128CmHmacSha1_80)
}

// next makes the leg's next packet, stamped, in its own memory.
// Hot path: no allocation, lock, clock or log.
func (l *leg) next(step uint8, number uint32) []byte {
	binary.BigEndian.PutUint16(l.packet[2:], l.number)
	binary.BigEndian.PutUint32(l.packet[4:], l.time)
	l.codec.put(l.packet[headerSize:], step, number)
	l.number++
	l.time += payloadSize
	return l.packet
}
