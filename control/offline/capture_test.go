package offline

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"sidetone/codecs"
	"sidetone/codecs/g711"
	"sidetone/relay/rtp"
)

var (
	alice  = netip.MustParseAddrPort("10.0.0.1:4000")
	bob    = netip.MustParseAddrPort("10.0.0.2:5000")
	server = netip.MustParseAddrPort("10.0.0.9:20000")
)

// began is when captures begin.
var began = time.Unix(1_700_000_000, 0)

// talk is a second of a tone in packets of 20 ms of µ-law under a payload type; one of every drop packets is missing.
func talk(from, to netip.AddrPort, ssrc uint32, pt uint8, hz float64, drop int) []datagram {
	var all []datagram
	for i := range 50 {
		if drop > 0 && i%drop == drop-1 {
			continue
		}
		samples := make([]int16, 160)
		for k := range samples {
			samples[k] = int16(8000 * math.Sin(2*math.Pi*hz*float64(160*i+k)/8000))
		}
		b := make([]byte, rtp.HeaderSize+160)
		h := rtp.Header{PayloadType: pt, SequenceNumber: uint16(100 + i), Timestamp: uint32(160 * i), SSRC: ssrc}
		h.Put(b)
		g711.MuLaw{}.Encode(b[rtp.HeaderSize:], samples)
		all = append(all, datagram{at: began.Add(time.Duration(i) * 20 * time.Millisecond).UnixNano(), from: from, to: to, payload: b})
	}
	return all
}

func text(from, to netip.AddrPort, message string) datagram {
	return datagram{at: began.UnixNano(), from: from, to: to, payload: []byte(message)}
}

// frame writes a datagram as a packet of a link type.
func frame(t testing.TB, d datagram, link layers.LinkType) []byte {
	t.Helper()
	udp := &layers.UDP{SrcPort: layers.UDPPort(d.from.Port()), DstPort: layers.UDPPort(d.to.Port())}
	var ip gopacket.SerializableLayer
	ethernet := layers.EthernetTypeIPv4
	if d.from.Addr().Is4() {
		v4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: d.from.Addr().AsSlice(), DstIP: d.to.Addr().AsSlice()}
		udp.SetNetworkLayerForChecksum(v4)
		ip = v4
	} else {
		v6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: d.from.Addr().AsSlice(), DstIP: d.to.Addr().AsSlice()}
		udp.SetNetworkLayerForChecksum(v6)
		ip, ethernet = v6, layers.EthernetTypeIPv6
	}
	b := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	stack := []gopacket.SerializableLayer{ip, udp, gopacket.Payload(d.payload)}
	if link == layers.LinkTypeEthernet {
		stack = append([]gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: ethernet}}, stack...)
	}
	if err := gopacket.SerializeLayers(b, options, stack...); err != nil {
		t.Fatal(err)
	}
	switch link {
	case layers.LinkTypeLinuxSLL: // packet type, ARPHRD, length, address, protocol
		head := make([]byte, 16)
		binary.BigEndian.PutUint16(head[2:], 1)
		binary.BigEndian.PutUint16(head[4:], 6)
		binary.BigEndian.PutUint16(head[14:], uint16(ethernet))
		return append(head, b.Bytes()...)
	case layers.LinkTypeNull:
		family := uint32(2)
		if !d.from.Addr().Is4() {
			family = 24
		}
		return append(binary.LittleEndian.AppendUint32(nil, family), b.Bytes()...)
	}
	return b.Bytes()
}

// pcap writes datagrams as a file.
func pcap(t testing.TB, link layers.LinkType, all ...datagram) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65535, link); err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		data := frame(t, d, link)
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(0, d.at), CaptureLength: len(data), Length: len(data)}, data); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func pcapng(t testing.TB, all ...datagram) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		data := frame(t, d, layers.LinkTypeEthernet)
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(0, d.at), CaptureLength: len(data), Length: len(data)}, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryLinkTypeAndFileFormatGivesTheSameStreams(t *testing.T) {
	four := talk(alice, server, 1, 0, 440, 0)
	six := talk(netip.MustParseAddrPort("[2001:db8::1]:4000"), netip.MustParseAddrPort("[2001:db8::9]:4000"), 1, 0, 440, 0)
	for name, file := range map[string][]byte{
		"ethernet":    pcap(t, layers.LinkTypeEthernet, four...),
		"ethernet v6": pcap(t, layers.LinkTypeEthernet, six...),
		"cooked":      pcap(t, layers.LinkTypeLinuxSLL, four...),
		"raw":         pcap(t, layers.LinkTypeRaw, four...),
		"raw v6":      pcap(t, layers.LinkTypeRaw, six...),
		"loopback":    pcap(t, layers.LinkTypeNull, four...),
		"pcapng":      pcapng(t, four...),
	} {
		c, err := ReadCapture(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		parties, notes, err := c.Parties(codecs.Builtin(), nil)
		if err != nil || len(parties) != 1 || len(parties[0].packets) != 50 || len(notes) != 0 {
			t.Errorf("%s: %d parties, notes %v: %v", name, len(parties), notes, err)
			continue
		}
		if p := parties[0].packets[49]; p.at != began.Add(980*time.Millisecond).UnixNano() || !bytes.Equal(p.payload, four[49].payload) {
			t.Errorf("%s: the last packet came at %d with %d octets", name, p.at, len(p.payload))
		}
	}
}

func TestFileThatIsCutOffIsReadUpToThere(t *testing.T) {
	file := pcap(t, layers.LinkTypeEthernet, talk(alice, server, 1, 0, 440, 0)...)
	c, err := ReadCapture(bytes.NewReader(file[:len(file)-30]))
	if err != nil || !c.Cut || len(c.rtp) != 49 {
		t.Fatalf("%+v: %v", c, err)
	}
}

func TestWhatIsNoCaptureSaysSo(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("RIFF"), []byte("no capture at all")} {
		if _, err := ReadCapture(bytes.NewReader(b)); err == nil {
			t.Errorf("%q was read", b)
		}
	}
}

func FuzzReadCapture(f *testing.F) {
	some := append(talk(alice, server, 1, 0, 440, 0)[:12], text(alice, server, offer))
	f.Add(pcap(f, layers.LinkTypeEthernet, some...))
	f.Add(pcap(f, layers.LinkTypeLinuxSLL, some...))
	f.Add(pcap(f, layers.LinkTypeRaw, some...))
	f.Add(pcapng(f, some...))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ReadCapture(bytes.NewReader(b))
		if err != nil {
			return
		}
		if _, _, err := c.Parties(codecs.Builtin(), nil); err != nil {
			t.Skip(err)
		}
	})
}
