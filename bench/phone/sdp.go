package phone

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// direction is who may send, seen from one side.
type direction struct{ send, receive bool }

func (d direction) String() string {
	switch {
	case d.send && d.receive:
		return "sendrecv"
	case d.send:
		return "sendonly"
	case d.receive:
		return "recvonly"
	}
	return "inactive"
}

var directions = map[string]direction{
	"sendrecv": {true, true}, "sendonly": {true, false}, "recvonly": {false, true}, "inactive": {},
}

// description is what a phone reads from, or puts into, SDP: its one audio line.
type description struct {
	address   netip.AddrPort // the port is 0 when the line was refused
	formats   []Codec        // those this phone knows, with the payload types of the other side
	event     int            // payload type of telephone-event, -1 = none
	direction direction
	proto     string // "" is written RTP/AVP
	crypto    []crypto
	metrics   bool // asks for VoIP metrics
}

// held says that the sender of the description does not want to hear: by direction or by address.
func (d description) held() bool {
	return !d.direction.receive || d.address.Addr().IsUnspecified()
}

// encode writes SDP (RFC 4566) for a user, with an origin version that rises by offer.
// Its audio line is one of those that write returns.
func (d description) encode(user string, session, version uint64, origin netip.Addr, write func(voice string) []string) []byte {
	family := func(a netip.Addr) string {
		if a.Is4() {
			return "IP4 " + a.String()
		}
		return "IP6 " + a.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=%s %d %d IN %s\r\ns=-\r\nc=IN %s\r\nt=0 0\r\n", user, session, version, family(origin), family(d.address.Addr()))
	for _, section := range write(d.voice()) {
		b.WriteString(section)
	}
	return []byte(b.String())
}

// voice writes the audio section.
func (d description) voice() string {
	var b strings.Builder
	proto := d.proto
	if proto == "" {
		proto = "RTP/AVP"
	}
	fmt.Fprintf(&b, "m=audio %d %s", d.address.Port(), proto)
	for _, c := range d.formats {
		fmt.Fprintf(&b, " %d", c.PayloadType)
	}
	if d.event >= 0 {
		fmt.Fprintf(&b, " %d", d.event)
	}
	b.WriteString("\r\n")
	for _, c := range d.formats {
		fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", c.PayloadType, c.Name)
	}
	if d.event >= 0 {
		fmt.Fprintf(&b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", d.event, d.event)
	}
	for _, c := range d.crypto {
		fmt.Fprintf(&b, "a=crypto:%s\r\n", c)
	}
	if d.metrics {
		b.WriteString("a=rtcp-xr:voip-metrics\r\n")
	}
	fmt.Fprintf(&b, "a=ptime:20\r\na=%s\r\n", d.direction)
	return b.String()
}

// parse reads the first audio line of SDP and what applies to it, and keeps the codecs of known.
func parse(body []byte, known []Codec) (description, error) {
	d := description{event: -1, direction: direction{true, true}}
	var (
		section = "session"
		address = map[string]string{}
		sense   = map[string]direction{}
		port    int
		types   []string
		maps    = map[string]string{}
	)
	for line := range strings.Lines(string(body)) {
		line = strings.TrimRight(line, "\r\n")
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		switch key {
		case "m":
			f := strings.Fields(value)
			if types != nil || len(f) < 4 || f[0] != "audio" {
				section = "other" // a second one, or one that is not audio
				continue
			}
			section = "audio"
			port, _ = strconv.Atoi(f[1])
			d.proto = f[2]
			types = f[3:]
		case "c":
			if f := strings.Fields(value); len(f) == 3 {
				address[section] = f[2]
			}
		case "a":
			if s, ok := directions[value]; ok {
				sense[section] = s
			}
			if line, ok := strings.CutPrefix(value, "crypto:"); ok && section == "audio" {
				if c, err := parseCrypto(line); err == nil {
					d.crypto = append(d.crypto, c)
				}
			}
			if number, name, ok := strings.Cut(strings.TrimPrefix(value, "rtpmap:"), " "); ok && strings.HasPrefix(value, "rtpmap:") && section == "audio" {
				maps[number] = strings.ToUpper(strings.TrimSpace(name))
			}
		}
	}
	if types == nil {
		return d, fmt.Errorf("sdp: no audio")
	}
	host := address["session"]
	if a, ok := address["audio"]; ok {
		host = a
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return d, fmt.Errorf("sdp: connection address: %w", err)
	}
	if port < 0 || port > 65535 {
		return d, fmt.Errorf("sdp: port %d", port)
	}
	d.address = netip.AddrPortFrom(ip, uint16(port))
	if s, ok := sense["session"]; ok {
		d.direction = s
	}
	if s, ok := sense["audio"]; ok {
		d.direction = s
	}
	for _, t := range types {
		n, err := strconv.Atoi(t)
		if err != nil || n < 0 || n > 127 {
			continue
		}
		name := maps[t]
		if strings.HasPrefix(name, "TELEPHONE-EVENT/8000") {
			d.event = n
		}
		for _, c := range known {
			if strings.HasPrefix(name, c.Name+"/8000") || name == "" && n == int(c.PayloadType) {
				d.formats = append(d.formats, Codec{Name: c.Name, PayloadType: uint8(n), Law: c.Law})
			}
		}
	}
	return d, nil
}
