package offline

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"sidetone/codecs"
	"sidetone/relay/rtp"
)

// offer asks for the media of payload type 101 to be µ-law, at the server's address.
const offer = "INVITE sip:700@10.0.0.9 SIP/2.0\r\nCall-ID: a\r\nContent-Type: application/sdp\r\n\r\n" +
	"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 20000 RTP/AVP 101\r\na=rtpmap:101 PCMU/8000\r\n"

func found(t *testing.T, named map[uint8]codecs.Format, all ...datagram) ([]Party, []Note) {
	t.Helper()
	c, err := ReadCapture(bytes.NewReader(pcap(t, layers.LinkTypeEthernet, all...)))
	if err != nil {
		t.Fatal(err)
	}
	parties, notes, err := c.Parties(codecs.Builtin(), named)
	if err != nil {
		t.Fatal(err)
	}
	return parties, notes
}

func TestPayloadTypesAreKnownFromTheCallerTheSDPOrTheirNumber(t *testing.T) {
	dynamic := talk(alice, server, 1, 101, 440, 0)
	if parties, notes := found(t, nil, dynamic...); len(parties) != 0 || len(notes) != 1 || !strings.Contains(notes[0].Why, "--payload 101=") {
		t.Errorf("unknown: %d parties, %v", len(parties), notes)
	}
	described := append([]datagram{text(alice, server, offer)}, dynamic...)
	if parties, notes := found(t, nil, described...); len(parties) != 1 || parties[0].formats[101].Name != "PCMU" {
		t.Errorf("described: %d parties, %v", len(parties), notes)
	}
	named := map[uint8]codecs.Format{101: {Name: "PCMA", ClockRate: 8000}}
	if parties, _ := found(t, named, described...); len(parties) != 1 || parties[0].formats[101].Name != "PCMA" {
		t.Errorf("named: %v", parties)
	}
	secure := text(alice, server, strings.Replace(offer, "RTP/AVP", "RTP/SAVP", 1))
	if parties, notes := found(t, nil, append([]datagram{secure}, dynamic...)...); len(parties) != 0 || !strings.Contains(notes[0].Why, "SRTP") {
		t.Errorf("secure: %d parties, %v", len(parties), notes)
	}
}

func TestARelayedCopyIsLeftOut(t *testing.T) {
	copied := talk(alice, server, 1, 0, 441.7, 0)
	for _, d := range talk(server, bob, 77, 0, 441.7, 0) {
		d.at += 1_000_000
		copied = append(copied, d)
	}
	parties, notes := found(t, nil, append(copied, talk(bob, server, 2, 0, 700, 0)...)...)
	if len(parties) != 2 || len(notes) != 1 || !strings.Contains(notes[0].Why, "copy of 10.0.0.1:4000") {
		t.Errorf("%d parties, %v", len(parties), notes)
	}
}

func TestOneSourceIsOnePartyWhateverItsSSRC(t *testing.T) {
	first, then := talk(alice, server, 1, 0, 440, 0)[:25], talk(alice, server, 2, 0, 440, 0)[25:]
	if parties, _ := found(t, nil, append(slices.Clone(first), then...)...); len(parties) != 1 || len(parties[0].packets) != 50 {
		t.Errorf("%d parties", len(parties))
	}
}

func TestWhatIsNoStreamIsNoParty(t *testing.T) {
	scattered := talk(alice, server, 1, 0, 440, 0)
	for i, d := range scattered {
		rtp.SetSequenceNumber(d.payload, uint16(i*7919))
	}
	short := talk(bob, server, 2, 0, 440, 0)[:9]
	if parties, notes := found(t, nil, append(scattered, short...)...); len(parties) != 0 || len(notes) != 0 {
		t.Errorf("%d parties, %v", len(parties), notes)
	}
}
